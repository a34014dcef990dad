// The vector body of paged_attention; included by the ISA files after their lanes and lanes_math.h. The keys of a page
// are the lanes of a score, the elements of a head those of an output; rows of a tile share each load of K and V.
// Which rows share a pass never shows in the bits: a row meets its own keys only, in ascending order.
#pragma once

#include "kernels/paged_attention/attention_tile.h"

namespace weft {
namespace {

// Pages (scores) or vectors of 16 elements (values) that a pass over `rows` rows keeps in registers: a power of two.
constexpr int pass_width(int rows) { return rows * 4 <= kLaneAccumulators ? 4 : rows * 2 <= kLaneAccumulators ? 2 : 1; }

// Floats; the parts of the scratch of a tile, each row kMaxHeadDim or kChunkKeys apart.
struct TileScratch {
  float* q;       // [head_dim][rows], scaled
  float* scores;  // [rows][kChunkKeys], later p
  float* chunk;   // [rows][kMaxHeadDim], o of the chunk
  float* out;     // [rows][kMaxHeadDim], O
  float* maxima;  // [rows], M
  float* sums;    // [rows], L; 0: no key seen yet
};

inline TileScratch layout_scratch(float* scratch) {
  float* scores = scratch + kMaxTileRows * kMaxHeadDim;
  float* chunk = scores + kMaxTileRows * kChunkKeys;
  float* out = chunk + kMaxTileRows * kMaxHeadDim;
  float* maxima = out + kMaxTileRows * kMaxHeadDim;
  return {scratch, scores, chunk, out, maxima, maxima + 32};
}

// What a row sees of a chunk: keys begin <= j < end, counted from the chunk's start; empty when begin >= end.
struct KeyRange {
  int32_t begin;
  int32_t end;
};

inline KeyRange visible_keys(const AttentionTile& tile, int32_t row, int32_t chunk) {
  int32_t position = tile.first_position + row / tile.group;
  int32_t begin = tile.window > 0 ? position - tile.window + 1 - chunk * kChunkKeys : 0;
  int32_t end = position + 1 - chunk * kChunkKeys;
  return {begin > 0 ? begin : 0, end < kChunkKeys ? end : kChunkKeys};
}

// With few rows the kernel waits for memory, and pages lie anywhere. While it reads K it fetches V of the same pages
// and K of the following ones into the second-level cache, while it reads V it fetches K of the page 256 positions on.
// Measured on Zen 4, one row of 3 heads of 64: 17 to 27 GB/s.
constexpr int kMaxPrefetchRows = 8;
inline void prefetch(const uint16_t* p) { _mm_prefetch(reinterpret_cast<const char*>(p), _MM_HINT_T1); }

// Scores of kPages pages; head_dim is even. `following` are as many pages, to be fetched.
template <int kRows, int kPages>
inline void score_pages(const uint16_t* const* pages, const uint16_t* const* following, int32_t head_dim,
                        const float* q, float* scores) {
  Lanes sums[kRows][kPages];
  const uint16_t* keys[kPages];
  const uint16_t* fetched[2][kPages];  // a cache line holds two d: for even d of V, for odd d of K
#pragma GCC unroll 4
  for (int p = 0; p < kPages; ++p) {
    keys[p] = pages[p];
    fetched[0][p] = pages[p] + head_dim * kPageTokens;
    fetched[1][p] = following[p];
#pragma GCC unroll 12
    for (int r = 0; r < kRows; ++r) sums[r][p] = lanes_set(0.0f);
  }
  for (int32_t d = 0; d < head_dim; d += 2) {
#pragma GCC unroll 2
    for (int odd = 0; odd < 2; ++odd) {
      Lanes k[kPages];
#pragma GCC unroll 4
      for (int p = 0; p < kPages; ++p) {
        k[p] = lanes_load_f16(keys[p] + (d + odd) * kPageTokens);
        if constexpr (kRows <= kMaxPrefetchRows) prefetch(fetched[odd][p] + d * kPageTokens);
      }
#pragma GCC unroll 12
      for (int r = 0; r < kRows; ++r) {
        Lanes factor = lanes_set(q[(d + odd) * kRows + r]);
#pragma GCC unroll 4
        for (int p = 0; p < kPages; ++p) sums[r][p] = lanes_fma(factor, k[p], sums[r][p]);
      }
    }
  }
#pragma GCC unroll 12
  for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 4
    for (int p = 0; p < kPages; ++p) lanes_store(scores + r * kChunkKeys + p * kPageTokens, sums[r][p]);
  }
}

// Keys first <= j < last (not empty) of a chunk, `kVectors` * 16 elements (kHalf: 8) from each value row on.
template <int kRows, int kVectors, bool kHalf>
inline void add_values(const uint16_t* const* value_pages, const uint16_t* const* fetched_pages, int32_t first,
                       int32_t last, int32_t head_dim, const float* p, float* out) {
  Lanes sums[kRows][kVectors];
#pragma GCC unroll 12
  for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 4
    for (int c = 0; c < kVectors; ++c) sums[r][c] = lanes_load(out + r * kMaxHeadDim + c * 16);
  }
  for (int32_t j = first; j < last;) {
    int32_t page_end = (j / kPageTokens + 1) * kPageTokens;
    int32_t end = last < page_end ? last : page_end;
    const uint16_t* values = value_pages[j / kPageTokens] + j % kPageTokens * head_dim;
    const uint16_t* fetched = fetched_pages[j / kPageTokens] + j % kPageTokens * head_dim;
    for (; j < end; ++j, values += head_dim, fetched += head_dim) {
      if constexpr (kRows <= kMaxPrefetchRows) {
        prefetch(fetched);
        if constexpr (kVectors > 2) prefetch(fetched + 32);
      }
      Lanes v[kVectors];
#pragma GCC unroll 4
      for (int c = 0; c < kVectors; ++c) {
        v[c] = kHalf ? lanes_load_f16_half(values + c * 16) : lanes_load_f16(values + c * 16);
      }
#pragma GCC unroll 12
      for (int r = 0; r < kRows; ++r) {
        Lanes factor = lanes_set(p[r * kChunkKeys + j]);
#pragma GCC unroll 4
        for (int c = 0; c < kVectors; ++c) sums[r][c] = lanes_fma(factor, v[c], sums[r][c]);
      }
    }
  }
#pragma GCC unroll 12
  for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 4
    for (int c = 0; c < kVectors; ++c) lanes_store(out + r * kMaxHeadDim + c * 16, sums[r][c]);
  }
}

