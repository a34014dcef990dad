#include "kernels/paged_attention/paged_attention.h"

#include <algorithm>

#include "kernels/cpu_core/half.h"
#include "kernels/cpu_core/same_bits.h"
#include "kernels/kv_write/kv_write.h"

namespace weft {
namespace {

struct Sequence {
  int32_t queries;
  int32_t kv_len;
};

struct Case {
  int head_dim;
  int kv_heads;
  int group;
  std::vector<Sequence> sequences;
  int32_t window = 0;
  float softcap = 0.0f;
};

// A value that depends on what it belongs to only, never on the batch it is in. kind: 0 q, 1 k, 2 v.
float element(int kind, uint64_t sequence, int64_t position, int64_t column) {
  double unit = random_unit(kind * 1000 + sequence, position * 100000 + column);
  return static_cast<float>(unit * 2 - 1) * (kind == 0 ? 2.0f : 1.0f);
}

// A batch with its cache: pages in shuffled order, all slots that hold no visible token filled with NaN, block table
// entries that may not be read set to -1.
class Batch {
 public:
  Batch(const Case& c, std::vector<uint64_t> names) : case_(c), names_(std::move(names)) {
    int64_t pages = 0;
    for (const Sequence& s : c.sequences) {
      query_start_.push_back(query_start_.back() + s.queries);
      kv_len_.push_back(s.kv_len);
      pages += (s.kv_len + kPageTokens - 1) / kPageTokens;
      table_stride_ = std::max<int64_t>(table_stride_, (s.kv_len + kPageTokens - 1) / kPageTokens + 2);
    }
    page_bytes_ = kv_layer_page_bytes(c.kv_heads, c.head_dim);
    auto memory = Buffer::allocate(pages * page_bytes_);
    CHECK(memory.has_value());
    memory_ = std::move(memory).value();
    std::fill_n(memory_.as<uint16_t>(), memory_.bytes() / 2, uint16_t{0x7e01});
    fill_table(pages);
    for (size_t b = 0; b < names_.size(); ++b) write_keys(b);
    q_ = TestMatrix(query_start_.back(), int64_t{c.kv_heads} * c.group * c.head_dim);
    for (size_t b = 0; b < names_.size(); ++b) {
      for (int32_t t = query_start_[b]; t < query_start_[b + 1]; ++t) {
        for (int64_t i = 0; i < q_.cols; ++i)
          q_.at(t, i) = element(0, names_[b], kv_len_[b] - query_start_[b + 1] + t, i);
      }
    }
  }

  explicit Batch(const Case& c) : Batch(c, default_names(c.sequences.size())) {}

  TestMatrix run(Isa isa, int threads = 1) {
    ComputePool pool(threads);
    OpContext op{&pool, &workspace_, isa};
    TestMatrix out(q_.rows, q_.cols);
    paged_attention(op, arguments(&out));
    return out;
  }

  AttentionArgs arguments(TestMatrix* out) {
    AttentionArgs args;
    args.q = q_.view();
    args.out = out->view();
    args.num_heads = case_.kv_heads * case_.group;
    args.scale = scale();
    args.window = case_.window;
    args.logit_softcap = case_.softcap;
    args.kv = {memory_.data(), page_bytes_, case_.kv_heads, case_.head_dim};
    args.query_start = query_start_;
    args.kv_len = kv_len_;
    args.block_table = table_.data();
    args.block_table_stride = table_stride_;
    return args;
  }

  // The same in double, from the rounded K and V.
  double exact(size_t b, int32_t t, int head, int d) {
    int32_t position = kv_len_[b] - query_start_[b + 1] + t;
    int32_t first = case_.window > 0 ? std::max(0, position - case_.window + 1) : 0;
    int64_t kv_column = int64_t{head / case_.group} * case_.head_dim;
    double sum = 0;
    double weighted = 0;
    for (int32_t j = first; j <= position; ++j) {
      double score = 0;
      for (int i = 0; i < case_.head_dim; ++i) {
        score += static_cast<double>(q_.at(t, int64_t{head} * case_.head_dim + i)) * rounded(1, b, j, kv_column + i);
      }
      score *= scale();
      if (case_.softcap > 0) score = case_.softcap * std::tanh(score / case_.softcap);
      sum += std::exp(score);
      weighted += std::exp(score) * rounded(2, b, j, kv_column + d);
    }
    return weighted / sum;
  }

  // One f16 of the cache. kind: 1 k, 2 v.
  uint16_t& cached(int kind, size_t b, int32_t position, int kv_head, int d) {
    int64_t page = table_[b * table_stride_ + position / kPageTokens];
    uint16_t* base = reinterpret_cast<uint16_t*>(memory_.data() + page * page_bytes_) +
                     int64_t{2} * kv_head * case_.head_dim * kPageTokens;
    int offset = position % kPageTokens;
    return kind == 1 ? base[d * kPageTokens + offset] : base[(kPageTokens + offset) * case_.head_dim + d];
  }

