// What the word MODEL on the command line stands for.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "base/status.h"
#include "frontend/text_model.h"

namespace weft {

struct ModelSource {
  std::filesystem::path path;   // a .gguf file, or a directory with config.json
  std::string name;             // served under this name unless told otherwise
  GenerationDefaults defaults;  // that its makers advise, where its files don't say them
};

// A .gguf file, a directory, or a name of the demo table. The error says what works.
Result<ModelSource> resolve_model(std::string_view model);

// Where demo models are kept: $WEFT_MODELS, else ~/.cache/weft/models.
std::filesystem::path models_directory();

}  // namespace weft