// All elements of a head. `value_pages` are those of the chunk, at their V part.
template <int kRows>
inline void add_values_of_rows(const uint16_t* const* value_pages, const uint16_t* const* fetched_pages, KeyRange keys,
                               int32_t head_dim, const float* p, float* out) {
  if (keys.begin >= keys.end) return;
  constexpr int kWidth = pass_width(kRows);
  const uint16_t* columns[kChunkPages];
  const uint16_t* fetched[kChunkPages];
  for (int32_t d = 0; d < head_dim;) {
    for (int32_t page = keys.begin / kPageTokens; page <= (keys.end - 1) / kPageTokens; ++page) {
      columns[page] = value_pages[page] + d;
      fetched[page] = fetched_pages[page] + d;
    }
    int32_t rest = head_dim - d;
    if (rest >= 16 * kWidth) {
      add_values<kRows, kWidth, false>(columns, fetched, keys.begin, keys.end, head_dim, p, out + d);
      d += 16 * kWidth;
    } else if (rest >= 16) {
      add_values<kRows, 1, false>(columns, fetched, keys.begin, keys.end, head_dim, p, out + d);
      d += 16;
    } else {
      add_values<kRows, 1, true>(columns, fetched, keys.begin, keys.end, head_dim, p, out + d);
      d += 16;
    }
  }
}

// Scores of one row become p = exp(s - m), 0 where the row does not see the key; m and l go to *maximum and *sum.
inline void soften_row(float* scores, KeyRange keys, float softcap, float* maximum, float* sum) {
  int32_t first_page = keys.begin / kPageTokens;
  int32_t last_page = (keys.end - 1) / kPageTokens;
  const Lanes lowest = lanes_set(-__builtin_inff());
  Lanes highest = lowest;
  for (int32_t page = first_page; page <= last_page; ++page) {
    int32_t start = page * kPageTokens;
    Lanes s = lanes_load(scores + start);
    if (softcap > 0.0f) s = lanes_mul(lanes_set(softcap), lanes_tanh(lanes_mul(s, lanes_set(1.0f / softcap))));
    s = lanes_select(lanes_between(keys.begin - start, keys.end - start), s, lowest);
    lanes_store(scores + start, s);
    highest = lanes_max(highest, s);
  }
  *maximum = lanes_maximum(highest);
  const Lanes shift = lanes_set(*maximum);
  Lanes total = lanes_set(0.0f);
  for (int32_t page = first_page; page <= last_page; ++page) {
    int32_t start = page * kPageTokens;
    Lanes p = lanes_exp(lanes_sub(lanes_load(scores + start), shift));
    p = lanes_select(lanes_between(keys.begin - start, keys.end - start), p, lanes_set(0.0f));
    lanes_store(scores + start, p);
    total = lanes_add(total, p);
  }
  *sum = lanes_sum(total);
}

inline float exp_of(float x) {
  float lanes[16];
  lanes_store(lanes, lanes_exp(lanes_set(x)));
  return lanes[0];
}

