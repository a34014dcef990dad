#include "machine/memory.h"

#include <algorithm>
#include <fstream>
#include <limits>
#include <string>

namespace weft {
namespace {

int64_t read_number(const char* path, int64_t fallback) {
  std::ifstream file(path);
  int64_t value;
  return file >> value ? value : fallback;  // "max" is not a number: no limit
}

}  // namespace

int64_t available_memory_bytes() {
  int64_t available = std::numeric_limits<int64_t>::max();
  std::ifstream file("/proc/meminfo");
  for (std::string name; file >> name;) {
    if (name == "MemAvailable:") {
      file >> available;
      available *= 1024;
      break;
    }
    std::getline(file, name);
  }
  int64_t limit = read_number("/sys/fs/cgroup/memory.max", -1);
  if (limit > 0) available = std::min(available, limit - read_number("/sys/fs/cgroup/memory.current", 0));
  return std::max<int64_t>(available, 0);
}

}  // namespace weft
