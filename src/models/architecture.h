// What a model family is to the rest of the house. Each models/<family>.cc exports one constant of this type,
// k<Family>Architecture; the build collects them into architectures().
#pragma once

#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "layers/decoder.h"
#include "model_files/model_files.h"
#include "models/shared/weight_spec.h"

namespace weft {

struct Architecture {
  std::string_view gguf_name;  // general.architecture
  std::string_view hf_class;   // architectures[0] of config.json
  Result<ModelConfig> (*parse_config)(const Metadata& metadata);
  std::span<const WeightSpec> weights;
  // Runs the batch; hidden[i, :] becomes the final hidden state of row logit_rows[i].
  void (*forward)(const DecoderModel& model, ForwardContext& f, MatrixF hidden);
};

// All families of this build, by name.
std::span<const Architecture* const> architectures();

// The family of a model's files; kUnsupported lists the families that are supported.
Result<const Architecture*> find_architecture(const ModelFiles& files);

// Configuration, weights and rotary tables. `max_positions` limits the tables (tokens); 0: the model's own context.
Result<std::shared_ptr<const DecoderModel>> load_model(const Architecture& architecture, const ModelFiles& files,
                                                       int32_t max_positions, ComputePool& pool);

}  // namespace weft
