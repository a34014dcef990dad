// The unit of work of paged_attention and what its variants get. Plain data: ISA files include this.
#pragma once

#include "kernels/kv_write/kv_layout.h"

namespace weft {

constexpr int kChunkKeys = 256;  // part of the definition: partial sums end at these positions
constexpr int kChunkPages = kChunkKeys / kPageTokens;
constexpr int kMaxHeadDim = 256;
constexpr int kMaxTileRows = 12;  // scratch is laid out for so many; a variant may want fewer
// Floats of the scratch of one worker: q, scores, chunk output, running output, running maxima and sums.
constexpr int kTileScratchFloats = kMaxTileRows * (3 * kMaxHeadDim + kChunkKeys) + 64;

// A tile: some rows of one sequence and one KV head, and the chunks [chunk_begin, chunk_end) of its keys. Row i of the
// sequence and KV head is query i / group, query head i % group of the head's group.
struct AttentionTile {
  const float* q;  // query 0 of the sequence, first query head of the KV head
  int64_t q_stride;
  float* out;  // as q
  int64_t out_stride;
  int32_t first_row;
  int32_t num_rows;  // 1 to the variant's limit
  int32_t group;
  int32_t head_dim;
  int32_t first_position;  // of query 0
  int32_t window;          // 0: none
  float scale;
  float softcap;             // 0: none
  const std::byte* kv_head;  // this KV head in page 0
  int64_t page_stride_bytes;
  const int32_t* pages;  // block table of the sequence
  int32_t chunk_begin;
  int32_t chunk_end;
  // Null: the chunks are all that the rows see, results go to out. Else a record per row and chunk is left here and
  // attention_merge makes the result: record (row, chunk) is at ((row - first_row) * num_partials + chunk -
  // first_partial) * partial_floats: maximum, sum (0: the row sees nothing of the chunk), 14 unused, head_dim values.
  float* partials;
  int32_t first_partial;
  int32_t num_partials;
  int32_t partial_floats;
  float* scratch;  // kTileScratchFloats, 64-byte aligned
};

// Computes the tile, or merges the partials of all its chunks into out.
using AttentionFunction = void (*)(const AttentionTile& tile);
void attention_tile_ref(const AttentionTile& tile);
void attention_tile_avx2(const AttentionTile& tile);
void attention_tile_avx512(const AttentionTile& tile);
void attention_merge_ref(const AttentionTile& tile);
void attention_merge_avx2(const AttentionTile& tile);
void attention_merge_avx512(const AttentionTile& tile);

struct AttentionKernel {
  AttentionFunction compute;
  AttentionFunction merge;
  int32_t max_rows;  // rows of a tile that the variant computes well, <= kMaxTileRows
};

}  // namespace weft
