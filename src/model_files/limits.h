// What the readers of model files accept at most. A file beyond a limit is refused with an error that names the limit;
// memory stays within a small multiple of the file's size.
#pragma once

#include <cstddef>
#include <cstdint>

namespace weft {

struct FileLimits {
  uint64_t max_gguf_values = 65'536;  // key-values of one file
  uint64_t max_tensors = 65'536;      // of one file
  uint64_t max_name_bytes = 65'535;   // a key; a tensor's name
  uint64_t max_string_bytes = 16u << 20;
  uint64_t max_array_length = 16u << 20;
  uint32_t max_gguf_dimensions = 4;
  uint32_t max_dimensions = 8;  // safetensors
  uint32_t max_alignment = 64u << 10;
  uint64_t max_safetensors_header_bytes = 100'000'000;
  uint64_t max_safetensors_files = 1'024;
  uint64_t max_tokenizer_bytes = 256u << 20;
  uint64_t max_side_file_bytes = 64u << 20;  // config.json and the like
  size_t max_json_depth = 32;
  size_t max_json_nodes = 1'000'000;
};

}  // namespace weft
