// Which instruction sets this CPU and operating system offer.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/status.h"

namespace weft {

// Each level includes those before it. kAvx2: AVX2 + FMA + F16C. kAvx512: F, BW, VL, DQ and VNNI.
enum class Isa { kScalar, kAvx2, kAvx512 };

std::string_view isa_name(Isa isa);

// The best level that this machine can run.
Isa detect_isa();

// All levels that this machine can run, the lowest first. Tests and --isa iterate over it.
std::span<const Isa> available_isas();

// "auto", "scalar", "avx2" or "avx512"; an error when unknown or not available here.
Result<Isa> parse_isa(std::string_view name);

// E.g. "AMD EPYC"; "unknown CPU" when the system does not tell.
std::string cpu_model_name();

// CPUs that this process may use: affinity mask and cgroup quota, at least 1.
int usable_cpus();

}  // namespace weft
