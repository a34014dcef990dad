// weft eval: perplexity of a text, or a teacher-forced comparison with a golden.
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <memory>

#include "apps/weft/command.h"
#include "evaluate/perplexity.h"
#include "evaluate/teacher.h"
#include "repository/model_runtime.h"

namespace weft {
namespace {

constexpr int32_t kStepTokens = 512;
constexpr size_t kMaxTextBytes = size_t{1} << 30;

struct EvalFlags {
  ComputeFlags compute;
  std::string text_file;
  std::string teacher_file;
  std::string precision = "exact";
  int32_t context = 512;
};

Status run_perplexity(const EvalFlags& flags, const LoadedModel& model, ModelRunner& runner) {
  TRY_ASSIGN(std::string text, read_text_file(flags.text_file, kMaxTextBytes));
  std::vector<int32_t> ids = model.tokenizer->encode(text);
  std::vector<int32_t> first = model.tokenizer->encode("");  // what the model puts in front of every text
  std::optional<TokenId> bos;
  if (!first.empty()) bos = first.front();
  TRY_ASSIGN(
      Perplexity result,
      perplexity(runner, ids, flags.context, bos, [](int64_t window, int64_t num_windows, const Perplexity& so_far) {
        std::printf("[%ld]%.4f,%s", window, std::exp(so_far.mean_nll), window == num_windows ? "\n" : "");
        std::fflush(stdout);
      }));
  std::printf("Final estimate: PPL = %.4f +/- %.5f\n", std::exp(result.mean_nll), result.error);
  return {};
}

Status run_teacher(const std::string& path, ModelRunner& runner) {
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored)) return make_error(ErrorCode::kNotFound, "{} is a directory", path);
  std::ifstream file(path);
  if (!file) return make_error(ErrorCode::kNotFound, "cannot open {}", path);
  int64_t number = 0;
  for (std::string line; std::getline(file, line);) {
    ++number;
    if (line.empty()) continue;
    auto answer = teacher_line(runner, line);
    if (!answer) return in_context(fmt::format("{} line {}", path, number), std::move(answer).take_error());
    std::cout << *answer << "\n";
  }
  return {};
}

Status run_eval(const EvalFlags& flags) {
  if (flags.text_file.empty() == flags.teacher_file.empty()) {
    return param_error("file", "Give either a text FILE or --teacher FILE.jsonl, and not both.");
  }
  TRY_ASSIGN(auto runtime, ModelRuntime::load(flags.compute.model, flags.compute.threads, flags.compute.isa));
  const ModelConfig& config = runtime.model->decoder->config;
  // The whole context for the teacher, whose lines are not known yet; memory is only touched where it is used.
  int32_t length = flags.teacher_file.empty() ? flags.context : config.max_positions;
  TRY_ASSIGN(auto runner, runtime.make_runner_for_tokens(length, 1, std::min(length, kStepTokens)));
  if (!flags.teacher_file.empty()) return run_teacher(flags.teacher_file, *runner);
  return run_perplexity(flags, *runtime.model, *runner);
}

}  // namespace

void add_eval_command(CLI::App& app, int& exit_code) {
  auto flags = std::make_shared<EvalFlags>();
  CLI::App* command =
      app.add_subcommand("eval", "Perplexity of a text, or comparison with a teacher's log-probabilities");
  flags->compute.add_to(*command);
  command->add_option("FILE", flags->text_file, "Text whose perplexity is measured");
  command->add_option("-c,--context", flags->context, "Tokens per window; the second half of each is scored")
      ->check(CLI::Range(4, 1 << 20))
      ->capture_default_str();
  command->add_option(
      "--teacher", flags->teacher_file,
      "Lines {\"ids\":[..],\"positions\":[..]}; prints {\"nll\":[..],\"top\":[[[id,logprob] x 200] ..]}");
  command->add_option("--precision", flags->precision, "Arithmetic; exact is the only one so far")
      ->check(CLI::IsMember({"exact"}))
      ->capture_default_str();
  command->callback([flags, &exit_code] {
    if (Status status = run_eval(*flags); !status) exit_code = report_error(status.error());
  });
}

}  // namespace weft
