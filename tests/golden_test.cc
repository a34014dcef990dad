// Every architecture against Hugging Face transformers: tiny random models and their goldens (tools/make_goldens.py),
// through the files, the loader and the engine that a user's model goes through.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <numeric>
#include <set>

#include "base/json.h"
#include "base/test_data.h"
#include "engine_harness.h"
#include "evaluate/sequence_scorer.h"
#include "model_copy.h"

namespace weft {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

// Of a logit, absolute; the logits are of size 1 to 10. What remains against the same definition of the cache (K and V
// in float16) is the order of float32 sums and a float16 that now and then rounds the other way; against pure float32
// the rounding of the cache itself comes on top.
constexpr double kTolerance = 1e-3;
constexpr double kToleranceOfFloat32 = 2e-2;

// ctest asks for the cases where no file is at hand, so the names stand here; a test compares them with the folders.
constexpr std::string_view kTinyModels[] = {"tiny_gemma3", "tiny_llama", "tiny_llama_scaled", "tiny_qwen2",
                                            "tiny_qwen2_untied"};

fs::path tiny_model(std::string_view name) { return source_path("testdata") / name; }

JsonObject read_json(const fs::path& path) {
  auto text = read_text_file(path, 1 << 24);
  CHECK(text.has_value());
  auto json = parse_json(*text);
  CHECK(json.has_value());
  return json->as_object();
}

template <class T>
std::vector<T> numbers(const Json& list) {
  std::vector<T> out;
  for (const Json& item : list.as_array()) out.push_back(item.to_number<T>());
  return out;
}

double log_sum_exp(std::span<const float> logits) { return logits[0] - log_probability(logits, 0); }

// The largest distance of our logits to those of a golden's block.
struct Distance {
  double chosen = 0, logsumexp = 0, last = 0;
};

Distance distance(const JsonObject& golden, const JsonObject& block, ModelRunner& runner) {
  auto ids = numbers<TokenId>(golden.at("ids")), tokens = numbers<TokenId>(golden.at("tokens"));
  auto sums = numbers<double>(block.at("logsumexp")), last = numbers<double>(block.at("last_logits"));
  std::vector<int32_t> positions(ids.size());
  std::iota(positions.begin(), positions.end(), 0);
  Distance out;
  int32_t visits = 0;
  Status status = SequenceScorer(runner).score(ids, positions, [&](int32_t p, std::span<const float> logits) {
    ++visits;
    auto chosen = numbers<double>(block.at("logits").as_array()[p]);
    for (size_t i = 0; i < tokens.size(); ++i) {
      out.chosen = std::max(out.chosen, std::abs(chosen[i] - logits[tokens[i]]));
    }
    out.logsumexp = std::max(out.logsumexp, std::abs(sums[p] - log_sum_exp(logits)));
    if (p + 1 < static_cast<int32_t>(ids.size())) return;
    EXPECT_EQ(last.size(), logits.size());
    for (size_t i = 0; i < last.size(); ++i) out.last = std::max(out.last, std::abs(last[i] - logits[i]));
  });
  EXPECT_TRUE(status) << status.error().message;
  EXPECT_EQ(visits, static_cast<int32_t>(ids.size()));
  return out;
}

void expect_near_golden(const fs::path& model, const JsonObject& golden) {
  auto runtime = ModelRuntime::load(model.string(), 1, "auto");
  ASSERT_TRUE(runtime) << runtime.error().message;
  // 16 tokens at a step: later tokens meet the cache, not only their own step.
  for (int64_t step_tokens : {64, 16}) {
    auto runner = runtime->make_runner_for_tokens(64, 1, step_tokens);
    ASSERT_TRUE(runner) << runner.error().message;
    for (bool half : {true, false}) {
      Distance d = distance(golden, half ? golden.at("f16_cache").as_object() : golden, **runner);
      double tolerance = half ? kTolerance : kToleranceOfFloat32;
      EXPECT_LT(d.chosen, tolerance) << "half " << half;
      EXPECT_LT(d.logsumexp, tolerance) << "half " << half;
      EXPECT_LT(d.last, tolerance) << "half " << half;
    }
  }
}

class GoldenTest : public testing::TestWithParam<std::string_view> {
 protected:
  fs::path model() const { return tiny_model(GetParam()); }
};

TEST_P(GoldenTest, LogitsAreThoseOfTransformersAtEveryPosition) {
  expect_near_golden(model(), read_json(model() / "golden.json"));
}

TEST_P(GoldenTest, GreedyIdsAreThoseOfTransformers) {
  JsonObject golden = read_json(model() / "golden.json");
  auto runtime = ModelRuntime::load(model().string(), 1, "auto");
  ASSERT_TRUE(runtime) << runtime.error().message;
  auto expected = numbers<TokenId>(golden.at("output_ids"));
  RequestDraft draft{.prompt = numbers<TokenId>(golden.at("prompt")),
                     .sampling = {.temperature = 0},
                     .max_tokens = static_cast<int32_t>(expected.size()),
                     .ignore_eos = true};
  auto request = ValidatedRequest::make(draft, {.vocab_size = 320, .max_model_len = 512});
  ASSERT_TRUE(request) << request.error().message;
  Answers answers = run_alone(*runtime->model, *runtime->pool, *request, {.num_pages = {8}});
  EXPECT_EQ((answers[{1, 0}].ids()), expected);
}

INSTANTIATE_TEST_SUITE_P(Tiny, GoldenTest, testing::ValuesIn(kTinyModels),
                         [](const auto& model) { return std::string(model.param); });

std::string_view architecture_of(const fs::path& model) {
  auto files = ModelFiles::open(model);
  CHECK(files.has_value());
  auto architecture = find_architecture(*files);
  CHECK(architecture.has_value());
  return (*architecture)->gguf_name;
}

TEST(GoldensTest, EveryArchitectureHasOne) {
  std::set<std::string_view> covered;
  for (std::string_view name : kTinyModels) covered.insert(architecture_of(tiny_model(name)));
  for (const Architecture* architecture : architectures()) {
    EXPECT_TRUE(covered.contains(architecture->gguf_name))
        << architecture->gguf_name << " has no testdata/tiny_*: add it to tools/make_goldens.py";
  }
}

TEST(GoldensTest, EveryFolderIsTested) {
  std::set<std::string> folders, tested(std::begin(kTinyModels), std::end(kTinyModels));
  for (const auto& entry : fs::directory_iterator(source_path("testdata"))) {
    if (fs::exists(entry.path() / "golden.json")) folders.insert(entry.path().filename());
  }
  EXPECT_EQ(folders, tested);
}

constexpr std::string_view kMissing = "model.norm.weight", kExtra = "model.layers.0.self_attn.rotary.weight",
                           kMisshapen = "model.layers.0.mlp.down_proj.weight";

TEST_P(GoldenTest, WrongTensorsAreAllNamedInOneError) {
  for (auto [renamed, reshaped] : {std::pair(true, false), std::pair(false, true), std::pair(true, true)}) {
    ModelCopy copy(model());
    JsonObject header = copy.header();
    if (renamed) {  // one is missing, one is extra, and no byte is without an owner
      header[kExtra] = header.at(kMissing);
      header.erase(kMissing);
    }
    if (reshaped) header.at(kMisshapen).as_object()["shape"] = JsonArray{128, 64};
    copy.set_header(header);
    auto runtime = ModelRuntime::load(copy.path().string(), 1, "auto");
    ASSERT_FALSE(runtime);
    const Error& error = runtime.error();
    EXPECT_EQ(error.code, ErrorCode::kCorruptFile) << error.message;
    EXPECT_THAT(error.message, HasSubstr(copy.path().string()));
    std::string missing = fmt::format("1 missing: {}.", kMissing);
    std::string misshapen = fmt::format("{} is [128, 64], not [64, 128]", kMisshapen);
    EXPECT_EQ(error.message.find(missing) != std::string::npos, renamed) << error.message;
    EXPECT_EQ(error.message.find(kExtra) != std::string::npos, renamed) << error.message;
    EXPECT_EQ(error.message.find(misshapen) != std::string::npos, reshaped) << error.message;
    EXPECT_EQ(error.message.find("model.embed_tokens"), std::string::npos) << error.message;
  }
}

// transformers 5 writes rotary settings per kind of layer; files published before have Gemma's two bases beside each
// other. Both say the same.
TEST(GoldensTest, OldAndNewGemmaConfigurationsAreTheSameModel) {
  const fs::path model = tiny_model("tiny_gemma3");
  ModelCopy copy(model);
  JsonObject config = read_json(model / "config.json");
  ASSERT_TRUE(config.contains("rope_parameters"));
  const JsonObject ropes = config.at("rope_parameters").as_object();
  config["rope_theta"] = ropes.at("full_attention").as_object().at("rope_theta");
  config["rope_local_base_freq"] = ropes.at("sliding_attention").as_object().at("rope_theta");
  config["sliding_window_pattern"] = 6;
  config.erase("rope_parameters");
  config.erase("layer_types");
  copy.write("config.json", write_json(config));
  expect_near_golden(copy.path(), read_json(model / "golden.json"));
}

}  // namespace
}  // namespace weft
