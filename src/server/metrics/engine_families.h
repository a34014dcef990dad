// EngineMetrics as Prometheus families, made anew at each scrape.
#pragma once

#include <prometheus/metric_family.h>

#include <string>
#include <vector>

#include "server/metrics/engine_metrics.h"

namespace weft {

std::vector<prometheus::MetricFamily> engine_families(const EngineMetrics& stats, const std::string& model_name);

}  // namespace weft
