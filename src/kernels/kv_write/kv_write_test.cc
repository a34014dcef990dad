#include "kernels/kv_write/kv_write.h"

#include <cstring>

#include "kernels/cpu_core/half.h"
#include "kernels/cpu_core/same_bits.h"

namespace weft {
namespace {

constexpr int64_t kPages = 9;

// The pages after a write by `isa`; slots that are not written keep their 0xee bytes.
std::vector<std::byte> written(Isa isa, int heads, int head_dim, const TestMatrix& k, const TestMatrix& v,
                               std::span<const int64_t> slots, int threads = 1) {
  ComputePool pool(threads);
  Workspace workspace;
  OpContext op{&pool, &workspace, isa};
  int64_t stride = kv_layer_page_bytes(heads, head_dim) + 64;
  std::vector<std::byte> pages(kPages * stride, std::byte{0xee});
  kv_write(op, k.view(), v.view(), slots, {pages.data(), stride, heads, head_dim});
  return pages;
}

std::vector<int64_t> shuffled_slots(int64_t count) {
  std::vector<int64_t> slots(kPages * kPageTokens);
  for (size_t i = 0; i < slots.size(); ++i) slots[i] = static_cast<int64_t>(i * 35 % slots.size());
  slots.resize(count);
  return slots;
}

TEST(KvWrite, ReferencePutsTokensWhereTheLayoutSays) {
  TestMatrix k = TestMatrix::random(1, 2 * 8, 1);
  TestMatrix v = TestMatrix::random(1, 2 * 8, 2);
  std::vector<int64_t> slots = {3 * 16 + 5};
  std::vector<std::byte> pages = written(Isa::kScalar, 2, 8, k, v, slots);
  int64_t stride = kv_layer_page_bytes(2, 8) + 64;
  EXPECT_EQ(stride, 2 * 8 * 16 * 4 + 64);
  std::vector<std::byte> expected(pages.size(), std::byte{0xee});
  for (int head = 0; head < 2; ++head) {
    for (int d = 0; d < 8; ++d) {
      uint16_t key = float_to_half(k.at(0, head * 8 + d));
      uint16_t value = float_to_half(v.at(0, head * 8 + d));
      std::byte* base = expected.data() + 3 * stride + head * 8 * 16 * 4;
      std::memcpy(base + (d * 16 + 5) * 2, &key, 2);
      std::memcpy(base + 8 * 16 * 2 + (5 * 8 + d) * 2, &value, 2);
    }
  }
  EXPECT_TRUE(pages == expected);
}

TEST(KvWrite, VariantsAndThreadsGiveTheReferenceBytes) {
  for (int head_dim : {8, 16, 24, 64, 128, 256}) {
    for (int64_t tokens : {1, 15, 16, 100}) {
      TestMatrix k = TestMatrix::random(tokens, 3 * head_dim, 1, 1000.0f);
      TestMatrix v = TestMatrix::random(tokens, 3 * head_dim, 2, 1e-5f);  // among them halves that are denormal
      k.at(0, 3) = 1e9f;
      v.at(0, 3) = -0.0f;
      v.at(tokens - 1, 5) = std::numeric_limits<float>::infinity();
      std::vector<int64_t> slots = shuffled_slots(tokens);
      std::vector<std::byte> expected = written(Isa::kScalar, 3, head_dim, k, v, slots);
      for (Isa isa : available_isas()) {
        for (int threads : {1, 3}) {
          EXPECT_TRUE(written(isa, 3, head_dim, k, v, slots, threads) == expected) << isa_name(isa) << head_dim;
        }
      }
      std::vector<int64_t> consecutive(tokens);
      for (int64_t t = 0; t < tokens; ++t) consecutive[t] = t + 7;
      expected = written(Isa::kScalar, 3, head_dim, k, v, consecutive);
      for (Isa isa : available_isas()) {
        EXPECT_TRUE(written(isa, 3, head_dim, k, v, consecutive) == expected) << isa_name(isa) << head_dim;
      }
    }
  }
}

}  // namespace
}  // namespace weft
