// weft serve: listen, load the model, answer until a signal comes, drain.
#include <pthread.h>

#include <atomic>
#include <csignal>
#include <cstdlib>
#include <ctime>
#include <memory>
#include <thread>

#include "apps/weft/command.h"
#include "apps/weft/model_flags.h"
#include "base/log.h"
#include "repository/served_model.h"
#include "server/server.h"
#include "server/web/assets.h"

namespace weft {
namespace {

constexpr Nanos kStallLimit = 30 * kNanosPerSecond;  // without progress while requests wait

struct ServeFlags {
  ComputeFlags compute;
  EngineFlags engine;
  ServerConfig server;
  std::vector<std::string> served_model_names;
  std::string tool_call_parser = "auto";
  std::string reasoning_parser = "auto";
  int drain_seconds = 30;

  ServedModelConfig model_config() const {
    ServedModelConfig config = engine.to_config(compute);
    config.tool_call_parser = tool_call_parser;
    config.reasoning_parser = reasoning_parser;
    return config;
  }
};

// Waits up to 100 ms for SIGINT or SIGTERM, which main thread and all others have blocked.
bool signal_arrived(const sigset_t& signals) {
  const timespec wait{.tv_sec = 0, .tv_nsec = 100'000'000};
  return sigtimedwait(&signals, nullptr, &wait) > 0;
}

ServiceHealth service_health(const TextServiceImpl& service) {
  weft::EngineHealth health = service.health();
  if (health.state == EngineState::kFailed) return ServiceHealth::kDead;
  return health.stalled(SteadyClock().now(), kStallLimit) ? ServiceHealth::kStalled : ServiceHealth::kOk;
}

EngineMetrics engine_metrics(const TextServiceImpl& service) {
  const SchedulerStats stats = service.stats().scheduler;
  EngineMetrics out;
  out.num_running = stats.num_running;
  out.num_waiting = static_cast<int64_t>(service.num_waiting());
  out.page_tokens = kPageTokens;
  for (const CacheGroupStats& group : stats.groups) {
    out.num_kv_pages += group.num_pages;
    out.kv_usage = std::max(out.kv_usage, static_cast<double>(group.num_in_use) / std::max(group.num_pages, 1));
  }
  out.cached_prompt_tokens = static_cast<uint64_t>(stats.counters.prefix_hits_tokens);
  out.prompt_tokens = static_cast<uint64_t>(stats.counters.prompt_tokens_computed) + out.cached_prompt_tokens;
  out.generation_tokens = static_cast<uint64_t>(stats.counters.output_tokens);
  out.num_preemptions = static_cast<uint64_t>(stats.counters.preemptions);
  out.prefix_query_tokens = static_cast<uint64_t>(stats.counters.prefix_queries_tokens);
  out.prefix_hit_tokens = out.cached_prompt_tokens;
  return out;
}

std::vector<StaticAsset> page_assets() {
  std::vector<StaticAsset> assets;
  for (const WebAsset& asset : web_assets()) {
    assets.push_back({.path = asset.path,
                      .content_type = asset.content_type,
                      .gzip = asset.gzip,
                      .etag = asset.etag,
                      .content_policy = kWebContentSecurityPolicy});
  }
  return assets;
}

// Loads the model on a thread of its own, so that probes are answered and Ctrl-C works meanwhile.
class ModelLoader {
 public:
  ModelLoader(ServedModelConfig config, Server& server)
      : thread_([this, config = std::move(config), &server] { load(config, server); }) {}
  ~ModelLoader() { thread_.join(); }

  bool finished() const { return finished_; }  // loaded, or failed to
  bool failed() const { return failed_; }
  const Error& error() const { return error_; }

 private:
  void load(const ServedModelConfig& config, Server& server) {
    auto model = ServedModel::load(config, clock_);
    if (!model) {
      error_ = std::move(model).take_error();
      failed_ = true;
      finished_ = true;
      return;
    }
    model_ = std::move(model).value();
    finished_ = true;
    auto service = model_->service;
    server.set_engine_metrics([service] { return engine_metrics(*service); });
    server.set_service_health([service] { return service_health(*service); });
    server.set_service(service);
    LOG(info, "{}", model_->description());
    LOG(info, "ready: chat at {}/ and OpenAI API at {}/v1", server.url(), server.url());
  }

