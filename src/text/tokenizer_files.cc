#include "text/tokenizer_files.h"

#include "base/mapped_file.h"
#include "model_files/gguf.h"
#include "model_files/hf_config.h"
#include "text/gguf_tokenizer.h"
#include "text/sentence_piece_file.h"
#include "text/tiktoken_file.h"
#include "text/tokenizer_json.h"
#include "text/word_piece_file.h"

namespace weft {
namespace {

namespace fs = std::filesystem;

// In order of preference: the first one says the most about the tokenizer.
constexpr std::string_view kTokenizerFiles[] = {"tokenizer.json", "tokenizer.model", "tiktoken.model", "vocab.txt"};

constexpr FileLimits kLimits;

Result<std::unique_ptr<Tokenizer>> load_contents(std::string_view name, std::string_view contents,
                                                 const Metadata& metadata) {
  if (name.ends_with(".json")) return load_json_tokenizer(contents, metadata);
  if (name.ends_with(".txt")) return load_word_piece_file(contents, metadata);
  if (name.ends_with(".tiktoken") || is_tiktoken_file(contents)) return load_tiktoken_file(contents, metadata);
  if (name.ends_with(".model")) return load_sentence_piece_file(contents, metadata);
  return make_error(
      ErrorCode::kUnsupported,
      "is no tokenizer file that is read here: *.json, *.model, *.tiktoken, *.txt and *.gguf are, told by "
      "their names");
}

std::string_view as_text(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

Result<std::unique_ptr<Tokenizer>> load_gguf(const fs::path& path) {
  TRY_ASSIGN(auto file, MappedFile::open(path));
  TRY_ASSIGN(auto contents, read_gguf(file.bytes()));
  return load_gguf_tokenizer(contents.metadata);
}

// The JSON files beside a tokenizer file, under the names that ModelFiles gives them; one that can't be read names
// nothing.
Metadata read_neighbours(const fs::path& directory) {
  constexpr std::pair<std::string_view, std::string_view> kConfigs[] = {{"config.json", ""},
                                                                        {"tokenizer_config.json", "tokenizer_config."}};
  Metadata out;
  for (auto [name, prefix] : kConfigs) {
    auto text = read_text_file(directory / name, kLimits.max_side_file_bytes);
    Metadata one;
    if (!text || !add_json(one, prefix, *text)) continue;
    for (const auto& [key, value] : one.all()) out.set(key, value);
  }
  return out;
}

}  // namespace

Result<std::unique_ptr<Tokenizer>> load_directory_tokenizer(const ModelFiles& files) {
  for (std::string_view name : kTokenizerFiles) {
    auto contents = files.side_file(name);
    if (!contents) continue;
    auto tokenizer = load_contents(name, *contents, files.metadata());
    if (!tokenizer) return in_context(name, std::move(tokenizer).take_error());
    return tokenizer;
  }
  return make_error(ErrorCode::kNotFound, "the directory has no tokenizer file ({})", fmt::join(kTokenizerFiles, ", "));
}

Result<std::unique_ptr<Tokenizer>> load_tokenizer_file(const fs::path& path) {
  std::error_code error;
  if (fs::is_directory(path, error)) {
    for (std::string_view name : kTokenizerFiles) {
      if (!fs::exists(path / name, error)) continue;
      auto tokenizer = load_tokenizer_file(path / name);
      if (!tokenizer) return in_context(name, std::move(tokenizer).take_error());
      return tokenizer;
    }
    return make_error(ErrorCode::kNotFound, "the directory has no tokenizer file ({})",
                      fmt::join(kTokenizerFiles, ", "));
  }
  std::string name = path.filename().string();
  if (name.ends_with(".gguf")) return load_gguf(path);
  TRY_ASSIGN(auto file, MappedFile::open(path));
  if (file.bytes().size() > kLimits.max_tokenizer_bytes) {
    return make_error(ErrorCode::kCorruptFile, "the file has {} bytes; at most {} are read", file.bytes().size(),
                      kLimits.max_tokenizer_bytes);
  }
  return load_contents(name, as_text(file.bytes()), read_neighbours(path.parent_path()));
}

}  // namespace weft