// Merges a chunk into the running result of a row; head_dim is rounded up to 16, the scratch and records have room.
inline void merge_chunk(float maximum, float sum, const float* chunk, int32_t head_dim, float* running_maximum,
                        float* running_sum, float* out) {
  const Lanes zero = lanes_set(0.0f);
  if (*running_sum == 0.0f) {
    *running_maximum = maximum;
    *running_sum = sum;
    for (int32_t d = 0; d < head_dim; d += 16) lanes_store(out + d, lanes_add(lanes_load(chunk + d), zero));
    return;
  }
  float highest = *running_maximum > maximum ? *running_maximum : maximum;
  float a = exp_of(*running_maximum - highest);
  float b = exp_of(maximum - highest);
  *running_maximum = highest;
  *running_sum = __builtin_fmaf(sum, b, *running_sum * a);
  const Lanes old_factor = lanes_set(a);
  const Lanes new_factor = lanes_set(b);
  for (int32_t d = 0; d < head_dim; d += 16) {
    Lanes added = lanes_add(lanes_load(chunk + d), zero);
    lanes_store(out + d, lanes_fma(added, new_factor, lanes_mul(lanes_load(out + d), old_factor)));
  }
}

inline void finish_row(const AttentionTile& tile, int32_t row, float sum, const float* out) {
  const Lanes inverse = lanes_set(1.0f / sum);
  float* target = tile.out + row / tile.group * tile.out_stride + row % tile.group * tile.head_dim;
  int32_t d = 0;
  for (; d + 16 <= tile.head_dim; d += 16) lanes_store(target + d, lanes_mul(lanes_load(out + d), inverse));
  if (d < tile.head_dim) lanes_store_first(target + d, lanes_mul(lanes_load(out + d), inverse), tile.head_dim - d);
}

inline float* partial_record(const AttentionTile& tile, int32_t row_of_tile, int32_t chunk) {
  int64_t record = static_cast<int64_t>(row_of_tile) * tile.num_partials + chunk - tile.first_partial;
  return tile.partials + record * tile.partial_floats;
}

// Scores of all rows for the pages first <= p < last of the chunk.
template <int kRows>
inline void score_chunk(const uint16_t* const* pages, int32_t first, int32_t last, bool fetch_keys, int32_t head_dim,
                        const TileScratch& scratch) {
  constexpr int kWidth = pass_width(kRows);
  int32_t page = first;
  for (; page + kWidth <= last; page += kWidth) {
    const uint16_t* const* following = pages + page + (fetch_keys && page + 2 * kWidth <= last ? kWidth : 0);
    score_pages<kRows, kWidth>(pages + page, following, head_dim, scratch.q, scratch.scores + page * kPageTokens);
  }
  for (; page < last; ++page) {
    score_pages<kRows, 1>(pages + page, pages + page, head_dim, scratch.q, scratch.scores + page * kPageTokens);
  }
}

// Values of all rows: one pass over the keys that every row sees, and one per row for those before and after.
template <int kRows>
inline void add_values_of_chunk(const uint16_t* const* value_pages, const uint16_t* const* fetched_pages,
                                const KeyRange (&keys)[kRows], int32_t head_dim, const TileScratch& scratch) {
  KeyRange common = keys[0];
  for (int r = 1; r < kRows; ++r) {
    if (keys[r].begin > common.begin) common.begin = keys[r].begin;
    if (keys[r].end < common.end) common.end = keys[r].end;
  }
  bool is_shared = common.begin < common.end;
  if (is_shared) {
    for (int r = 0; r < kRows; ++r) {
      add_values_of_rows<1>(value_pages, fetched_pages, {keys[r].begin, common.begin}, head_dim,
                            scratch.scores + r * kChunkKeys, scratch.chunk + r * kMaxHeadDim);
    }
    add_values_of_rows<kRows>(value_pages, fetched_pages, common, head_dim, scratch.scores, scratch.chunk);
  }
  for (int r = 0; r < kRows; ++r) {
    KeyRange rest = {is_shared ? common.end : keys[r].begin, keys[r].end};
    add_values_of_rows<1>(value_pages, fetched_pages, rest, head_dim, scratch.scores + r * kChunkKeys,
                          scratch.chunk + r * kMaxHeadDim);
  }
}

inline int32_t last_page_of_tile(const AttentionTile& tile) {
  return (tile.first_position + (tile.first_row + tile.num_rows - 1) / tile.group) / kPageTokens;
}

inline const uint16_t* page_keys(const AttentionTile& tile, int32_t index) {
  return reinterpret_cast<const uint16_t*>(tile.kv_head + tile.pages[index] * tile.page_stride_bytes);
}

