#include "kernels/paged_attention/paged_attention.h"

#include <algorithm>

namespace weft {
namespace {

constexpr Variant<AttentionKernel> kVariants[] = {
    {"avx512", Isa::kAvx512, {attention_tile_avx512, attention_merge_avx512, 12}},
    {"avx2", Isa::kAvx2, {attention_tile_avx2, attention_merge_avx2, 6}},
    {"ref", Isa::kScalar, {attention_tile_ref, attention_merge_ref, 12}},
};

// Units per thread when chunks are spread over threads: enough that one on a busy core costs the others little.
constexpr int64_t kUnitsPerThread = 4;

int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }

int32_t partial_floats(int head_dim) { return 16 + (head_dim + 15) / 16 * 16; }

int64_t align_up(int64_t bytes) { return ceil_div(bytes, 64) * 64; }

// How the rows and keys of a sequence are cut. Rows are those of one KV head: queries * group.
struct SequencePlan {
  int32_t rows;
  int32_t tiles;        // per KV head, of about equal size
  int32_t chunk_begin;  // chunks that some row sees
  int32_t chunk_end;
  int32_t splits;         // parts of the chunks of a tile; with more than one, results go through partials
  int64_t unit_begin;     // (tile, KV head, split), numbered over all sequences
  int64_t partial_begin;  // records before this sequence's
};

struct Plan {
  const AttentionArgs* args;
  AttentionKernel kernel;
  SequencePlan* sequences;
  int64_t units;
  int64_t records;
  int32_t group;
  int32_t partial_floats;
  float* partials;
  float* scratch;
};

void check(const AttentionArgs& args) {
  int head_dim = args.kv.head_dim;
  int64_t cols = static_cast<int64_t>(args.num_heads) * head_dim;
  CHECK(head_dim >= 8 && head_dim <= kMaxHeadDim && head_dim % 8 == 0);
  CHECK(args.kv.num_kv_heads > 0 && args.num_heads % args.kv.num_kv_heads == 0 && args.num_heads > 0);
  CHECK(args.query_start.size() == args.kv_len.size() + 1 && args.query_start.front() == 0);
  CHECK(args.q.rows >= args.query_start.back() && args.out.rows >= args.query_start.back());
  CHECK(args.q.cols == cols && args.out.cols == cols && args.window >= 0 && args.logit_softcap >= 0.0f);
  for (size_t b = 0; b < args.kv_len.size(); ++b) {
    int32_t queries = args.query_start[b + 1] - args.query_start[b];
    CHECK(queries >= 0 && args.kv_len[b] >= queries);
    CHECK(ceil_div(args.kv_len[b], kPageTokens) <= args.block_table_stride);
  }
}

// Keys of the chunks of a row range: from the window of the first to the position of the last.
void set_chunks(int32_t first_position, int32_t last_position, int32_t window, int32_t* begin, int32_t* end) {
  *begin = window > 0 ? std::max(0, first_position - window + 1) / kChunkKeys : 0;
  *end = last_position / kChunkKeys + 1;
}

void plan_sequences(int num_threads, Plan* plan) {
  const AttentionArgs& args = *plan->args;
  size_t batch = args.kv_len.size();
  int64_t work = 0;  // in chunks of tiles
  for (size_t b = 0; b < batch; ++b) {
    SequencePlan& sequence = plan->sequences[b];
    int32_t queries = args.query_start[b + 1] - args.query_start[b];
    sequence.rows = queries * plan->group;
    sequence.tiles = static_cast<int32_t>(ceil_div(sequence.rows, plan->kernel.max_rows));
    if (queries == 0) continue;
    set_chunks(args.kv_len[b] - queries, args.kv_len[b] - 1, args.window, &sequence.chunk_begin, &sequence.chunk_end);
    work += int64_t{sequence.tiles} * args.kv.num_kv_heads * (sequence.chunk_end - sequence.chunk_begin);
  }
  int64_t chunks_per_unit = std::max<int64_t>(1, work / (num_threads * kUnitsPerThread));
  plan->units = 0;
  plan->records = 0;
  for (size_t b = 0; b < batch; ++b) {
    SequencePlan& sequence = plan->sequences[b];
    sequence.unit_begin = plan->units;
    sequence.partial_begin = plan->records;
    if (sequence.rows == 0) continue;
    int32_t chunks = sequence.chunk_end - sequence.chunk_begin;
    sequence.splits = num_threads == 1 ? 1 : static_cast<int32_t>(ceil_div(chunks, chunks_per_unit));
    plan->units += int64_t{sequence.tiles} * args.kv.num_kv_heads * sequence.splits;
    if (sequence.splits > 1) plan->records += int64_t{sequence.rows} * args.kv.num_kv_heads * chunks;
  }
}

size_t sequence_of_unit(const Plan& plan, int64_t unit) {
  const SequencePlan* end = plan.sequences + plan.args->kv_len.size();
  const SequencePlan* after = std::upper_bound(plan.sequences, const_cast<SequencePlan*>(end), unit,
                                               [](int64_t u, const SequencePlan& s) { return u < s.unit_begin; });
  return static_cast<size_t>(after - plan.sequences) - 1;  // of several that begin there, the last one has the units
}

// The tile of a unit and its part of the chunks. Late tiles see the most keys and come first.
AttentionTile tile_of_unit(const Plan& plan, int64_t unit, int worker, int32_t* split) {
  const AttentionArgs& args = *plan.args;
  size_t b = sequence_of_unit(plan, unit);
  const SequencePlan& sequence = plan.sequences[b];
  int64_t index = unit - sequence.unit_begin;
  *split = static_cast<int32_t>(index % sequence.splits);
  int64_t kv_head = index / sequence.splits % args.kv.num_kv_heads;
  int64_t tile_index = sequence.tiles - 1 - index / sequence.splits / args.kv.num_kv_heads;
  int64_t first_query = args.query_start[b];
  int64_t first_column = kv_head * plan.group * args.kv.head_dim;

  AttentionTile tile{};
  tile.q = args.q.row(first_query) + first_column;
  tile.q_stride = args.q.stride;
  tile.out = args.out.row(first_query) + first_column;
  tile.out_stride = args.out.stride;
  tile.first_row = static_cast<int32_t>(tile_index * sequence.rows / sequence.tiles);
  tile.num_rows = static_cast<int32_t>((tile_index + 1) * sequence.rows / sequence.tiles) - tile.first_row;
  tile.group = plan.group;
  tile.head_dim = args.kv.head_dim;
  tile.first_position = args.kv_len[b] - sequence.rows / plan.group;
  tile.window = args.window;
  tile.scale = args.scale;
  tile.softcap = args.logit_softcap;
  tile.kv_head = args.kv.base + kv_head * args.kv.head_dim * kPageTokens * 4;
  tile.page_stride_bytes = args.kv.page_stride_bytes;
  tile.pages = args.block_table + static_cast<int64_t>(b) * args.block_table_stride;
  tile.scratch = plan.scratch + static_cast<int64_t>(worker) * kTileScratchFloats;
  if (sequence.splits == 1) {
    int32_t last_row = tile.first_row + tile.num_rows - 1;
    set_chunks(tile.first_position + tile.first_row / plan.group, tile.first_position + last_row / plan.group,
               args.window, &tile.chunk_begin, &tile.chunk_end);
    return tile;
  }
  // All tiles of a split sequence take the chunks of the sequence: a row that sees nothing of one leaves a zero sum.
  int64_t chunks = sequence.chunk_end - sequence.chunk_begin;
  tile.chunk_begin = static_cast<int32_t>(sequence.chunk_begin + *split * chunks / sequence.splits);
  tile.chunk_end = static_cast<int32_t>(sequence.chunk_begin + (*split + 1) * chunks / sequence.splits);
  tile.first_partial = sequence.chunk_begin;
  tile.num_partials = static_cast<int32_t>(chunks);
  tile.partial_floats = plan.partial_floats;
  int64_t record = sequence.partial_begin + (kv_head * sequence.rows + tile.first_row) * chunks;
  tile.partials = plan.partials + record * plan.partial_floats;
  return tile;
}

void run(ComputePool& pool, const Plan& plan) {
  pool.parallel_for(plan.units, 1, [&](int64_t begin, int64_t end, int worker) {
    for (int64_t unit = begin; unit < end; ++unit) {
      int32_t split = 0;
      plan.kernel.compute(tile_of_unit(plan, unit, worker, &split));
    }
  });
  if (plan.records == 0) return;
  pool.parallel_for(plan.units, 4, [&](int64_t begin, int64_t end, int worker) {
    for (int64_t unit = begin; unit < end; ++unit) {
      int32_t split = 0;
      AttentionTile tile = tile_of_unit(plan, unit, worker, &split);
      if (tile.partials == nullptr || split != 0) continue;
      tile.chunk_begin = tile.first_partial;
      tile.chunk_end = tile.first_partial + tile.num_partials;
      plan.kernel.merge(tile);
    }
  });
}

}  // namespace

