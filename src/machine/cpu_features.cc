#include "machine/cpu_features.h"

#include <sched.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <thread>

namespace weft {
namespace {

constexpr std::array kLevels = {Isa::kScalar, Isa::kAvx2, Isa::kAvx512};

// Whole CPUs of the cgroup's quota, 0 when there is none.
int cgroup_cpus() {
  std::ifstream file("/sys/fs/cgroup/cpu.max");
  std::string quota;
  double period = 0;
  if (!(file >> quota >> period) || quota == "max" || period <= 0) return 0;
  return std::max(1, static_cast<int>(std::strtod(quota.c_str(), nullptr) / period));
}

}  // namespace

std::string_view isa_name(Isa isa) {
  switch (isa) {
    case Isa::kScalar:
      return "scalar";
    case Isa::kAvx2:
      return "avx2";
    case Isa::kAvx512:
      return "avx512";
  }
  return "scalar";
}

// GCC's built-in also asks the operating system whether it saves the wide registers.
Isa detect_isa() {
  __builtin_cpu_init();
  if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma") || !__builtin_cpu_supports("f16c")) {
    return Isa::kScalar;
  }
  bool avx512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") &&
                __builtin_cpu_supports("avx512vnni");
  return avx512 ? Isa::kAvx512 : Isa::kAvx2;
}

std::span<const Isa> available_isas() { return std::span(kLevels).first(static_cast<size_t>(detect_isa()) + 1); }

Result<Isa> parse_isa(std::string_view name) {
  if (name == "auto") return detect_isa();
  for (Isa isa : kLevels) {
    if (isa_name(isa) != name) continue;
    if (isa > detect_isa()) {
      return param_error("isa", "This CPU does not have {}; the best it can run is {}.", name, isa_name(detect_isa()));
    }
    return isa;
  }
  return param_error("isa", "There is no instruction set '{}'; use auto, scalar, avx2 or avx512.", name);
}

std::string cpu_model_name() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    auto colon = line.find(": ");
    if (line.starts_with("model name") && colon != std::string::npos) return line.substr(colon + 2);
  }
  return "unknown CPU";
}

int usable_cpus() {
  cpu_set_t mask;
  int count = sched_getaffinity(0, sizeof(mask), &mask) == 0 ? CPU_COUNT(&mask)
                                                             : static_cast<int>(std::thread::hardware_concurrency());
  int quota = cgroup_cpus();
  return std::max(1, quota > 0 ? std::min(count, quota) : count);
}

}  // namespace weft
