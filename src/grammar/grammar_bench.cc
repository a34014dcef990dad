// What masks cost on Qwen3's vocabulary: p50 and p99 in µs over the states of a text, first time and again.
#include <benchmark/benchmark.h>
#include <time.h>

#include <algorithm>
#include <string>
#include <vector>

#include "base/mapped_file.h"
#include "base/test_data.h"
#include "grammar/compile.h"
#include "grammar/grammar_samples.h"
#include "grammar/token_grammar.h"
#include "text/tokenizer_json.h"

namespace weft {
namespace {

struct Qwen {
  std::unique_ptr<Tokenizer> tokenizer;
  std::shared_ptr<const TokenVocabulary> vocabulary;

  std::shared_ptr<const GrammarVocabulary> build() const {
    return GrammarVocabulary::build(*tokenizer, {*tokenizer->find_token("<|im_end|>")});
  }
};

const Qwen* qwen() {
  static const Qwen model = [] {
    Qwen made;
    auto text = read_text_file(shared_data("tokenizers/hf/qwen3/tokenizer.json"), 64u << 20);
    if (!text) return made;
    made.tokenizer = std::move(*load_json_tokenizer(*text, Metadata{}));
    made.vocabulary = std::dynamic_pointer_cast<const TokenVocabulary>(made.build());
    return made;
  }();
  return model.vocabulary == nullptr ? nullptr : &model;
}

// CPU time of this thread: what other programs do is left out.
double now_us() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) * 1e6 + static_cast<double>(time.tv_nsec) * 1e-3;
}

double percentile(std::vector<double> values, double share) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  return values[static_cast<size_t>(share * static_cast<double>(values.size() - 1))];
}

// All masks along `text`.
void run_masks(benchmark::State& state, const std::shared_ptr<const TokenConstraint>& constraint,
               const std::string& text) {
  std::vector<uint32_t> mask((static_cast<size_t>(qwen()->vocabulary->size()) + 31) / 32);
  std::vector<double> times;
  std::vector<int32_t> ids = qwen()->tokenizer->encode(text, {.add_special_tokens = false});
  for (auto _ : state) {
    auto sequence = constraint->start();
    for (int32_t id : ids) {
      double before = now_us();
      if (!sequence->fill_mask(mask).ok()) return state.SkipWithError("no mask");
      times.push_back(now_us() - before);
      if (!sequence->accept(id).ok()) return state.SkipWithError("not accepted");
    }
  }
  state.counters["p50_us"] = percentile(times, 0.5);
  state.counters["p99_us"] = percentile(times, 0.99);
  state.counters["max_us"] = percentile(times, 1);
  state.counters["masks"] = static_cast<double>(ids.size());
}

void of_values(benchmark::State& state, ValueGrammar values, const std::string& text) {
  if (qwen() == nullptr) return state.SkipWithError("Qwen3's tokenizer is missing");
  auto tables = *MachineTables::build(value_sample(std::move(values)), {});
  run_masks(state, std::make_shared<const TokenGrammar>(tables, qwen()->vocabulary), text);
}

ValueGrammar record_values() {
  ValueGrammar values = any_value_sample();
  ValueShape string, number;
  string.strings.push_back({});
  number.number = number_sample();
  values.values.push_back(string);
  values.values.push_back(number);
  ObjectShape object;
  object.properties = {
      {"address", {{1, 0}}, true}, {"age", {{2, 0}}, true}, {"name", {{1, 0}}, true}, {"tags", {{0, 0}}, false}};
  ValueShape value;
  value.objects.push_back(object);
  values.values.push_back(value);
  values.root = 3;
  return values;
}

const char* kRecord =
    R"({"name": "Ada Lovelace, born in \"London\"", "age": 36.5, "address": "St James's Square", "tags": ["x", {"deep": [1, 2.5e3, null]}]})";

void BM_AnyJson(benchmark::State& state) { of_values(state, any_value_sample(), kRecord); }
void BM_Record(benchmark::State& state) { of_values(state, record_values(), kRecord); }

void BM_ShortString(benchmark::State& state) {
  ValueGrammar values;
  ValueShape value;
  value.strings.push_back({.text = nullptr, .min_chars = 3, .max_chars = 20});
  values.values.push_back(value);
  values.root = 0;
  of_values(state, values, "\"Ada Lovelace, 1815\"");
}

void BM_Enumeration(benchmark::State& state) {
  ValueGrammar values;
  ValueShape value;
  value.strings.push_back({.text = automaton({"red", "green", "blue", "reddish"})});
  values.values.push_back(value);
  values.root = 0;
  of_values(state, values, "\"reddish\"");
}

void BM_UniqueStrings(benchmark::State& state) {
  ValueGrammar values = any_value_sample();
  ValueShape string, value;
  string.strings.push_back({});
  values.values.push_back(string);
  value.arrays.push_back({.rest = {{1, 0}}, .unique = true});
  values.values.push_back(value);
  values.root = 2;
  of_values(state, values, R"(["one", "two", "three and more", "four"])");
}

void BM_Build(benchmark::State& state) {
  if (qwen() == nullptr) return state.SkipWithError("Qwen3's tokenizer is missing");
  for (auto _ : state) benchmark::DoNotOptimize(qwen()->build());
}

void of_schema(benchmark::State& state, const std::string& schema, const std::string& text) {
  if (qwen() == nullptr) return state.SkipWithError("Qwen3's tokenizer is missing");
  GrammarSpec spec{.kind = GrammarSpec::Kind::kJsonSchema, .text = schema};
  std::vector<uint32_t> mask((static_cast<size_t>(qwen()->vocabulary->size()) + 31) / 32);
  std::vector<double> compiles, masks;
  std::vector<int32_t> ids = qwen()->tokenizer->encode(text, {.add_special_tokens = false});
  for (auto _ : state) {
    double before = now_us();
    auto compiled = compile_grammar(spec, qwen()->vocabulary);
    if (!compiled) return state.SkipWithError(compiled.error().message.c_str());
    compiles.push_back(now_us() - before);
    auto sequence = compiled->constraint->start();
    for (int32_t id : ids) {
      before = now_us();
      if (!sequence->fill_mask(mask).ok()) return state.SkipWithError("no mask");
      masks.push_back(now_us() - before);
      if (!sequence->accept(id).ok()) return state.SkipWithError("not accepted");
    }
  }
  state.counters["compile_us"] = percentile(compiles, 0.5);
  state.counters["p50_us"] = percentile(masks, 0.5);
  state.counters["p99_us"] = percentile(masks, 0.99);
}

void BM_PatternSchema(benchmark::State& state) {
  of_schema(state,
            R"({"type":"object","properties":{"id":{"type":"string","pattern":"^[a-z0-9-]{3,40}$"},)"
            R"("n":{"type":"integer","minimum":0,"maximum":1000},"note":{"type":"string","maxLength":200}},)"
            R"("required":["id","n"],"additionalProperties":false})",
            R"({"id": "some-name-12", "n": 512, "note": "words and more words"})");
}

BENCHMARK(BM_Build)->Unit(benchmark::kMillisecond)->Iterations(3);
BENCHMARK(BM_AnyJson)->Unit(benchmark::kMillisecond);
BENCHMARK(BM_Record)->Unit(benchmark::kMillisecond);
BENCHMARK(BM_ShortString)->Unit(benchmark::kMillisecond);
BENCHMARK(BM_Enumeration)->Unit(benchmark::kMillisecond);
BENCHMARK(BM_UniqueStrings)->Unit(benchmark::kMillisecond);
BENCHMARK(BM_PatternSchema)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace weft
