// Published models against Hugging Face transformers in float32 (shared data: goldens/README.md): distance of the
// distributions, greedy ids, chat prompts. Every golden names the SHA-256 of its model's file.
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <ostream>

#include "base/json.h"
#include "base/sha256.h"
#include "base/test_data.h"
#include "engine_harness.h"
#include "evaluate/sequence_scorer.h"
#include "frontend/chat_renderer.h"

namespace weft {
namespace {

constexpr double kMaxMeanKl = 0.00002;
// An id that differs is an error only where the golden's best and second best logit are further apart.
constexpr double kClearMargin = 0.02;
constexpr int32_t kMaxModelLen = 512;  // tokens; the longest sequence of a golden

struct RealModel {
  std::string_view golden;  // in goldens/
  std::string_view file;    // in WEFT_MODELS
  bool fetched_by_test;     // ./test fetches it, so that CI requires it
};

// GoogleTest would print the bytes, pointers among them, into the names that ctest sees.
void PrintTo(const RealModel& model, std::ostream* out) { *out << model.file; }

constexpr RealModel kModels[] = {{"smollm2", "SmolLM2-135M-Instruct.Q4_1.gguf", true},
                                 {"qwen2.5-coder-0.5b", "qwen2.5-coder-0.5b-instruct-q4_k_m.gguf", false},
                                 {"gemma3-270m", "gemma-3-270m-q4_k_m.gguf", false}};

template <class T>
std::vector<T> numbers(const Json& list) {
  std::vector<T> out;
  for (const Json& item : list.as_array()) out.push_back(item.to_number<T>());
  return out;
}

// KL of the golden to the engine over the golden's 20 likeliest tokens and all others as one outcome.
double kl_divergence(const JsonArray& top, std::span<const float> logits) {
  double kl = 0, rest = 1, our_rest = 1;
  double first = log_probability(logits, 0);
  for (const Json& entry : top) {
    auto token = entry.as_array()[0].to_number<TokenId>();
    auto expected = entry.as_array()[1].to_number<double>();
    double ours = first + (double{logits[token]} - logits[0]);
    kl += std::exp(expected) * (expected - ours);
    rest -= std::exp(expected);
    our_rest -= std::exp(ours);
  }
  if (rest > 1e-9 && our_rest > 1e-9) kl += rest * std::log(rest / our_rest);
  return kl;
}

// Everything of the golden's sequence up to the first difference, which must be where its margin is small.
void expect_greedy(const JsonObject& golden, const Answer& answer) {
  auto expected = numbers<TokenId>(golden.at("output_ids"));
  auto margin = numbers<double>(golden.at("margin"));
  ASSERT_FALSE(answer.error) << answer.error->message;
  std::vector<TokenId> ids = answer.ids();
  for (size_t i = 0; i < expected.size(); ++i) {
    if (i < ids.size() && ids[i] == expected[i]) continue;
    EXPECT_LT(margin[i], kClearMargin) << "output " << i << " of " << expected.size();
    return;
  }
  EXPECT_EQ(ids.size(), expected.size());
}

class RealModelTest : public testing::TestWithParam<RealModel> {
 protected:
  void SetUp() override {
    const auto golden_file = shared_data("goldens/" + std::string(GetParam().golden) + ".json");
    const auto model_file = model_path(GetParam().file);
    REQUIRE_DATA(golden_file);
    if (!GetParam().fetched_by_test && !std::filesystem::exists(model_file)) {
      GTEST_SKIP() << model_file.string() << " is missing; only the demo model is fetched by ./test";
    }
    REQUIRE_DATA(model_file);
    auto text = read_text_file(golden_file, 1 << 24);
    ASSERT_TRUE(text) << text.error().message;
    auto golden = parse_json(*text);
    ASSERT_TRUE(golden) << golden.error().message;
    golden_ = golden->as_object();
    check_digest(model_file);
    auto runtime = ModelRuntime::load(model_file.string(), 0, "auto", kMaxModelLen);
    ASSERT_TRUE(runtime) << runtime.error().message;
    runtime_ = std::move(*runtime);
  }

  const Tokenizer& tokenizer() const { return *runtime_.model->tokenizer; }

