#include "model_files/model_files.h"

#include <algorithm>

#include "base/sha256.h"
#include "model_files/gguf.h"
#include "model_files/hf_config.h"
#include "model_files/safetensors.h"

namespace weft {
namespace {

namespace fs = std::filesystem;

// Everything that may be read beside the weights.
constexpr std::string_view kSideFiles[] = {"config.json",
                                           "generation_config.json",
                                           "tokenizer.json",
                                           "tokenizer_config.json",
                                           "tokenizer.model",
                                           "tiktoken.model",
                                           "special_tokens_map.json",
                                           "added_tokens.json",
                                           "vocab.json",
                                           "merges.txt",
                                           "vocab.txt",
                                           "model.safetensors.index.json",
                                           "chat_template.jinja",
                                           "chat_template.json",
                                           "preprocessor_config.json"};

constexpr size_t kSampleBytes = 4096;  // of each end of a tensor; a page, so the identity of a model costs few reads

std::string_view as_text(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

bool is_pickle(const fs::path& path) {
  auto extension = path.extension();
  return extension == ".bin" || extension == ".pt" || extension == ".pth" || extension == ".ckpt" ||
         extension == ".pkl";
}

// Why a directory is no model, for somebody who expected it to be one.
Error no_weights(const fs::path& directory) {
  std::error_code error;
  bool pickles = false;
  auto entry = fs::directory_iterator(directory, error);
  for (; !error && entry != fs::directory_iterator(); entry.increment(error)) {
    if (entry->path().extension() == ".gguf") {
      return make_error(ErrorCode::kUnsupported, "the directory holds GGUF files; give the path of one, e.g. {}",
                        entry->path().string());
    }
    pickles = pickles || is_pickle(entry->path());
  }
  if (pickles) {
    return make_error(
        ErrorCode::kUnsupported,
        "the directory holds weights only as Python pickles (.bin, .pt), which can run code and are never "
        "read. Use a safetensors or GGUF version of the model");
  }
  return make_error(
      ErrorCode::kNotFound,
      "the directory holds no model: neither a .gguf file nor model.safetensors or model.safetensors.index.json "
      "with config.json");
}

void add_text(Sha256& hash, std::string_view text) {
  uint64_t length = text.size();
  hash.update(std::as_bytes(std::span(&length, 1)));
  hash.update(text);
}

template <class T>
void add_pod(Sha256& hash, const T& value) {
  hash.update(std::as_bytes(std::span(&value, 1)));
}

struct HashValue {
  Sha256& hash;
  template <class T>
  void operator()(const T& value) const {
    add_pod(hash, value);
  }
  void operator()(const std::string& value) const { add_text(hash, value); }
  template <class T>
  void operator()(const std::vector<T>& values) const {
    add_pod(hash, static_cast<uint64_t>(values.size()));
    hash.update(std::as_bytes(std::span(values)));
  }
  void operator()(const std::vector<std::string>& values) const {
    add_pod(hash, static_cast<uint64_t>(values.size()));
    for (const std::string& value : values) add_text(hash, value);
  }
  void operator()(const std::vector<bool>& values) const {
    add_pod(hash, static_cast<uint64_t>(values.size()));
    for (bool value : values) add_pod(hash, value);
  }
};

}  // namespace

Result<ModelFiles> ModelFiles::open(const fs::path& path, const FileLimits& limits) {
  ModelFiles files;
  files.path_ = path;
  std::error_code error;
  Status status = fs::is_directory(path, error) ? files.open_directory(limits) : files.open_gguf(limits);
  if (!status) return in_context(path.string(), status.error());
  files.compute_identity();
  return files;
}

Status ModelFiles::open_gguf(const FileLimits& limits) {
  format_ = ModelFormat::kGguf;
  TRY_ASSIGN(auto file, MappedFile::open(path_));
  TRY_ASSIGN(auto contents, read_gguf(file.bytes(), limits));
  TRY_ASSIGN(auto parts, contents.metadata.integer_or({"split.count"}, 1));
  if (parts > 1) {
    return make_error(ErrorCode::kUnsupported, "is one of {} parts of a split GGUF; merge them into one file first",
                      parts);
  }
  metadata_ = std::move(contents.metadata);
  files_.push_back(std::move(file));
  return add_tensors(std::move(contents.tensors));
}

Status ModelFiles::open_directory(const FileLimits& limits) {
  format_ = ModelFormat::kSafetensors;
  TRY(open_side_files(limits));
  TRY_ASSIGN(auto names, weight_files(limits));
  constexpr std::pair<std::string_view, std::string_view> kConfigs[] = {
      {"config.json", ""},
      {"generation_config.json", "generation_config."},
      {"tokenizer_config.json", "tokenizer_config."}};
  if (!side_files_.contains("config.json")) {
    return make_error(ErrorCode::kNotFound, "the directory has no config.json");
  }
  for (auto [name, prefix] : kConfigs) {
    auto text = side_file(name);
    if (!text) continue;
    if (auto status = add_json(metadata_, prefix, *text, limits); !status) return in_context(name, status.error());
  }
  for (const std::string& name : names) {
    TRY_ASSIGN(auto file, MappedFile::open(path_ / name));
    auto tensors = read_safetensors(file.bytes(), limits);
    if (!tensors) return in_context(name, std::move(tensors).take_error());
    files_.push_back(std::move(file));
    if (auto status = add_tensors(std::move(*tensors)); !status) return in_context(name, status.error());
  }
  return {};
}

Status ModelFiles::open_side_files(const FileLimits& limits) {
  for (std::string_view name : kSideFiles) {
    auto file = MappedFile::open(path_ / name);
    if (!file && file.error().code == ErrorCode::kNotFound) continue;
    if (!file) return std::move(file).take_error();
    uint64_t limit = name.starts_with("tokenizer") ? limits.max_tokenizer_bytes : limits.max_side_file_bytes;
    if (file->bytes().size() > limit) {
      return make_error(ErrorCode::kCorruptFile, "{} has {} bytes; at most {} are read", name, file->bytes().size(),
                        limit);
    }
    side_files_.emplace(name, std::move(*file));
  }
  return {};
}

Result<std::vector<std::string>> ModelFiles::weight_files(const FileLimits& limits) const {
  constexpr std::string_view kIndex = "model.safetensors.index.json";
  std::error_code error;
  if (fs::exists(path_ / "model.safetensors", error)) return std::vector<std::string>{"model.safetensors"};
  auto index = side_file(kIndex);
  if (!index) return no_weights(path_);
  auto names = read_safetensors_index(*index, limits);
  if (!names) return in_context(kIndex, std::move(names).take_error());
  return names;
}

Status ModelFiles::add_tensors(std::vector<TensorEntry> tensors) {
  for (TensorEntry& tensor : tensors) {
    if (!tensor_index_.emplace(tensor.name, tensors_.size()).second) {
      return make_error(ErrorCode::kCorruptFile, "the tensor \"{}\" is also in another file", tensor.name);
    }
    tensors_.push_back(std::move(tensor));
  }
  return {};
}

Result<std::string> ModelFiles::architecture() const {
  if (format_ == ModelFormat::kGguf) return metadata_.text({"general.architecture"});
  const MetadataValue* value = metadata_.find("architectures");
  auto* names = value == nullptr ? nullptr : std::get_if<std::vector<std::string>>(value);
  if (names == nullptr || names->empty()) {
    return make_error(ErrorCode::kNotFound, "{}: config.json names no architecture", path_.string());
  }
  return names->front();
}

const TensorEntry* ModelFiles::find_tensor(std::string_view name) const {
  auto at = tensor_index_.find(name);
  return at == tensor_index_.end() ? nullptr : &tensors_[at->second];
}

Result<std::string_view> ModelFiles::side_file(std::string_view name) const {
  auto at = side_files_.find(name);
  if (at == side_files_.end()) return make_error(ErrorCode::kNotFound, "{} has no file {}", path_.string(), name);
  return as_text(at->second.bytes());
}

void ModelFiles::compute_identity() {
  Sha256 hash;
  add_pod(hash, format_);
  for (const auto& [key, value] : metadata_.all()) {
    add_text(hash, key);
    add_pod(hash, static_cast<uint64_t>(value.index()));
    std::visit(HashValue{hash}, value);
  }
  for (const TensorEntry& tensor : tensors_) {
    add_text(hash, tensor.name);
    add_pod(hash, tensor.dtype);
    HashValue{hash}(tensor.shape);
    add_pod(hash, static_cast<uint64_t>(tensor.bytes.size()));
    hash.update(tensor.bytes.first(std::min(kSampleBytes, tensor.bytes.size())));
    hash.update(tensor.bytes.last(std::min(kSampleBytes, tensor.bytes.size())));
  }
  // The tokenizer decides what the ids of a cached prefix mean.
  for (std::string_view name : {"tokenizer.json", "tokenizer.model", "tiktoken.model", "vocab.txt"}) {
    if (auto tokenizer = side_file(name)) add_text(hash, *tokenizer);
  }
  identity_ = to_hex(hash.finish());
}

}  // namespace weft
