// A loaded model together with the threads that run it: what every command needs before it does its own thing.
#pragma once

#include <memory>
#include <string_view>

#include "base/status.h"
#include "machine/compute_pool.h"
#include "machine/cpu_features.h"
#include "repository/loaded_model.h"
#include "repository/model_source.h"

namespace weft {

struct ModelRuntime {
  ModelSource source;
  Isa isa = Isa::kScalar;
  std::unique_ptr<ComputePool> pool;
  std::shared_ptr<const LoadedModel> model;

  // `model`: see resolve_model(); `threads`: 0 for all usable CPUs; `isa`: see parse_isa(); `max_positions`: tokens of
  // context that are prepared for, 0 for the model's own.
  static Result<ModelRuntime> load(std::string_view model, int threads, std::string_view isa,
                                   int32_t max_positions = 0);

  // A runner with cache memory for `rows` sequences of `tokens` tokens each.
  Result<std::unique_ptr<ModelRunner>> make_runner_for_tokens(int64_t tokens, int32_t rows,
                                                              int64_t max_step_tokens) const;
  // A runner whose cache takes `bytes`.
  Result<std::unique_ptr<ModelRunner>> make_runner_for_bytes(int64_t bytes, int32_t rows,
                                                             int64_t max_step_tokens) const;
};

}  // namespace weft
