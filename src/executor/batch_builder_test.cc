#include "executor/batch_builder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "request/cache_spec.h"

namespace weft {
namespace {

using testing::ElementsAre;
using testing::ElementsAreArray;

// Two cache groups; item 0 prefills tokens 14..17 of its sequence, item 1 decodes position 33 from a promised token.
StepPlan mixed_plan() {
  StepPlan plan;
  plan.items = {
      {.sequence = 7, .row = 1, .start_position = 14, .num_new_tokens = 4, .first_token = 0, .samples = false},
      {.sequence = 9, .row = 0, .start_position = 33, .num_new_tokens = 1, .first_token = 4, .samples = true}};
  plan.token_ids = {100, 101, 102, 103, kPromisedToken};
  plan.groups = {{.stride = 3, .block_table = {5, 2, kNoPage, 8, 9, 4}},
                 {.stride = 3, .block_table = {1, 0, kNoPage, kNoPage, kNoPage, 6}}};
  return plan;
}

std::vector<int64_t> slots(const ForwardBatch& batch, size_t group) {
  return {batch.groups[group].slots.begin(), batch.groups[group].slots.end()};
}

TEST(BatchBuilder, LaysOutRaggedItems) {
  BatchBuilder builder;
  const TokenId last_tokens[] = {42, 43};
  const ForwardBatch& batch = builder.build(mixed_plan(), last_tokens, [](const StepItem&) { return false; });
  EXPECT_THAT(batch.token_ids, ElementsAre(100, 101, 102, 103, 42));
  EXPECT_THAT(batch.positions, ElementsAre(14, 15, 16, 17, 33));
  EXPECT_THAT(batch.query_start, ElementsAre(0, 4, 5));
  EXPECT_THAT(batch.kv_len, ElementsAre(18, 34));
  EXPECT_THAT(slots(batch, 0), ElementsAre(5 * 16 + 14, 5 * 16 + 15, 2 * 16, 2 * 16 + 1, 4 * 16 + 1));
  EXPECT_THAT(slots(batch, 1), ElementsAre(1 * 16 + 14, 1 * 16 + 15, 0, 1, 6 * 16 + 1));
  EXPECT_THAT(batch.logit_rows, ElementsAre(4));
  EXPECT_EQ(builder.num_logits(0), 0);
  EXPECT_EQ(builder.num_logits(1), 1);
  EXPECT_EQ(builder.first_logit(1), 0);
}

TEST(BatchBuilder, GivesAllLogitsWhereTheyAreWanted) {
  BatchBuilder builder;
  const TokenId last_tokens[] = {42, 43};
  const ForwardBatch& batch =
      builder.build(mixed_plan(), last_tokens, [](const StepItem& item) { return item.sequence == 7; });
  EXPECT_THAT(batch.logit_rows, ElementsAreArray({0, 1, 2, 3, 4}));
  EXPECT_EQ(builder.num_logits(0), 4);
  EXPECT_EQ(builder.first_logit(1), 4);
}

TEST(BatchBuilderDeathTest, StopsAtAMissingPage) {
  StepPlan plan = mixed_plan();
  plan.groups[1].block_table[5] = kNoPage;
  BatchBuilder builder;
  const TokenId last_tokens[] = {42, 43};
  EXPECT_DEATH(builder.build(plan, last_tokens, [](const StepItem&) { return false; }), "CHECK failed");
}

}  // namespace
}  // namespace weft
