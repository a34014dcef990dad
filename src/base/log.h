// The process's log: lines on stderr, "2026-11-21 10:00:00.000 I message". LOG(info, "loaded {}", name).
// Prompts, outputs and keys are never logged.
#pragma once

#include <spdlog/spdlog.h>

namespace weft {

// Sets up the sink and the level ("debug", "info", "warn", "error"). Call once, from main().
void init_log(const char* level);

}  // namespace weft

#define LOG(level, ...) ::spdlog::level(__VA_ARGS__)