template <int kRows>
inline void compute_chunk(const AttentionTile& tile, int32_t chunk, int32_t padded_dim, const TileScratch& scratch) {
  KeyRange keys[kRows];
  KeyRange any = {kChunkKeys, 0};  // keys that some row sees lie within
  for (int r = 0; r < kRows; ++r) {
    keys[r] = visible_keys(tile, tile.first_row + r, chunk);
    if (keys[r].begin >= keys[r].end) continue;
    if (keys[r].begin < any.begin) any.begin = keys[r].begin;
    if (keys[r].end > any.end) any.end = keys[r].end;
  }
  int32_t first_page = any.begin / kPageTokens;
  int32_t last_page = (any.end + kPageTokens - 1) / kPageTokens;
  const uint16_t* key_pages[kChunkPages];
  const uint16_t* value_pages[kChunkPages];
  const uint16_t* fetched_pages[kChunkPages];
  int32_t num_pages = last_page_of_tile(tile) + 1;
  for (int32_t page = first_page; page < last_page; ++page) {
    int32_t index = chunk * kChunkPages + page;
    key_pages[page] = page_keys(tile, index);
    value_pages[page] = key_pages[page] + kPageTokens * tile.head_dim;
    fetched_pages[page] = page_keys(tile, index + kChunkPages < num_pages ? index + kChunkPages : index);
  }
  bool fetch_keys = chunk == tile.chunk_begin;  // those of later chunks were fetched along with V
  score_chunk<kRows>(key_pages, first_page, last_page, fetch_keys, tile.head_dim, scratch);

  float maxima[kRows];
  float sums[kRows];
  for (int r = 0; r < kRows; ++r) {
    maxima[r] = 0.0f;
    sums[r] = 0.0f;
    if (keys[r].begin < keys[r].end) {
      soften_row(scratch.scores + r * kChunkKeys, keys[r], tile.softcap, &maxima[r], &sums[r]);
    }
    for (int32_t d = 0; d < padded_dim; d += 16) lanes_store(scratch.chunk + r * kMaxHeadDim + d, lanes_set(0.0f));
  }
  add_values_of_chunk<kRows>(value_pages, fetched_pages, keys, tile.head_dim, scratch);

  for (int r = 0; r < kRows; ++r) {
    const float* out = scratch.chunk + r * kMaxHeadDim;
    if (tile.partials != nullptr) {
      float* record = partial_record(tile, r, chunk);
      record[0] = maxima[r];
      record[1] = sums[r];
      for (int32_t d = 0; d < padded_dim; d += 16) lanes_store(record + 16 + d, lanes_load(out + d));
    } else if (sums[r] != 0.0f) {
      merge_chunk(maxima[r], sums[r], out, padded_dim, &scratch.maxima[r], &scratch.sums[r],
                  scratch.out + r * kMaxHeadDim);
    }
  }
}

template <int kRows>
inline void compute_tile(const AttentionTile& tile) {
  TileScratch scratch = layout_scratch(tile.scratch);
  for (int r = 0; r < kRows; ++r) {
    int32_t row = tile.first_row + r;
    const float* q = tile.q + row / tile.group * tile.q_stride + row % tile.group * tile.head_dim;
    for (int32_t d = 0; d < tile.head_dim; ++d) scratch.q[d * kRows + r] = q[d] * tile.scale;
    scratch.sums[r] = 0.0f;
  }
  int32_t padded_dim = (tile.head_dim + 15) / 16 * 16;
  for (int32_t chunk = tile.chunk_begin; chunk < tile.chunk_end; ++chunk) {
    compute_chunk<kRows>(tile, chunk, padded_dim, scratch);
  }
  if (tile.partials != nullptr) return;
  for (int r = 0; r < kRows; ++r) {
    finish_row(tile, tile.first_row + r, scratch.sums[r], scratch.out + r * kMaxHeadDim);
  }
}

template <int kRows>
inline void compute_tile_of_size(const AttentionTile& tile) {
  if (tile.num_rows == kRows) return compute_tile<kRows>(tile);
  if constexpr (kRows > 1) compute_tile_of_size<kRows - 1>(tile);
}

inline void merge_tile(const AttentionTile& tile) {
  TileScratch scratch = layout_scratch(tile.scratch);
  int32_t padded_dim = (tile.head_dim + 15) / 16 * 16;
  for (int32_t r = 0; r < tile.num_rows; ++r) {
    float maximum = 0.0f;
    float sum = 0.0f;
    for (int32_t chunk = tile.chunk_begin; chunk < tile.chunk_end; ++chunk) {
      const float* record = partial_record(tile, r, chunk);
      if (record[1] == 0.0f) continue;
      merge_chunk(record[0], record[1], record + 16, padded_dim, &maximum, &sum, scratch.out);
    }
    finish_row(tile, tile.first_row + r, sum, scratch.out);
  }
}

}  // namespace
}  // namespace weft
