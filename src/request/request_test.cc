#include <gtest/gtest.h>

#include <limits>

#include "request/validated_request.h"

namespace weft {
namespace {

const ModelLimits kLimits{.vocab_size = 100, .max_model_len = 64, .eos_token_ids = {2}};

RequestDraft draft() { return {.prompt = {1, 5, 7}}; }

TEST(ValidatedRequest, AcceptsAGoodRequest) {
  auto request = ValidatedRequest::make(draft(), kLimits);
  ASSERT_TRUE(request) << request.error().message;
  EXPECT_TRUE(request->is_stop_token(2));
  EXPECT_FALSE(request->is_stop_token(5));
}

TEST(ValidatedRequest, IgnoresEosOnRequest) {
  RequestDraft d = draft();
  d.ignore_eos = true;
  d.stop_token_ids = {9};
  auto request = ValidatedRequest::make(d, kLimits);
  ASSERT_TRUE(request);
  EXPECT_FALSE(request->is_stop_token(2));
  EXPECT_TRUE(request->is_stop_token(9));
}

// Each change makes the request bad; the error must name the field.
TEST(ValidatedRequest, NamesTheFieldAtFault) {
  struct Case {
    const char* param;
    void (*spoil)(RequestDraft&);
  };
  constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
  const Case cases[] = {
      {"prompt", [](RequestDraft& d) { d.prompt.clear(); }},
      {"prompt", [](RequestDraft& d) { d.prompt[1] = 100; }},
      {"prompt", [](RequestDraft& d) { d.prompt[0] = -1; }},
      {"prompt", [](RequestDraft& d) { d.prompt.assign(64, 1); }},
      {"max_tokens", [](RequestDraft& d) { d.max_tokens = 62; }},
      {"max_tokens", [](RequestDraft& d) { d.max_tokens = INT32_MAX; }},
      {"max_tokens", [](RequestDraft& d) { d.max_tokens = 0; }},
      {"n", [](RequestDraft& d) { d.n = INT32_MAX; }},
      {"n", [](RequestDraft& d) { d.n = 0; }},
      {"min_tokens", [](RequestDraft& d) { d.min_tokens = 17; }},
      {"temperature", [](RequestDraft& d) { d.sampling.temperature = kNan; }},
      {"temperature", [](RequestDraft& d) { d.sampling.temperature = -1; }},
      {"top_p", [](RequestDraft& d) { d.sampling.top_p = 0; }},
      {"top_k", [](RequestDraft& d) { d.sampling.top_k = -2; }},
      {"min_p", [](RequestDraft& d) { d.sampling.min_p = 1.5f; }},
      {"repetition_penalty", [](RequestDraft& d) { d.sampling.repetition_penalty = 0; }},
      {"presence_penalty", [](RequestDraft& d) { d.sampling.presence_penalty = 3; }},
      {"frequency_penalty", [](RequestDraft& d) { d.sampling.frequency_penalty = -3; }},
      {"top_logprobs", [](RequestDraft& d) { d.sampling.num_logprobs = 21; }},
      {"logit_bias",
       [](RequestDraft& d) {
         d.sampling.logit_bias = {{100, 1.0f}};
       }},
      {"logit_bias",
       [](RequestDraft& d) {
         d.sampling.logit_bias = {{1, 101.0f}};
       }},
      {"stop_token_ids", [](RequestDraft& d) { d.stop_token_ids = {-5}; }},
  };
  for (const Case& c : cases) {
    RequestDraft d = draft();
    c.spoil(d);
    auto request = ValidatedRequest::make(d, kLimits);
    ASSERT_FALSE(request) << c.param;
    EXPECT_EQ(request.error().param, c.param) << request.error().message;
  }
}

}  // namespace
}  // namespace weft
