// Attention of a ragged batch over K and V in pages.
//
// Definition for one query row (position pos) and head; every variant, thread count, split and tiling gives its bits.
// Key j is visible iff 0 <= j <= pos and, with a window, j > pos - window. Nothing else of K and V has any effect, not
// even NaN. Keys are taken in chunks of 256 positions (0..255, 256..511, ...); chunks without a visible key are left
// out.
//   q'[d]  = q[d] * scale
//   s_j    = fma over d = 0, 1, ... of q'[d] * K[j][d], from 0; with a softcap: s_j = cap * tanh(s_j * (1 / cap))
//   per chunk, over its visible keys in ascending order:
//     m    = max s_j;  p_j = exp(s_j - m)
//     l    = sum of p_j: lane j mod 16 adds ascending, then the fixed tree (lanes + 8, + 4, + 2, + 1)
//     o[d] = fma over j of p_j * V[j][d], from 0; then + 0.0f (no negative zero, so a p_j of 0 never shows)
//   chunks in ascending order: the first gives M = m, L = l, O = o; each further one
//     N = max(M, m); a = exp(M - N); b = exp(m - N); L = fma(l, b, L * a); O[d] = fma(o[d], b, O[d] * a); M = N
//   out[d] = O[d] * (1 / L)
// exp and tanh are those of cpu_core/math.h; K and V are f16 taken to f32 exactly; p stays f32. A query row with a
// non-finite element that meets any key gives NaN in that row and head only.
#pragma once

#include <span>

#include "kernels/cpu_core/variants.h"
#include "kernels/op_context.h"
#include "kernels/paged_attention/attention_tile.h"
#include "tensor/matrix.h"

namespace weft {

// One call for one layer. B sequences; sequence b has the query rows query_start[b] <= t < query_start[b + 1] (maybe
// none), the last of which is at position kv_len[b] - 1, those before it at the positions before. K and V of these rows
// have been written already.
struct AttentionArgs {
  ConstMatrixF q;     // [T, num_heads * head_dim]
  MatrixF out;        // [T, num_heads * head_dim]; may be q
  int num_heads = 0;  // a multiple of kv.num_kv_heads; query head h reads KV head h / (num_heads / num_kv_heads)
  float scale = 1.0f;
  int32_t window = 0;          // 0: all earlier keys; else the row's own and window - 1 before it
  float logit_softcap = 0.0f;  // 0: none
  KvLayer kv;
  std::span<const int32_t> query_start;  // [B + 1]
  std::span<const int32_t> kv_len;       // [B], keys including those of this step, >= the sequence's query rows
  const int32_t* block_table = nullptr;  // [B, block_table_stride], page of positions 16 i .. 16 i + 15; entries before
  int64_t block_table_stride = 0;        // the window of the sequence's first query row are never read
};

void paged_attention(OpContext& context, const AttentionArgs& args);

// Scratch that paged_attention takes at most from the workspace, for sizing it at load.
int64_t paged_attention_workspace_bytes(int num_threads, int head_dim, int max_sequences, int64_t max_kv_len);

std::span<const Variant<AttentionKernel>> paged_attention_variants();

}  // namespace weft
