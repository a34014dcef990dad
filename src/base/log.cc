#include "base/log.h"

#include <spdlog/sinks/stdout_color_sinks.h>

namespace weft {

void init_log(const char* level) {
  auto logger = spdlog::stderr_color_mt("weft");
  logger->set_pattern("%Y-%m-%d %H:%M:%S.%e %^%L%$ %v");
  logger->set_level(spdlog::level::from_str(level));
  spdlog::set_default_logger(std::move(logger));
}

}  // namespace weft
