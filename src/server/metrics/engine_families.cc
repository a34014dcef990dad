#include "server/metrics/engine_families.h"

namespace weft {
namespace {

using Label = prometheus::ClientMetric::Label;

class FamilyList {
 public:
  explicit FamilyList(const std::string& model_name) : model_name_(model_name) {}

  void gauge(const char* name, const char* help, double value, std::vector<Label> labels = {}) {
    prometheus::ClientMetric metric = labelled(std::move(labels));
    metric.gauge.value = value;
    add(name, help, prometheus::MetricType::Gauge, std::move(metric));
  }

  void counter(const char* name, const char* help, uint64_t value, std::vector<Label> labels = {}) {
    prometheus::ClientMetric metric = labelled(std::move(labels));
    metric.counter.value = static_cast<double>(value);
    add(name, help, prometheus::MetricType::Counter, std::move(metric));
  }

  std::vector<prometheus::MetricFamily> take() { return std::move(families_); }

 private:
  prometheus::ClientMetric labelled(std::vector<Label> labels) const {
    prometheus::ClientMetric metric;
    metric.label = {{"model_name", model_name_}, {"engine", "0"}};
    for (Label& label : labels) metric.label.push_back(std::move(label));
    return metric;
  }

  void add(const char* name, const char* help, prometheus::MetricType type, prometheus::ClientMetric metric) {
    std::string full_name = std::string("vllm:") + name;
    if (families_.empty() || families_.back().name != full_name) {
      families_.push_back({.name = full_name, .help = help, .type = type});
    }
    families_.back().metric.push_back(std::move(metric));
  }

  const std::string& model_name_;
  std::vector<prometheus::MetricFamily> families_;
};

double share(uint64_t part, uint64_t whole) {
  return whole == 0 ? 0.0 : static_cast<double>(part) / static_cast<double>(whole);
}

}  // namespace

std::vector<prometheus::MetricFamily> engine_families(const EngineMetrics& stats, const std::string& model_name) {
  FamilyList list(model_name);
  list.gauge("num_requests_running", "Requests in the batch.", static_cast<double>(stats.num_running));
  list.gauge("num_requests_waiting", "Requests accepted and not in the batch.", static_cast<double>(stats.num_waiting));
  list.gauge("num_requests_waiting_by_reason", "Waiting requests, by what they wait for.",
             static_cast<double>(stats.num_waiting), {{"reason", "capacity"}});
  list.gauge("kv_cache_usage_perc", "Share of KV pages in use, 0 to 1.", stats.kv_usage);
  list.gauge("gpu_cache_usage_perc", "Deprecated name of kv_cache_usage_perc.", stats.kv_usage);
  list.gauge(
      "cache_config_info", "Size of the KV cache.", 1,
      {{"block_size", std::to_string(stats.page_tokens)}, {"num_gpu_blocks", std::to_string(stats.num_kv_pages)}});
  list.counter("prefix_cache_queries_total", "Prompt tokens looked up in the prefix cache.", stats.prefix_query_tokens);
  list.counter("prefix_cache_hits_total", "Prompt tokens found in the prefix cache.", stats.prefix_hit_tokens);
  list.counter("gpu_prefix_cache_queries_total", "Deprecated name of prefix_cache_queries.", stats.prefix_query_tokens);
  list.counter("gpu_prefix_cache_hits_total", "Deprecated name of prefix_cache_hits.", stats.prefix_hit_tokens);
  list.gauge("gpu_prefix_cache_hit_rate", "Share of prompt tokens found in the prefix cache, since the start.",
             share(stats.prefix_hit_tokens, stats.prefix_query_tokens));
  list.counter("num_preemptions_total", "Times that a request was put back to free its KV pages.",
               stats.num_preemptions);
  list.counter("prompt_tokens_total", "Prompt tokens of admitted requests.", stats.prompt_tokens);
  list.counter("prompt_tokens_by_source_total", "Prompt tokens, by where their KV came from.",
               stats.prompt_tokens - stats.cached_prompt_tokens, {{"source", "local_compute"}});
  list.counter("prompt_tokens_by_source_total", "", stats.cached_prompt_tokens, {{"source", "local_cache_hit"}});
  list.counter("prompt_tokens_cached_total", "Prompt tokens that were not computed again.", stats.cached_prompt_tokens);
  list.counter("generation_tokens_total", "Generated tokens.", stats.generation_tokens);
  return list.take();
}

}  // namespace weft
