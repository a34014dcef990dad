// The JSON files of a Hugging Face model directory as metadata.
#pragma once

#include <string_view>

#include "base/limits.h"
#include "base/status.h"
#include "model_files/metadata.h"

namespace weft {

// Adds every value of a JSON object to `metadata`, nested names joined by dots behind `prefix` ("rope_scaling.factor").
// Arrays of one kind become vectors; other arrays get a name per element ("chat_template.0.name"). null is left out.
Status add_json(Metadata& metadata, std::string_view prefix, std::string_view json, const FileLimits& limits = {});

}  // namespace weft