  // The greedy answers to all prompts of a golden's list, in one batch.
  void expect_greedy_answers(const JsonArray& list) {
    EngineHarness harness(*runtime_.model, *runtime_.pool, {.max_num_seqs = 8, .num_pages = {8 * 16}});
    ModelLimits limits{.vocab_size = runtime_.model->decoder->config.vocab_size,
                       .max_model_len = kMaxModelLen,
                       .eos_token_ids = numbers<TokenId>(golden_.at("eos"))};
    size_t longest = 0;
    for (const Json& entry : list) longest = std::max(longest, entry.as_object().at("output_ids").as_array().size());
    for (size_t i = 0; i < list.size(); ++i) {
      RequestDraft draft{.prompt = numbers<TokenId>(list[i].as_object().at("prompt_ids")),
                         .sampling = {.temperature = 0},
                         .max_tokens = static_cast<int32_t>(longest)};
      auto request = ValidatedRequest::make(draft, limits);
      ASSERT_TRUE(request) << request.error().message;
      harness.submit(i, *request);
    }
    const Answers& answers = harness.run();
    for (size_t i = 0; i < list.size(); ++i) {
      SCOPED_TRACE(fmt::format("entry {}", i));
      expect_greedy(list[i].as_object(), answers.at({i, 0}));
    }
  }

  JsonObject golden_;
  ModelRuntime runtime_;

 private:
  void check_digest(const std::filesystem::path& path) {
    auto file = MappedFile::open(path);
    ASSERT_TRUE(file) << file.error().message;
    Sha256 hash;
    hash.update(file->bytes());
    ASSERT_EQ(to_hex(hash.finish()), std::string(golden_.at("sha256").as_string())) << path << " is another file";
  }
};

TEST_P(RealModelTest, DistributionsAreThoseOfTransformers) {
  auto runner = runtime_.make_runner_for_tokens(kMaxModelLen, 1, 256);
  ASSERT_TRUE(runner) << runner.error().message;
  double sum = 0;
  int64_t count = 0, wanted = 0;
  for (const Json& entry : golden_.at("teacher").as_array()) {
    const JsonObject& sequence = entry.as_object();
    const JsonArray& top = sequence.at("top").as_array();
    wanted += static_cast<int64_t>(top.size());
    size_t next = 0;
    Status status =
        SequenceScorer(**runner).score(numbers<TokenId>(sequence.at("ids")), numbers<int32_t>(sequence.at("positions")),
                                       [&](int32_t, std::span<const float> logits) {
                                         sum += kl_divergence(top[next++].as_array(), logits);
                                         ++count;
                                       });
    ASSERT_TRUE(status) << status.error().message;
  }
  ASSERT_EQ(count, wanted);
  ASSERT_GE(count, 48);
  RecordProperty("mean_kl_e9", static_cast<int>(sum / static_cast<double>(count) * 1e9));
  EXPECT_LE(sum / static_cast<double>(count), kMaxMeanKl);
}

TEST_P(RealModelTest, GreedyIdsAreThoseOfTransformers) {
  const JsonArray& greedy = golden_.at("greedy").as_array();
  ASSERT_GE(greedy.size(), 12U);
  for (const Json& entry : greedy) {
    const JsonObject& golden = entry.as_object();
    EXPECT_EQ(tokenizer().encode(std::string(golden.at("prompt").as_string())),
              numbers<TokenId>(golden.at("prompt_ids")));
  }
  expect_greedy_answers(greedy);
}

TEST_P(RealModelTest, ChatsAreThoseOfTransformers) {
  const JsonArray& chats = golden_.at("chat").as_array();
  if (chats.empty()) GTEST_SKIP() << "a base model: its golden has no chats";
  ASSERT_NE(runtime_.model->chat_template, nullptr);
  ChatRenderer render = make_chat_renderer(runtime_.model->chat_template);
  for (const Json& entry : chats) {
    const JsonObject& golden = entry.as_object();
    auto text = render({.messages = golden.at("messages").as_array()});
    ASSERT_TRUE(text) << text.error().message;
    EXPECT_EQ(*text, std::string(golden.at("rendered").as_string()));
    EXPECT_EQ(tokenizer().encode(*text, {.add_special_tokens = false}), numbers<TokenId>(golden.at("prompt_ids")));
  }
  expect_greedy_answers(chats);
}

INSTANTIATE_TEST_SUITE_P(Published, RealModelTest, testing::ValuesIn(kModels), [](const auto& model) {
  std::string name(model.param.golden);
  std::replace_if(
      name.begin(), name.end(), [](char c) { return !std::isalnum(static_cast<unsigned char>(c)); }, '_');
  return name;
});

}  // namespace
}  // namespace weft