  TestMatrix& q() { return q_; }
  const std::vector<int32_t>& query_start() const { return query_start_; }
  Workspace& workspace() { return workspace_; }

 private:
  static std::vector<uint64_t> default_names(size_t count) {
    std::vector<uint64_t> names(count);
    for (size_t i = 0; i < count; ++i) names[i] = i;
    return names;
  }

  float scale() const { return 1.0f / std::sqrt(static_cast<float>(case_.head_dim)); }

  float rounded(int kind, size_t b, int32_t position, int64_t column) {
    return half_to_float(float_to_half(element(kind, names_[b], position, column)));
  }

  int32_t first_visible(size_t b) const {
    int32_t first_position = kv_len_[b] - (query_start_[b + 1] - query_start_[b]);
    return case_.window > 0 ? std::max(0, first_position - case_.window + 1) : 0;
  }

  void fill_table(int64_t pages) {
    std::vector<int32_t> order(pages);
    for (int64_t i = 0; i < pages; ++i) order[i] = static_cast<int32_t>(i);
    Rng rng(5);
    for (int64_t i = pages - 1; i > 0; --i) std::swap(order[i], order[rng.below(i + 1)]);
    table_.assign(names_.size() * table_stride_, -1);
    for (size_t b = 0; b < names_.size(); ++b) {
      for (int32_t i = first_visible(b) / kPageTokens; i * kPageTokens < kv_len_[b]; ++i) {
        table_[b * table_stride_ + i] = order.back();
        order.pop_back();
      }
    }
  }

  void write_keys(size_t b) {
    for (int32_t j = first_visible(b); j < kv_len_[b]; ++j) {
      for (int head = 0; head < case_.kv_heads; ++head) {
        for (int d = 0; d < case_.head_dim; ++d) {
          int64_t column = int64_t{head} * case_.head_dim + d;
          cached(1, b, j, head, d) = float_to_half(element(1, names_[b], j, column));
          cached(2, b, j, head, d) = float_to_half(element(2, names_[b], j, column));
        }
      }
    }
  }

