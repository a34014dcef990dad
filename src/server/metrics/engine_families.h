// EngineStats as Prometheus families, made anew at each scrape.
#pragma once

#include <prometheus/metric_family.h>

#include <string>
#include <vector>

#include "server/metrics/engine_stats.h"

namespace weft {

std::vector<prometheus::MetricFamily> engine_families(const EngineStats& stats, const std::string& model_name);

}  // namespace weft
