// GGUF versions 2 and 3, little endian (gguf specification, ggml project).
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "base/limits.h"
#include "base/status.h"
#include "model_files/metadata.h"
#include "model_files/model_files.h"

namespace weft {

struct GgufContents {
  Metadata metadata;
  std::vector<TensorEntry> tensors;  // in file order; they point into the bytes that were read
};

// Reads a whole GGUF file. Errors: kCorruptFile where the bytes contradict the format (with the offset or the key),
// kUnsupported for a version, byte order or tensor type that is not read here. Extents lie inside the file and do not
// overlap; names are unique and valid UTF-8.
Result<GgufContents> read_gguf(std::span<const std::byte> bytes, const FileLimits& limits = {});

}  // namespace weft
