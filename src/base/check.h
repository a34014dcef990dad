// CHECK: an invariant that only a programmer can break. On in every build; never reachable from input.
#pragma once

namespace weft {

[[noreturn]] void check_failed(const char* file, int line, const char* condition);

}  // namespace weft

#define CHECK(condition) \
  (static_cast<bool>(condition) ? static_cast<void>(0) : ::weft::check_failed(__FILE__, __LINE__, #condition))

#ifdef NDEBUG
#define DCHECK(condition) static_cast<void>(sizeof(!(condition)))
#else
#define DCHECK(condition) CHECK(condition)
#endif
