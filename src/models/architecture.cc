#include "models/architecture.h"

#include <algorithm>

namespace weft {

Result<const Architecture*> find_architecture(const ModelFiles& files) {
  TRY_ASSIGN(std::string name, files.architecture());
  std::vector<std::string_view> known;
  for (const Architecture* architecture : architectures()) {
    if (name == architecture->gguf_name || name == architecture->hf_class) return architecture;
    known.push_back(files.format() == ModelFormat::kGguf ? architecture->gguf_name : architecture->hf_class);
  }
  return make_error(ErrorCode::kUnsupported, "{} is a model of architecture '{}'. This version runs: {}.",
                    files.path().string(), name, fmt::join(known, ", "));
}

Result<std::shared_ptr<const DecoderModel>> load_model(const Architecture& architecture, const ModelFiles& files,
                                                       int32_t max_positions, ComputePool& pool) {
  auto model = std::make_shared<DecoderModel>();
  auto config = architecture.parse_config(files.metadata());
  if (!config) return in_context(files.path().string(), std::move(config).take_error());
  model->config = std::move(config).value();
  TRY(load_decoder_weights(files, model->config, architecture.weights, pool, model->weights));
  int32_t positions =
      max_positions > 0 ? std::min(max_positions, model->config.max_positions) : model->config.max_positions;
  for (const RopeConfig& rope : model->config.ropes) {
    TRY_ASSIGN(RopeTable table, RopeTable::build(model->config.head_dim, rope.base, positions, rope.scaling,
                                                 model->weights.rope_divisors));
    model->ropes.push_back(std::move(table));
  }
  return std::shared_ptr<const DecoderModel>(std::move(model));
}

}  // namespace weft
