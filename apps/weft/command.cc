#include "apps/weft/command.h"

#include <cstdio>

namespace weft {

int report_error(const Error& error) {
  std::fprintf(stderr, "weft: %s\n", error.message.c_str());
  return error.param.empty() ? kExitFailure : kExitUsage;
}

void ComputeFlags::add_to(CLI::App& command) {
  command.add_option("MODEL", model, ".gguf file, directory with config.json and safetensors, or 'smollm2'")
      ->required();
  command.add_option("--threads", threads, "Compute threads; 0: all CPUs that this process may use")
      ->check(CLI::Range(0, 256))
      ->capture_default_str();
  command.add_option("--device", device, "Where to compute; auto: the CPU, in this version")
      ->check(CLI::IsMember({"auto", "cpu"}))
      ->capture_default_str();
  command.add_option("--isa", isa, "Kernels to run; all give the same bits")
      ->check(CLI::IsMember({"auto", "scalar", "avx2", "avx512"}))
      ->capture_default_str();
}

}  // namespace weft
