// Speed of tokenizers: loading, encoding with warm and with cold memory, decoding. All times are CPU times of one
// thread.
//
// WEFT_BENCH_TOKENIZERS and WEFT_BENCH_TEXTS name files (several with ':' between them); tools/compare_tokenizers.py
// sets them. Else Qwen 3's tokenizer.json and War and Peace of the shared data are taken.
#include <benchmark/benchmark.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "base/mapped_file.h"
#include "text/detokenizer.h"
#include "text/tokenizer.h"

namespace weft {
namespace {

std::string environment(const char* name, const std::string& fallback) {
  const char* value = std::getenv(name);
  return value != nullptr && *value != '\0' ? value : fallback;
}

std::vector<std::string> listed_files(const char* variable, const std::string& fallback) {
  std::vector<std::string> out;
  std::string list = environment(variable, environment("WEFT_SHARED", "../shared") + "/data/" + fallback);
  for (size_t begin = 0; begin <= list.size();) {
    size_t end = std::min(list.find(':', begin), list.size());
    std::string path = list.substr(begin, end - begin);
    if (std::filesystem::exists(path)) {
      out.push_back(path);
    } else {
      std::fprintf(stderr, "skipped: there is no %s\n", path.c_str());
    }
    begin = end + 1;
  }
  return out;
}

std::unique_ptr<Tokenizer> load(benchmark::State& state, const std::string& path) {
  auto tokenizer = Tokenizer::load_file(path);
  if (tokenizer) return std::move(*tokenizer);
  state.SkipWithError(tokenizer.error().message.c_str());
  return nullptr;
}

void bench_load(benchmark::State& state, const std::string& path) {
  for (auto _ : state) benchmark::DoNotOptimize(load(state, path));
}

void bench_encode(benchmark::State& state, const std::string& path, const std::string& text_path, bool cold) {
  auto tokenizer = load(state, path);
  auto text = read_text_file(text_path, size_t{1} << 30);
  if (tokenizer == nullptr || !text) return state.SkipWithError("cannot be loaded");
  size_t tokens = 0;
  for (auto _ : state) {
    if (cold) {
      state.PauseTiming();
      tokenizer = load(state, path);
      state.ResumeTiming();
    }
    tokens = tokenizer->encode(*text, {.add_special_tokens = false}).size();
  }
  state.SetBytesProcessed(static_cast<int64_t>(text->size()) * static_cast<int64_t>(state.iterations()));
  state.counters["tokens"] = static_cast<double>(tokens);
}

void bench_decode(benchmark::State& state, const std::string& path, const std::string& text_path) {
  auto tokenizer = load(state, path);
  auto text = read_text_file(text_path, size_t{1} << 30);
  if (tokenizer == nullptr || !text) return state.SkipWithError("cannot be loaded");
  auto ids = tokenizer->encode(*text, {.add_special_tokens = false});
  for (auto _ : state) {
    Detokenizer detokenizer(*tokenizer, true, false);
    size_t bytes = 0;
    for (int32_t id : ids) bytes += detokenizer.push(id).size();
    benchmark::DoNotOptimize(bytes);
  }
  state.SetItemsProcessed(static_cast<int64_t>(ids.size()) * static_cast<int64_t>(state.iterations()));
}

const bool kRegistered = [] {
  auto texts = listed_files("WEFT_BENCH_TEXTS", "text/war-and-peace.txt");
  for (const std::string& path : listed_files("WEFT_BENCH_TOKENIZERS", "tokenizers/hf/qwen3/tokenizer.json")) {
    benchmark::RegisterBenchmark(("load/" + path).c_str(), bench_load, path)->Unit(benchmark::kMillisecond);
    for (const std::string& text : texts) {
      std::string of = path + "/" + std::filesystem::path(text).filename().string();
      benchmark::RegisterBenchmark(("encode/" + of).c_str(), bench_encode, path, text, false);
      benchmark::RegisterBenchmark(("encode_cold/" + of).c_str(), bench_encode, path, text, true)->Iterations(5);
      benchmark::RegisterBenchmark(("decode/" + of).c_str(), bench_decode, path, text);
    }
  }
  return true;
}();

}  // namespace
}  // namespace weft
