#include "kernels/cpu_core/half.h"
#include "kernels/kv_write/kv_write_args.h"

namespace weft {

void kv_write_rows_ref(const KvWriteArgs& args, int64_t begin, int64_t end) {
  int64_t head_dim = args.kv.head_dim;
  for (int64_t token = begin; token < end; ++token) {
    int64_t page = args.slots[token] / kPageTokens;
    int64_t offset = args.slots[token] % kPageTokens;
    uint16_t* keys = reinterpret_cast<uint16_t*>(args.kv.base + page * args.kv.page_stride_bytes);
    for (int64_t head = 0; head < args.kv.num_kv_heads; ++head, keys += 2 * kPageTokens * head_dim) {
      uint16_t* values = keys + kPageTokens * head_dim;
      for (int64_t d = 0; d < head_dim; ++d) {
        keys[d * kPageTokens + offset] = float_to_half(args.k[token * args.k_stride + head * head_dim + d]);
        values[offset * head_dim + d] = float_to_half(args.v[token * args.v_stride + head * head_dim + d]);
      }
    }
  }
}

}  // namespace weft
