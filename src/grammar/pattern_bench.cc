// What the parts of a schema cost to compile: patterns, formats, numbers, lists of texts.
#include <benchmark/benchmark.h>

#include <string>
#include <vector>

#include "grammar/regex.h"

namespace weft {
namespace {

const GrammarLimits kLimits;

void compile_pattern(benchmark::State& state, const std::string& pattern) {
  for (auto _ : state) benchmark::DoNotOptimize(compile_regex(pattern, RegexMatch::kSearch, kLimits).value());
}
BENCHMARK_CAPTURE(compile_pattern, identifier, "^[a-z][a-z0-9_-]*$");
BENCHMARK_CAPTURE(compile_pattern, date, "^\\d{4}-\\d{2}-\\d{2}$");
BENCHMARK_CAPTURE(compile_pattern, anywhere, "foo.*bar");
BENCHMARK_CAPTURE(compile_pattern, long_text, "^.{1,255}$");
BENCHMARK_CAPTURE(compile_pattern, look_ahead, "^(?!.*--)(?=.*\\d)[a-z\\d-]+$");

void known_format(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(format_language("date-time", kLimits).value());
}
BENCHMARK(known_format);

void integer_range(benchmark::State& state) {
  NumberSet set;
  set.multiple_of = parse_decimal("1").value();
  set.minimum = parse_decimal("1").value();
  set.maximum = parse_decimal("65535").value();
  for (auto _ : state) benchmark::DoNotOptimize(number_language(set, kLimits).value());
}
BENCHMARK(integer_range);

void list_of_texts(benchmark::State& state) {
  std::vector<std::string> texts;
  for (int64_t i = 0; i < state.range(0); ++i) texts.push_back("value_" + std::to_string(i * 7919 % 10'007));
  for (auto _ : state) benchmark::DoNotOptimize(dfa::one_of(texts, kLimits).value());
}
BENCHMARK(list_of_texts)->Arg(10)->Arg(1000);

}  // namespace
}  // namespace weft
