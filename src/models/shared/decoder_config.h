// The part of a configuration that all decoder-only families spell alike.
#pragma once

#include <string_view>

#include "base/status.h"
#include "layers/model_config.h"
#include "model_files/metadata.h"

namespace weft {

// Sizes, norms and rotary base, from Hugging Face's config.json names or a GGUF's "<prefix>." names. Layers all belong
// to cache group 0, which sees everything. Every number is checked to be positive and within what kernels can take.
Result<ModelConfig> parse_decoder_config(const Metadata& metadata, std::string_view gguf_prefix);

}  // namespace weft
