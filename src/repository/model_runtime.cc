#include "repository/model_runtime.h"

#include <algorithm>
#include <new>
#include <system_error>

namespace weft {

namespace {

Result<ModelRuntime> load_runtime(std::string_view model, int threads, std::string_view isa, int32_t max_positions) {
  ModelRuntime runtime;
  TRY_ASSIGN(runtime.isa, parse_isa(isa));
  TRY_ASSIGN(runtime.source, resolve_model(model));
  runtime.pool = std::make_unique<ComputePool>(threads > 0 ? threads : usable_cpus());
  TRY_ASSIGN(runtime.model, load_model_files(runtime.source.path, max_positions, *runtime.pool));
  return runtime;
}

}  // namespace

Result<ModelRuntime> ModelRuntime::load(std::string_view model, int threads, std::string_view isa,
                                        int32_t max_positions) {
  try {
    return load_runtime(model, threads, isa, max_positions);
  } catch (const std::bad_alloc&) {
    return make_error(ErrorCode::kResourceExhausted,
                      "There is not enough memory to load {}. Free some, or take a smaller model.", model);
  } catch (const std::system_error& error) {  // std::thread
    return make_error(ErrorCode::kResourceExhausted, "The compute threads can't be started: {}. Give fewer --threads.",
                      error.code().message());
  }
}

Result<std::unique_ptr<ModelRunner>> ModelRuntime::make_runner_for_tokens(int64_t tokens, int32_t rows,
                                                                          int64_t max_step_tokens) const {
  CacheSpec spec = ModelRunner::make_cache_spec(model->decoder->config, model->files.identity());
  auto pages = static_cast<int32_t>((tokens + kPageTokens - 1) / kPageTokens * rows);
  std::vector<int32_t> num_pages(spec.groups.size(), pages);
  return ModelRunner::create(*model->architecture, model->decoder, std::move(spec), std::move(num_pages),
                             max_step_tokens, *pool, isa);
}

Result<std::unique_ptr<ModelRunner>> ModelRuntime::make_runner_for_bytes(int64_t bytes, int32_t rows,
                                                                         int64_t max_step_tokens) const {
  CacheSpec spec = ModelRunner::make_cache_spec(model->decoder->config, model->files.identity());
  TRY_ASSIGN(std::vector<int32_t> num_pages, divide_cache_memory(spec, bytes, rows, max_step_tokens));
  return ModelRunner::create(*model->architecture, model->decoder, std::move(spec), std::move(num_pages),
                             max_step_tokens, *pool, isa);
}

}  // namespace weft