  SteadyClock clock_;
  std::optional<ServedModel> model_;
  Error error_;
  std::atomic<bool> failed_ = false;
  std::atomic<bool> finished_ = false;
  std::thread thread_;
};

int serve_until_signal(const ServeFlags& flags, Server& server, const sigset_t& signals) {
  std::atomic<bool> engine_failed = false;
  ServedModelConfig config = flags.model_config();
  config.on_failure = [&](const Error& error) {
    LOG(error, "the engine failed: {}", error.message);
    engine_failed = true;
  };
  ModelLoader loader(std::move(config), server);
  while (!signal_arrived(signals)) {
    if (loader.failed()) return report_error(loader.error());
    if (engine_failed) break;
  }
  if (!loader.finished()) {
    // Loading can't be interrupted and nothing is lost yet: no answer has begun.
    LOG(info, "signal received while loading, stopping now");
    spdlog::shutdown();
    std::_Exit(kExitOk);
  }
  LOG(info, "{}, finishing the answers in progress (at most {} s; signal again to stop now)",
      engine_failed ? "stopping" : "signal received", flags.drain_seconds);
  server.begin_drain(std::chrono::seconds(flags.drain_seconds));
  std::atomic<bool> drained = false;
  std::thread waiter([&] {
    server.wait_drained();
    drained = true;
  });
  while (!drained) {
    if (signal_arrived(signals)) server.stop();
  }
  waiter.join();
  server.stop();
  return engine_failed ? kExitEngineFailed : kExitOk;
}

int run_serve(ServeFlags& flags) {
  // A wrong model is told at once, not after the port is open.
  auto source = resolve_model(flags.compute.model);
  if (!source) return report_error(source.error());
  if (auto isa = parse_isa(flags.compute.isa); !isa) return report_error(isa.error());
  if (Status names = check_parser_names(flags.model_config()); !names) return report_error(names.error());
  flags.server.served_model_names = flags.served_model_names;
  if (flags.served_model_names.empty()) flags.server.served_model_names = {source->name};
  flags.server.version = WEFT_VERSION;
  flags.server.assets = page_assets();

  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);  // before the first thread: all inherit it
  std::signal(SIGPIPE, SIG_IGN);

  Server server(flags.server);
  if (Status started = server.start(); !started) return report_error(started.error());
  LOG(info, "listening on {}, loading {}", server.url(), source->path.string());
  return serve_until_signal(flags, server, signals);
}

}  // namespace

void add_serve_command(CLI::App& app, int& exit_code) {
  auto flags = std::make_shared<ServeFlags>();
  CLI::App* command = app.add_subcommand("serve", "Serve a model: OpenAI API and chat page");
  flags->compute.add_to(*command);
  flags->engine.add_to(*command);
  command->add_option("--host", flags->server.http.host, "Address to listen on; others than loopback need --api-key")
      ->capture_default_str();
  command->add_option("--port", flags->server.http.port, "Port; 0: any free one")
      ->check(CLI::Range(0, 65535))
      ->capture_default_str();
  command->add_option("--served-model-name", flags->served_model_names, "Name in the API; may be repeated")->take_all();
  command
      ->add_option("--allowed-host", flags->server.http.allowed_hosts,
                   "DNS name that clients may reach this server by, without --api-key; may be repeated")
      ->take_all();
  command->add_option("--api-key", flags->server.http.api_keys, "Key that requests must bring; may be repeated")
      ->take_all();
  command->add_flag("--trust-request-chat-template", flags->server.trust_request_chat_template,
                    "Take the field chat_template of requests: templates are programs, so trust your clients");
  command->add_flag("--insecure", flags->server.insecure, "Allow a non-loopback --host without --api-key");
  command->add_flag("--public-metrics", flags->server.public_metrics,
                    "Show /metrics to everybody, not only on loopback");
  command
      ->add_option("--tool-call-parser", flags->tool_call_parser,
                   "How the model writes tool calls: a name of docs/tool_calls.md, none, or auto: by its chat template")
      ->capture_default_str();
  command
      ->add_option(
          "--reasoning-parser", flags->reasoning_parser,
          "How the model marks its reasoning: a name of docs/tool_calls.md, none, or auto: by its chat template")
      ->capture_default_str();
  command->add_option("--drain-seconds", flags->drain_seconds, "Time that answers get to finish after SIGTERM")
      ->check(CLI::Range(0, 3600))
      ->capture_default_str();
  command->callback([flags, &exit_code] { exit_code = run_serve(*flags); });
}

}  // namespace weft
