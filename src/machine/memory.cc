#include "machine/memory.h"

#include <sys/resource.h>
#include <unistd.h>

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

// What `ulimit -v` leaves to this process.
int64_t address_space_left() {
  rlimit limit{};
  if (getrlimit(RLIMIT_AS, &limit) != 0 || limit.rlim_cur > std::numeric_limits<int64_t>::max()) {
    return std::numeric_limits<int64_t>::max();  // RLIM_INFINITY
  }
  int64_t pages = read_number("/proc/self/statm", 0);  // its first number: the size of the address space
  return static_cast<int64_t>(limit.rlim_cur) - pages * sysconf(_SC_PAGESIZE);
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
  available = std::min(available, address_space_left());
  return std::max<int64_t>(available, 0);
}

}  // namespace weft
