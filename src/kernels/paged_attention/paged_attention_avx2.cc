// The body needs the lanes before it.
// clang-format off
#include "kernels/cpu_core/lanes_avx2.h"
#include "kernels/cpu_core/lanes_math.h"
#include "kernels/paged_attention/paged_attention_body.h"
// clang-format on

namespace weft {

void attention_tile_avx2(const AttentionTile& tile) { compute_tile_of_size<6>(tile); }

void attention_merge_avx2(const AttentionTile& tile) { merge_tile(tile); }

}  // namespace weft
