#include "repository/model_source.h"

#include <cstdlib>
#include <vector>

namespace weft {
namespace {

struct DemoModel {
  std::string_view name;
  std::string_view file;     // in models_directory()
  float temperature, top_p;  // advised on its model card: small models ramble at temperature 1
};

constexpr DemoModel kDemoModels[] = {{"smollm2", "SmolLM2-135M-Instruct.Q4_1.gguf", 0.2f, 0.9f}};

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

}  // namespace

std::filesystem::path models_directory() {
  std::string set = environment("WEFT_MODELS");
  return set.empty() ? std::filesystem::path(environment("HOME")) / ".cache/weft/models" : std::filesystem::path(set);
}

Result<ModelSource> resolve_model(std::string_view model) {
  for (const DemoModel& demo : kDemoModels) {
    if (demo.name != model) continue;
    auto path = models_directory() / demo.file;
    if (std::filesystem::exists(path)) {
      return ModelSource{path, std::string(demo.name), {.temperature = demo.temperature, .top_p = demo.top_p}};
    }
    return make_error(ErrorCode::kNotFound, "The demo model {} is not in {} yet. ./quickstart --no-serve fetches it.",
                      demo.name, models_directory().string());
  }
  std::filesystem::path path(model);
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored)) {
    auto name = std::filesystem::weakly_canonical(path, ignored).filename().string();
    return ModelSource{.path = path, .name = name};
  }
  if (std::filesystem::exists(path, ignored)) return ModelSource{.path = path, .name = path.stem().string()};
  std::vector<std::string_view> demos;
  for (const DemoModel& demo : kDemoModels) demos.push_back(demo.name);
  std::string hint =
      model.find('/') != std::string_view::npos && model.front() != '/' && model.front() != '.'
          ? " Names of a model hub are not downloaded by this version: download the model and give its path."
          : "";
  return make_error(
      ErrorCode::kNotFound,
      "There is no model '{}'. Give a .gguf file, a directory with config.json and safetensors, or a demo "
      "model ({}).{}",
      model, fmt::join(demos, ", "), hint);
}

}  // namespace weft