  Case case_;
  std::vector<uint64_t> names_;
  std::vector<int32_t> query_start_{0};
  std::vector<int32_t> kv_len_;
  int64_t table_stride_ = 0;
  int64_t page_bytes_ = 0;
  std::vector<int32_t> table_;
  Buffer memory_;
  TestMatrix q_{0, 0};
  Workspace workspace_;
};

std::vector<Case> cases() {
  std::vector<Case> list = {
      {8, 1, 1, {{1, 1}}},
      {16, 2, 3, {{1, 600}, {5, 17}, {0, 0}, {40, 257}}},
      {24, 1, 7, {{16, 16}, {1, 255}, {0, 30}}},
      {64, 3, 3, {{1, 600}}},
      {64, 3, 3, {{1, 15}, {1, 16}, {1, 17}, {30, 600}}},
      {64, 1, 3, {{270, 270}}},
      {64, 2, 1, {{1, 256}, {13, 256}, {26, 257}}},
      {64, 1, 7, {{1, 257}, {9, 300}}},
      {80, 1, 4, {{1, 600}, {6, 70}}},
      {128, 2, 4, {{1, 255}, {12, 600}}},
      {256, 1, 4, {{1, 600}, {7, 260}}},
      {256, 1, 1, {{20, 300}}, 64, 50.0f},
      {64, 1, 16, {{2, 300}}},
      {8, 2, 3, {{1, 300}, {40, 600}}, 0, 5.0f},
      {16, 1, 1, {{600, 600}}, 1},
      {64, 1, 3, {{1, 600}, {50, 600}, {50, 50}}, 17},
      {64, 2, 2, {{1, 600}, {40, 530}, {1, 3}}, 256},
      {128, 1, 1, {{1, 600}, {300, 600}}, 100},
      {64, 1, 3, {{1, 2000}, {3, 1100}}},
      {64, 1, 3, {{1, 2000}, {4, 1100}}, 512},
  };
  return list;
}

TEST(PagedAttention, ReferenceFollowsTheFormula) {
  for (const Case& c : cases()) {
    Batch batch(c);
    TestMatrix out = batch.run(Isa::kScalar);
    for (size_t b = 0; b < c.sequences.size(); ++b) {
      for (int32_t t = batch.query_start()[b]; t < batch.query_start()[b + 1]; t += 11) {
        for (int head = 0; head < c.kv_heads * c.group; head += 2) {
          for (int d = 0; d < c.head_dim; d += 5) {
            ASSERT_NEAR(out.at(t, int64_t{head} * c.head_dim + d), batch.exact(b, t, head, d), 2e-6);
          }
        }
      }
    }
  }
}

TEST(PagedAttention, VariantsAndThreadsGiveTheReferenceBits) {
  int index = 0;
  for (const Case& c : cases()) {
    Batch batch(c);
    TestMatrix expected = batch.run(Isa::kScalar);
    for (Isa isa : available_isas()) {
      for (int threads : {1, 2, 5}) {
        EXPECT_TRUE(same_bits(batch.run(isa, threads).values, expected.values))
            << "case " << index << ", " << isa_name(isa) << ", threads " << threads;
      }
    }
    ++index;
  }
}

// Row `t` of `whole` against the last row of `part`.
void expect_last_row(TestMatrix& part, TestMatrix& whole, int64_t t) {
  for (int64_t i = 0; i < whole.cols; ++i) ASSERT_TRUE(same_bits(part.at(part.rows - 1, i), whole.at(t, i))) << t;
}

TEST(PagedAttention, RowAloneEqualsRowInBatchAndAnyChunkingOfThePrompt) {
  for (int32_t window : {0, 40}) {
    for (Isa isa : available_isas()) {
      for (int threads : {1, 2}) {
        Batch whole({64, 2, 3, {{1, 77}, {300, 300}, {2, 9}}, window}, {4, 5, 6});
        TestMatrix expected = whole.run(isa, threads);
        for (int32_t position : {0, 1, 15, 16, 30, 254, 255, 256, 257, 299}) {
          for (int32_t queries : {1, 2, 3, 17, 200}) {
            if (queries > position + 1) continue;
            Batch part({64, 2, 3, {{3, 3}, {queries, position + 1}}, window}, {9, 5});
            TestMatrix out = part.run(isa, threads);
            expect_last_row(out, expected, 1 + position);
          }
        }
      }
    }
  }
}

TEST(PagedAttention, NonFiniteQueryStaysInItsRowAndHead) {
  for (Isa isa : available_isas()) {
    for (float bad : {std::nanf(""), std::numeric_limits<float>::infinity(), -1e38f * 10}) {
      Batch batch({64, 1, 3, {{20, 300}, {1, 40}}});
      TestMatrix expected = batch.run(isa);
      batch.q().at(7, 64 + 9) = bad;  // row 7, head 1
      TestMatrix out = batch.run(isa);
      for (int64_t t = 0; t < out.rows; ++t) {
        for (int64_t i = 0; i < out.cols; ++i) {
          bool hit = t == 7 && i / 64 == 1;
          ASSERT_TRUE(hit ? std::isnan(out.at(t, i)) : same_bits(out.at(t, i), expected.at(t, i))) << t << " " << i;
        }
      }
    }
  }
}

TEST(PagedAttention, NonFiniteKeysAndValuesReachOnlyRowsThatSeeThem) {
  for (Isa isa : available_isas()) {
    for (int kind : {1, 2}) {
      Batch batch({64, 1, 3, {{20, 300}, {6, 40}}, 30});
      TestMatrix expected = batch.run(isa);
      batch.cached(kind, 0, 290, 0, 9) = 0x7e00;  // position 290: rows 10 to 19 of sequence 0
      TestMatrix out = batch.run(isa);
      for (int64_t t = 0; t < out.rows; ++t) {
        for (int64_t i = 0; i < out.cols; ++i) {
          bool hit = t >= 10 && t < 20 && (kind == 1 || i % 64 == 9);
          ASSERT_TRUE(hit ? std::isnan(out.at(t, i)) : same_bits(out.at(t, i), expected.at(t, i))) << t << " " << i;
        }
      }
    }
  }
}

TEST(PagedAttention, OutMayBeTheQueries) {
  for (Isa isa : available_isas()) {
    for (int threads : {1, 2}) {
      Batch batch({64, 2, 3, {{1, 700}, {20, 300}}});
      TestMatrix expected = batch.run(isa);
      ComputePool pool(threads);
      OpContext op{&pool, &batch.workspace(), isa};
      paged_attention(op, batch.arguments(&batch.q()));
      EXPECT_TRUE(same_bits(batch.q().values, expected.values));
    }
  }
}

TEST(PagedAttention, WorkspaceStaysWithinWhatItSays) {
  for (const Case& c : cases()) {
    for (int threads : {1, 2, 5}) {
      Batch batch(c);
      int32_t longest = 0;
      for (const Sequence& s : c.sequences) longest = std::max(longest, s.kv_len);
      int64_t bytes =
          paged_attention_workspace_bytes(threads, c.head_dim, static_cast<int>(c.sequences.size()), longest);
      std::byte* before = batch.workspace().reserve(bytes * 4 / 5 + 64);  // reserve adds a quarter
      batch.run(detect_isa(), threads);
      EXPECT_EQ(batch.workspace().reserve(1), before);
    }
  }
}

}  // namespace
}  // namespace weft
