// A published model on disk, GGUF or safetensors with Hugging Face's JSON files, as one view: metadata by name and
// tensors by name. No arithmetic. Owns the mappings; views stay valid while it lives.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/dtype.h"
#include "base/limits.h"
#include "base/mapped_file.h"
#include "base/status.h"
#include "model_files/metadata.h"

namespace weft {

enum class ModelFormat { kGguf, kSafetensors };

struct TensorEntry {
  std::string name;
  DType dtype = DType::kF32;
  std::vector<int64_t> shape;        // outermost first, as in PyTorch: [out, in] for a linear layer, for GGUF too
  std::span<const std::byte> bytes;  // exactly its data, inside a mapping
};

class ModelFiles {
 public:
  // A .gguf file, or a directory with config.json and model.safetensors (or model.safetensors.index.json and the files
  // that it names). Everything is checked before it returns:
  // sizes, extents, overlaps, duplicate names, limits. Errors name the file and the offset or key. A directory that
  // holds only pickled weights (.bin, .pt) is refused: they can run code.
  static Result<ModelFiles> open(const std::filesystem::path& path, const FileLimits& limits = {});

  ModelFormat format() const { return format_; }
  const std::filesystem::path& path() const { return path_; }
  // GGUF key-values, or config.json flattened with dots ("rope_scaling.factor"), generation_config.json under
  // "generation_config." and tokenizer_config.json under "tokenizer_config.".
  const Metadata& metadata() const { return metadata_; }
  // "llama", "qwen2", "gemma3", ...: general.architecture of a GGUF; architectures[0] of config.json
  // ("LlamaForCausalLM").
  Result<std::string> architecture() const;

  std::span<const TensorEntry> tensors() const { return tensors_; }  // in file order
  const TensorEntry* find_tensor(std::string_view name) const;       // null when there is none

  // Text of a JSON or template file beside config.json ("tokenizer.json", "chat_template.jinja"); kNotFound when there
  // is none, also for GGUF.
  Result<std::string_view> side_file(std::string_view name) const;

  // SHA-256 (hex) over format, metadata and tensor directory, with every tensor's size and a sample of its bytes:
  // identifies the weights for the prefix cache of this process.
  const std::string& identity() const { return identity_; }

 private:
  Status open_gguf(const FileLimits& limits);
  Status open_directory(const FileLimits& limits);
  Status open_side_files(const FileLimits& limits);
  Result<std::vector<std::string>> weight_files(const FileLimits& limits) const;
  Status add_tensors(std::vector<TensorEntry> tensors);
  void compute_identity();

  ModelFormat format_ = ModelFormat::kGguf;
  std::filesystem::path path_;
  std::vector<MappedFile> files_;
  Metadata metadata_;
  std::vector<TensorEntry> tensors_;
  std::map<std::string, size_t, std::less<>> tensor_index_;
  std::map<std::string, MappedFile, std::less<>> side_files_;
  std::string identity_;
};

}  // namespace weft
