#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

#include "base/json.h"
#include "base/test_data.h"
#include "evaluate/perplexity.h"
#include "evaluate/teacher.h"
#include "machine/cpu_features.h"

namespace weft {
namespace {

// The smallest trained model, in the repository: 512 tokens of vocabulary and of context.
class EvaluateTest : public testing::Test {
 protected:
  void SetUp() override {
    auto opened = ModelFiles::open(source_path("testdata/stories260K.gguf"));
    ASSERT_TRUE(opened) << opened.error().message;
    files_ = std::make_unique<ModelFiles>(std::move(opened).value());
    auto architecture = find_architecture(*files_);
    ASSERT_TRUE(architecture);
    auto model = load_model(**architecture, *files_, 0, pool_);
    ASSERT_TRUE(model) << model.error().message;
    CacheSpec spec = ModelRunner::make_cache_spec((*model)->config, files_->identity());
    auto runner = ModelRunner::create(**architecture, *model, spec, {32}, 24, pool_, detect_isa());
    ASSERT_TRUE(runner);
    runner_ = std::move(runner).value();
  }

  ComputePool pool_{1};
  std::unique_ptr<ModelFiles> files_;
  std::unique_ptr<ModelRunner> runner_;
};

TEST(LogProbability, IsNormalised) {
  const float logits[] = {0.0f, std::log(2.0f), std::log(5.0f)};
  EXPECT_NEAR(std::exp(log_probability(logits, 2)), 5.0 / 8, 1e-7);
  EXPECT_NEAR(std::exp(log_probability(logits, 0)), 1.0 / 8, 1e-7);
}

// Steps of 24 tokens and steps of 1 token see the same sequence.
TEST_F(EvaluateTest, ScoresDoNotDependOnChunks) {
  std::vector<TokenId> ids(60);
  std::iota(ids.begin(), ids.end(), 3);
  std::vector<int32_t> all(ids.size());
  std::iota(all.begin(), all.end(), 0);
  std::vector<float> whole;
  SequenceScorer scorer(*runner_);
  ASSERT_TRUE(scorer.score(ids, all, [&](int32_t p, std::span<const float> l) { whole.push_back(l[ids[p]]); }).ok());
  ASSERT_EQ(whole.size(), ids.size());
  for (int32_t p : {0, 23, 24, 59}) {
    const int32_t one[] = {p};
    float alone = 0;
    ASSERT_TRUE(
        scorer.score(std::span(ids).first(p + 1), one, [&](int32_t, std::span<const float> l) { alone = l[ids[p]]; })
            .ok());
    EXPECT_EQ(alone, whole[p]) << "position " << p;
  }
}

TEST_F(EvaluateTest, PerplexityScoresSecondHalves) {
  std::vector<TokenId> ids(70);
  for (size_t i = 0; i < ids.size(); ++i) ids[i] = static_cast<TokenId>(3 + (i * 37) % 500);
  int64_t windows = 0;
  auto result = perplexity(*runner_, ids, 32, TokenId{1}, [&](int64_t, int64_t n, const Perplexity&) { windows = n; });
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_EQ(windows, 2);
  EXPECT_EQ(result->num_scored, 2 * 15);
  EXPECT_GT(result->mean_nll, std::log(2.0));
  EXPECT_FALSE(perplexity(*runner_, std::span(ids).first(31), 32, std::nullopt, [](auto&&...) {}));
}

TEST_F(EvaluateTest, TeacherAnswersInTheOrderOfPositions) {
  auto answer = teacher_line(*runner_, R"({"ids":[1,403,407,261],"positions":[1,3]})");
  ASSERT_TRUE(answer) << answer.error().message;
  auto parsed = parse_json(*answer);
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->at("nll").as_array().size(), 3u);
  ASSERT_EQ(parsed->at("top").as_array().size(), 2u);
  const JsonArray& top = parsed->at("top").as_array()[0].as_array();
  ASSERT_EQ(top.size(), 200u);
  for (size_t i = 1; i < top.size(); ++i) {
    EXPECT_GE(top[i - 1].as_array()[1].to_number<double>(), top[i].as_array()[1].to_number<double>());
  }
}

TEST_F(EvaluateTest, TeacherNamesWhatIsWrong) {
  for (const char* line :
       {"", "[]", R"({"ids":[1]})", R"({"ids":[512],"positions":[]})", R"({"ids":[-1],"positions":[]})",
        R"({"ids":[1,2],"positions":[2]})", R"({"ids":[1,2],"positions":[1,0]})", R"({"ids":[],"positions":[]})",
        R"({"ids":["1"],"positions":[]})"}) {
    EXPECT_FALSE(teacher_line(*runner_, line)) << line;
  }
}

}  // namespace
}  // namespace weft
