// Reading of recorded texts and ids. Included by tests only.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/mapped_file.h"
#include "base/test_data.h"
#include "text/tokenizer.h"

namespace weft {

inline std::string read_all(const std::filesystem::path& path) {
  auto text = read_text_file(path, 256u << 20);
  EXPECT_TRUE(text) << path;
  return text ? *text : "";
}

inline std::vector<int32_t> ids_of(const Json& array) {
  std::vector<int32_t> out;
  for (const Json& id : array.as_array()) out.push_back(static_cast<int32_t>(id.as_int64()));
  return out;
}

// By a short name: "x.gguf", a file of shared tokenizers ("tiktoken/x", "wordpiece/x", "sentencepiece/x"), or the
// folder of a tokenizer.json. Null (and a failed test) when it doesn't load.
inline std::unique_ptr<Tokenizer> load_vocabulary(const std::string& name) {
  std::filesystem::path path;
  if (name.ends_with(".gguf")) {
    path = shared_data("tokenizers/gguf_vocab/ggml-vocab-" + name);
    if (!std::filesystem::exists(path)) path = model_path(name);
  } else if (name.find('/') != std::string::npos) {
    path = shared_data("tokenizers/" + name);
  } else {
    path = shared_data("tokenizers/hf/" + name);
  }
  auto loaded = Tokenizer::load_file(path);
  EXPECT_TRUE(loaded) << loaded.error().message;
  return loaded ? std::move(*loaded) : nullptr;
}

}  // namespace weft
