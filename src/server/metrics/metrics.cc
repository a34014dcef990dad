#include "server/metrics/metrics.h"

#include <prometheus/counter.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <array>
#include <sstream>

#include "server/metrics/engine_families.h"

namespace weft {
namespace {

using Buckets = prometheus::Histogram::BucketBoundaries;

// The bounds of vLLM's histograms: its dashboards compute quantiles from them.
const Buckets kFirstTokenBuckets() {
  return {0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1,  0.25,  0.5,   0.75,
          1.0,   2.5,   5.0,  7.5,  10.0, 20.0, 40.0, 80.0, 160.0, 640.0, 2560.0};
}
const Buckets kTokenGapBuckets() {
  return {0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0, 20.0, 40.0, 80.0};
}
const Buckets kLatencyBuckets() {
  return {0.3,  0.5,  0.8,  1.0,  1.5,   2.0,   2.5,   5.0,   10.0,   15.0,  20.0,
          30.0, 40.0, 50.0, 60.0, 120.0, 240.0, 480.0, 960.0, 1920.0, 7680.0};
}
const Buckets kTokenCountBuckets() {
  return {1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10'000, 20'000, 50'000, 100'000, 200'000};
}
const Buckets kChoiceBuckets() { return {1, 2, 5, 10, 20}; }

// Methods are the client's words; only known ones become a label.
std::string_view method_label(std::string_view method) {
  for (std::string_view known : {"GET", "POST", "HEAD", "OPTIONS", "PUT", "DELETE", "PATCH"}) {
    if (method == known) return known;
  }
  return "other";
}

}  // namespace

struct Metrics::Histograms {
  Histograms(prometheus::Registry& registry, const std::string& model_name) {
    auto add = [&](const char* name, const char* help, const Buckets& buckets) {
      auto& family = prometheus::BuildHistogram().Name(std::string("vllm:") + name).Help(help).Register(registry);
      return &family.Add({{"model_name", model_name}, {"engine", "0"}}, buckets);
    };
    first_token =
        add("time_to_first_token_seconds", "From a request's arrival to its first token.", kFirstTokenBuckets());
    token_gap = add("inter_token_latency_seconds", "Between two tokens of one choice.", kTokenGapBuckets());
    old_token_gap =
        add("time_per_output_token_seconds", "Deprecated name of inter_token_latency_seconds.", kTokenGapBuckets());
    mean_token_gap =
        add("request_time_per_output_token_seconds", "Mean time between tokens of a request.", kTokenGapBuckets());
    end_to_end = add("e2e_request_latency_seconds", "From a request's arrival to its last token.", kLatencyBuckets());
    decode = add("request_decode_time_seconds", "From a request's first token to its last.", kLatencyBuckets());
    prompt_tokens = add("request_prompt_tokens", "Tokens of a prompt.", kTokenCountBuckets());
    generation_tokens = add("request_generation_tokens", "Tokens generated for a prompt.", kTokenCountBuckets());
    params_n = add("request_params_n", "The parameter n.", kChoiceBuckets());
    max_tokens = add("request_params_max_tokens", "The parameter max_tokens, where it is set.", kTokenCountBuckets());
    max_generation =
        add("request_max_num_generation_tokens", "The most tokens that a request may generate.", kTokenCountBuckets());
  }
  prometheus::Histogram *first_token, *token_gap, *old_token_gap, *mean_token_gap, *end_to_end, *decode, *prompt_tokens,
      *generation_tokens, *params_n, *max_tokens, *max_generation;
};

std::shared_ptr<Metrics> Metrics::create(std::string model_name) {
  return std::shared_ptr<Metrics>(new Metrics(std::move(model_name)));
}

Metrics::Metrics(std::string model_name)
    : model_name_(std::move(model_name)), registry_(std::make_unique<prometheus::Registry>()) {
  histograms_ = std::make_unique<Histograms>(*registry_, model_name_);
  http_requests_ =
      &prometheus::BuildCounter().Name("http_requests_total").Help("Answered HTTP requests.").Register(*registry_);
  finished_ = &prometheus::BuildCounter()
                   .Name("vllm:request_success_total")
                   .Help("Finished choices, by reason.")
                   .Register(*registry_);
  for (const char* reason : {"stop", "length", "abort", "error"}) count_finished(reason);
}

Metrics::~Metrics() = default;

void Metrics::set_engine_metrics(std::function<EngineMetrics()> source) {
  std::lock_guard lock(mutex_);
  engine_metrics_ = std::move(source);
}

RequestObservation Metrics::begin_request() { return RequestObservation(shared_from_this()); }

void Metrics::count_http_request(std::string_view handler, std::string_view method, int status) {
  http_requests_
      ->Add({{"handler", std::string(handler)},
             {"method", std::string(method_label(method))},
             {"status", std::to_string(status)}})
      .Increment();
}

void Metrics::count_finished(std::string_view reason) {
  finished_->Add({{"model_name", model_name_}, {"engine", "0"}, {"finished_reason", std::string(reason)}}).Increment();
}

std::string Metrics::render() const {
  std::function<EngineMetrics()> source;
  {
    std::lock_guard lock(mutex_);
    source = engine_metrics_;
  }
  std::vector<prometheus::MetricFamily> families = engine_families(source ? source() : EngineMetrics(), model_name_);
  for (auto& family : registry_->Collect()) families.push_back(std::move(family));
  std::ostringstream out;
  prometheus::TextSerializer().Serialize(out, families);
  return out.str();
}

RequestObservation::RequestObservation(std::shared_ptr<Metrics> metrics)
    : metrics_(std::move(metrics)), arrived_(metrics_->clock_.now()) {}

void RequestObservation::on_submit(int64_t n, std::optional<int64_t> max_tokens, size_t num_prompts) {
  for (size_t i = 0; i < num_prompts; ++i) {
    metrics_->histograms_->params_n->Observe(static_cast<double>(n));
    if (!max_tokens) continue;
    metrics_->histograms_->max_tokens->Observe(static_cast<double>(*max_tokens));
    metrics_->histograms_->max_generation->Observe(static_cast<double>(*max_tokens));
  }
}

void RequestObservation::on_start(int64_t num_prompt_tokens) {
  metrics_->histograms_->prompt_tokens->Observe(static_cast<double>(num_prompt_tokens));
}

void RequestObservation::on_delta(size_t prompt, const TextDelta& delta) {
  Nanos now = metrics_->clock_.now();
  Metrics::Histograms& histograms = *metrics_->histograms_;
  if (delta.finish == FinishReason::kStop) metrics_->count_finished("stop");
  if (delta.finish == FinishReason::kLength) metrics_->count_finished("length");
  if (delta.finish == FinishReason::kAbort) metrics_->count_finished("abort");
  if (delta.tokens.empty()) return;
  if (first_token_ == 0) {
    first_token_ = now;
    histograms.first_token->Observe(to_seconds(now - arrived_));
  }
  auto [last, is_first] = last_token_.try_emplace({prompt, delta.choice}, now);
  if (is_first) return;
  double gap = to_seconds(now - last->second) / static_cast<double>(delta.tokens.size());
  for (size_t i = 0; i < delta.tokens.size(); ++i) {
    histograms.token_gap->Observe(gap);
    histograms.old_token_gap->Observe(gap);
  }
  last->second = now;
}

void RequestObservation::on_end(const Usage& usage) {
  Nanos now = metrics_->clock_.now();
  Metrics::Histograms& histograms = *metrics_->histograms_;
  histograms.generation_tokens->Observe(static_cast<double>(usage.completion_tokens));
  histograms.end_to_end->Observe(to_seconds(now - arrived_));
  if (first_token_ == 0) return;
  double decode = to_seconds(now - first_token_);
  histograms.decode->Observe(decode);
  if (usage.completion_tokens > 1) {
    histograms.mean_token_gap->Observe(decode / static_cast<double>(usage.completion_tokens - 1));
  }
}

void RequestObservation::on_error() { metrics_->count_finished("error"); }
void RequestObservation::on_abort() { metrics_->count_finished("abort"); }

}  // namespace weft
