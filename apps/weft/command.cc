#include "apps/weft/command.h"

#include <cstdio>

namespace weft {

int report_error(const Error& error) {
  std::fprintf(stderr, "weft: %s\n", error.message.c_str());
  return kExitFailure;
}

void ComputeFlags::add_to(CLI::App& command) {
  command.add_option("MODEL", model, ".gguf file, directory with config.json and safetensors, or 'smollm2'")
      ->required();
  command.add_option("--threads", threads, "Compute threads; 0: all CPUs that this process may use")
      ->check(CLI::Range(0, 256))
      ->capture_default_str();
  command.add_option("--device", device, "auto or cpu")->check(CLI::IsMember({"auto", "cpu"}))->capture_default_str();
  command.add_option("--isa", isa, "Kernels to run: auto, scalar, avx2 or avx512; all give the same bits")
      ->capture_default_str();
}

}  // namespace weft
