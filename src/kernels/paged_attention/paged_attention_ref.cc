// The definition in paged_attention.h, line by line.
#include <algorithm>
#include <cmath>
#include <limits>

#include "kernels/cpu_core/half.h"
#include "kernels/cpu_core/math.h"
#include "kernels/paged_attention/attention_tile.h"

namespace weft {
namespace {

struct Softmax {
  float maximum = 0.0f;
  float sum = 0.0f;  // 0: no key seen yet
  float out[kMaxHeadDim] = {};
};

const uint16_t* page_of(const AttentionTile& tile, int32_t key) {
  const std::byte* page = tile.kv_head + tile.pages[key / kPageTokens] * tile.page_stride_bytes;
  return reinterpret_cast<const uint16_t*>(page);
}

float score(const AttentionTile& tile, const float* q, int32_t key) {
  const uint16_t* k = page_of(tile, key) + key % kPageTokens;
  float sum = 0.0f;
  for (int32_t d = 0; d < tile.head_dim; ++d) {
    sum = std::fma(q[d] * tile.scale, half_to_float(k[d * kPageTokens]), sum);
  }
  return tile.softcap > 0.0f ? tile.softcap * tanh_f32(sum * (1.0f / tile.softcap)) : sum;
}

// Keys begin <= j < end of one chunk, all visible.
void compute_chunk(const AttentionTile& tile, const float* q, int32_t begin, int32_t end, Softmax* chunk) {
  float p[kChunkKeys];
  chunk->maximum = -std::numeric_limits<float>::infinity();
  for (int32_t j = begin; j < end; ++j) {
    p[j - begin] = score(tile, q, j);
    chunk->maximum = std::max(chunk->maximum, p[j - begin]);
  }
  float lanes[16] = {};
  for (int32_t j = begin; j < end; ++j) {
    p[j - begin] = exp_f32(p[j - begin] - chunk->maximum);
    lanes[j % 16] += p[j - begin];
  }
  chunk->sum = sum_lanes(lanes);
  std::fill_n(chunk->out, tile.head_dim, 0.0f);
  for (int32_t j = begin; j < end; ++j) {
    const uint16_t* v = page_of(tile, j) + (kPageTokens + j % kPageTokens) * tile.head_dim;
    for (int32_t d = 0; d < tile.head_dim; ++d) {
      chunk->out[d] = std::fma(p[j - begin], half_to_float(v[d]), chunk->out[d]);
    }
  }
}

void merge(float maximum, float sum, const float* out, int32_t head_dim, Softmax* running) {
  if (running->sum == 0.0f) {
    running->maximum = maximum;
    running->sum = sum;
    for (int32_t d = 0; d < head_dim; ++d) running->out[d] = out[d] + 0.0f;
    return;
  }
  float highest = std::max(running->maximum, maximum);
  float a = exp_f32(running->maximum - highest);
  float b = exp_f32(maximum - highest);
  running->maximum = highest;
  running->sum = std::fma(sum, b, running->sum * a);
  for (int32_t d = 0; d < head_dim; ++d) running->out[d] = std::fma(out[d] + 0.0f, b, running->out[d] * a);
}

float* out_row(const AttentionTile& tile, int32_t row) {
  return tile.out + row / tile.group * tile.out_stride + row % tile.group * tile.head_dim;
}

void finish(const AttentionTile& tile, int32_t row, const Softmax& softmax) {
  float inverse = 1.0f / softmax.sum;
  for (int32_t d = 0; d < tile.head_dim; ++d) out_row(tile, row)[d] = softmax.out[d] * inverse;
}

float* partial(const AttentionTile& tile, int32_t row, int32_t chunk) {
  int64_t record = static_cast<int64_t>(row - tile.first_row) * tile.num_partials + chunk - tile.first_partial;
  return tile.partials + record * tile.partial_floats;
}

void compute_row(const AttentionTile& tile, int32_t row) {
  const float* q = tile.q + row / tile.group * tile.q_stride + row % tile.group * tile.head_dim;
  int32_t position = tile.first_position + row / tile.group;
  int32_t first_key = tile.window > 0 ? std::max(0, position - tile.window + 1) : 0;
  Softmax running;
  Softmax chunk;
  for (int32_t c = tile.chunk_begin; c < tile.chunk_end; ++c) {
    int32_t begin = std::max(first_key, c * kChunkKeys);
    int32_t end = std::min(position + 1, (c + 1) * kChunkKeys);
    chunk.sum = 0.0f;
    if (begin < end) compute_chunk(tile, q, begin, end, &chunk);
    if (tile.partials != nullptr) {
      float* record = partial(tile, row, c);
      record[0] = chunk.maximum;
      record[1] = chunk.sum;
      std::copy_n(chunk.out, tile.head_dim, record + 16);
    } else if (begin < end) {
      merge(chunk.maximum, chunk.sum, chunk.out, tile.head_dim, &running);
    }
  }
  if (tile.partials == nullptr) finish(tile, row, running);
}

}  // namespace

void attention_tile_ref(const AttentionTile& tile) {
  for (int32_t row = tile.first_row; row < tile.first_row + tile.num_rows; ++row) compute_row(tile, row);
}

void attention_merge_ref(const AttentionTile& tile) {
  for (int32_t row = tile.first_row; row < tile.first_row + tile.num_rows; ++row) {
    Softmax running;
    for (int32_t c = tile.chunk_begin; c < tile.chunk_end; ++c) {
      const float* record = partial(tile, row, c);
      if (record[1] != 0.0f) merge(record[0], record[1], record + 16, tile.head_dim, &running);
    }
    finish(tile, row, running);
  }
}

}  // namespace weft
