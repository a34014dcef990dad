// weft bench model: how fast this machine runs a model, beside what it could do at most.
#include <algorithm>
#include <cstdio>
#include <memory>

#include "apps/weft/command.h"
#include "base/json.h"
#include "bench/model_benchmark.h"
#include "executor/model_executor.h"
#include "repository/model_runtime.h"

namespace weft {
namespace {

struct BenchFlags {
  ComputeFlags compute;
  ModelBenchConfig config;
  bool json = false;
};

size_t matrix_bytes(const DecoderWeights& weights) {
  size_t bytes = 0;
  for (const LayerWeights& layer : weights.layers) {
    for (const PackedMatrix* matrix : {&layer.q, &layer.k, &layer.v, &layer.o, &layer.gate, &layer.up, &layer.down}) {
      bytes += matrix->bytes();
    }
  }
  return bytes;
}

ModelCost cost_of(const DecoderModel& model, const CacheSpec& spec) {
  const ModelConfig& c = model.config;
  double layer_products = double{2} * c.q_size() * c.hidden_size + double{2} * c.kv_size() * c.hidden_size +
                          double{3} * c.ffn_size * c.hidden_size;
  ModelCost cost;
  cost.weight_bytes = static_cast<double>(matrix_bytes(model.weights) + model.weights.output().bytes());
  cost.ops_per_token = 2 * layer_products * c.num_layers;
  cost.head_ops_per_row = double{2} * c.vocab_size * c.hidden_size;
  cost.products_per_op = model.weights.layers[0].down.is_quantised() ? 2 : 1;
  for (const CacheGroup& group : spec.groups) {
    cost.kv_bytes_per_token += static_cast<double>(group.page_bytes) / kPageTokens;
  }
  return cost;
}

void print_row(const ModelBenchResult& r) {
  std::printf("| %-7s | %6d | %6d | %5d | %10.1f | %6.1f %% |\n", r.kind.c_str(), r.prompt + r.decode, r.depth, r.batch,
              r.tokens_per_s, r.percent_of_roof);
  std::fflush(stdout);
}

JsonObject to_json(const ModelBenchResult& r) {
  return {{"kind", r.kind},
          {"prompt", r.prompt},
          {"decode", r.decode},
          {"depth", r.depth},
          {"batch", r.batch},
          {"tokens_per_s", r.tokens_per_s},
          {"percent_of_roof", r.percent_of_roof}};
}

// Positions beyond the model's context would be computed, but nobody serves them.
Status check_context(const ModelBenchConfig& config, int32_t context) {
  auto largest = [](const std::vector<int32_t>& values) { return *std::max_element(values.begin(), values.end()); };
  int64_t measured = std::max(largest(config.prompt_lengths), config.decode_length);
  if (largest(config.depths) + measured <= context) return {};
  return param_error("depth", "A run of {} tokens at depth {} does not fit into the model's context of {} tokens.",
                     measured, largest(config.depths), context);
}

Status run_bench(const BenchFlags& flags) {
  TRY_ASSIGN(auto runtime, ModelRuntime::load(flags.compute.model, flags.compute.threads, flags.compute.isa));
  const DecoderModel& model = *runtime.model->decoder;
  TRY(check_context(flags.config, model.config.max_positions));
  Roofs roofs = measure_roofs(*runtime.pool, runtime.isa);
  TRY_ASSIGN(auto runner,
             runtime.make_runner_for_tokens(bench_cache_tokens(flags.config), 1, flags.config.max_step_tokens));
  ModelCost cost = cost_of(model, runner->cache_spec());
  int32_t rows = *std::max_element(flags.config.batch_sizes.begin(), flags.config.batch_sizes.end());
  auto executor = make_model_executor(std::move(runner), {.max_rows = rows});
  JsonArray results;
  if (!flags.json) {
    std::printf("%s, %d threads, %s; roof: %.1f GB/s, %.0f GOP/s (int8)\n\n", cpu_model_name().c_str(),
                runtime.pool->num_threads(), std::string(isa_name(runtime.isa)).c_str(),
                roofs.memory_bytes_per_s * 1e-9, roofs.int8_ops_per_s * 1e-9);
    std::printf("| kind    | tokens |  depth | batch |   tokens/s |  of roof |\n|---|---|---|---|---|---|\n");
  }
  TRY(run_model_bench(*executor, model.config.vocab_size, flags.config, cost, roofs, [&](const ModelBenchResult& r) {
    if (!flags.json) print_row(r);
    results.push_back(to_json(r));
  }));
  if (flags.json) {
    JsonObject machine{{"cpu", cpu_model_name()},
                       {"threads", runtime.pool->num_threads()},
                       {"isa", isa_name(runtime.isa)},
                       {"memory_bytes_per_s", roofs.memory_bytes_per_s},
                       {"int8_ops_per_s", roofs.int8_ops_per_s}};
    std::printf("%s\n", write_json(JsonObject{{"model", runtime.source.name},
                                              {"machine", std::move(machine)},
                                              {"results", std::move(results)}})
                            .c_str());
  }
  return {};
}

}  // namespace

void add_bench_command(CLI::App& app, int& exit_code) {
  auto flags = std::make_shared<BenchFlags>();
  CLI::App* command = app.add_subcommand("bench", "Measure speed");
  command->require_subcommand(1);
  CLI::App* model = command->add_subcommand("model", "Prefill and decode rates of a model in this process");
  flags->compute.add_to(*model);
  ModelBenchConfig& config = flags->config;
  auto list = [&](const char* name, std::vector<int32_t>& values, int low, const char* help) {
    model->add_option(name, values, help)->delimiter(',')->check(CLI::Range(low, 1 << 20))->capture_default_str();
  };
  list("-p,--prompt", config.prompt_lengths, 1, "Tokens of each prefill");
  list("-d,--depth", config.depths, 0, "Tokens in the cache before the measured part");
  list("-b,--batch", config.batch_sizes, 1, "Sequences side by side");
  model->add_option("-n,--decode", config.decode_length, "Tokens to generate per sequence; 0: no decode runs")
      ->check(CLI::Range(0, 1 << 20))
      ->capture_default_str();
  model->add_option("-r,--repeats", config.repeats, "Runs of each; the median is printed")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  model->add_option("--max-num-batched-tokens", config.max_step_tokens, "Token budget of a step")
      ->check(CLI::Range(1, 1 << 16))
      ->capture_default_str();
  model->add_flag("--json", flags->json, "Print one JSON object instead of a table");
  model->callback([flags, &exit_code] {
    if (Status status = run_bench(*flags); !status) exit_code = report_error(status.error());
  });
}

}  // namespace weft
