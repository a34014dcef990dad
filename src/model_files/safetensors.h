// safetensors (huggingface/safetensors, format description in its README).
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "base/limits.h"
#include "base/status.h"
#include "model_files/model_files.h"

namespace weft {

// Reads one file: 8 bytes of header length, a JSON header, data. The tensors must cover the data exactly, without holes
// or overlaps; sizes must agree with shapes. Tensors in order of their data; they point into `bytes`. Errors:
// kCorruptFile, or kUnsupported for a dtype that is not read here.
Result<std::vector<TensorEntry>> read_safetensors(std::span<const std::byte> bytes, const FileLimits& limits = {});

// The file names of model.safetensors.index.json, sorted, each once. Only plain names of files beside it are accepted.
Result<std::vector<std::string>> read_safetensors_index(std::string_view json, const FileLimits& limits = {});

}  // namespace weft
