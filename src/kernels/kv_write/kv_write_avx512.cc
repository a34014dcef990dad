#include "kernels/cpu_core/lanes_avx512.h"
// The body needs the lanes, so the order of these includes is fixed.

#include "kernels/kv_write/kv_write_body.h"

namespace weft {

void kv_write_rows_avx512(const KvWriteArgs& args, int64_t begin, int64_t end) { kv_write_rows(args, begin, end); }

}  // namespace weft
