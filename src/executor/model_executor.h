// The executor that runs a real model on this machine's CPU.
#pragma once

#include <memory>

#include "base/status.h"
#include "executor/executor.h"
#include "executor/model_runner.h"

namespace weft {

struct ModelExecutorConfig {
  int32_t max_rows = 0;             // sequences that run at a time
  int32_t max_steps_in_flight = 1;  // tests and the simulator also use 2
};

// Takes the runner. Its pool does all work; the calling thread is worker 0.
std::unique_ptr<Executor> make_model_executor(std::unique_ptr<ModelRunner> runner, const ModelExecutorConfig& config);

}  // namespace weft