void paged_attention(OpContext& context, const AttentionArgs& args) {
  check(args);
  int num_threads = context.pool->num_threads();
  Plan plan{};
  plan.args = &args;
  plan.kernel = choose_variant(kVariants, context.isa).run;
  plan.group = args.num_heads / args.kv.num_kv_heads;
  plan.partial_floats = partial_floats(args.kv.head_dim);
  int64_t plan_bytes = align_up(static_cast<int64_t>(args.kv_len.size() * sizeof(SequencePlan)));
  int64_t scratch_bytes = int64_t{4} * num_threads * kTileScratchFloats;
  // The plan is made twice where partials are needed: how many there are decides how much is reserved.
  std::byte* memory = context.workspace->reserve(plan_bytes + scratch_bytes);
  plan.sequences = reinterpret_cast<SequencePlan*>(memory);
  plan_sequences(num_threads, &plan);
  if (plan.records > 0) {
    memory = context.workspace->reserve(plan_bytes + scratch_bytes + 4 * plan.records * plan.partial_floats);
    plan.sequences = reinterpret_cast<SequencePlan*>(memory);
    plan_sequences(num_threads, &plan);
  }
  plan.scratch = reinterpret_cast<float*>(memory + plan_bytes);
  plan.partials = plan.scratch + static_cast<int64_t>(num_threads) * kTileScratchFloats;
  run(*context.pool, plan);
}

int64_t paged_attention_workspace_bytes(int num_threads, int head_dim, int max_sequences, int64_t max_kv_len) {
  int64_t fixed = align_up(max_sequences * static_cast<int64_t>(sizeof(SequencePlan))) +
                  int64_t{4} * num_threads * kTileScratchFloats;
  // A sequence is split only where it has more chunks than a unit takes, so the work, in chunks of tiles, is then below
  // chunks * threads * kUnitsPerThread (plan_sequences); a tile has at most kMaxTileRows rows.
  int64_t tile_chunks = ceil_div(max_kv_len, kChunkKeys) * num_threads * kUnitsPerThread;
  return fixed + 4 * tile_chunks * kMaxTileRows * partial_floats(head_dim);
}

std::span<const Variant<AttentionKernel>> paged_attention_variants() { return kVariants; }

}  // namespace weft
