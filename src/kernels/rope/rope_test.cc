#include "kernels/rope/rope.h"

#include <numbers>

#include "kernels/cpu_core/same_bits.h"

namespace weft {
namespace {

const std::vector<int32_t> kPositions = {0, 1, 7, 511, 63, 62, 61};

TestMatrix rotated(Isa isa, int heads, int head_dim, const RopeTable& table, int threads = 1) {
  ComputePool pool(threads);
  Workspace workspace;
  OpContext op{&pool, &workspace, isa};
  TestMatrix x = TestMatrix::random(static_cast<int64_t>(kPositions.size()), heads * head_dim, head_dim);
  rope(op, x.view(), heads, head_dim, kPositions, table);
  return x;
}

TEST(Rope, ReferenceRotatesPairsByPositionTimesFrequency) {
  auto table = RopeTable::build(16, 10000.0, 512);
  ASSERT_TRUE(table);
  TestMatrix x = TestMatrix::random(static_cast<int64_t>(kPositions.size()), 32, 16);
  TestMatrix out = rotated(Isa::kScalar, 2, 16, *table);
  for (int64_t t = 0; t < x.rows; ++t) {
    for (int head = 0; head < 2; ++head) {
      for (int i = 0; i < 8; ++i) {
        double angle = kPositions[t] * std::pow(10000.0, -i / 8.0);
        double a = x.at(t, head * 16 + i);
        double b = x.at(t, head * 16 + i + 8);
        EXPECT_NEAR(out.at(t, head * 16 + i), a * std::cos(angle) - b * std::sin(angle), 2e-7);
        EXPECT_NEAR(out.at(t, head * 16 + i + 8), b * std::cos(angle) + a * std::sin(angle), 2e-7);
      }
    }
  }
}

TEST(Rope, VariantsAndThreadsGiveTheReferenceBits) {
  for (int head_dim : {8, 16, 24, 64, 80, 128, 256}) {
    auto table = RopeTable::build(head_dim, 1e6, 512);
    ASSERT_TRUE(table);
    TestMatrix expected = rotated(Isa::kScalar, 40, head_dim, *table);
    for (Isa isa : available_isas()) {
      for (int threads : {1, 3}) {
        EXPECT_TRUE(same_bits(rotated(isa, 40, head_dim, *table, threads).values, expected.values))
            << isa_name(isa) << head_dim;
      }
    }
  }
}

TEST(Rope, RotatesOnlyTheRotaryPart) {
  auto table = RopeTable::build(32, 10000.0, 512);
  ASSERT_TRUE(table);
  for (Isa isa : available_isas()) {
    TestMatrix x = TestMatrix::random(static_cast<int64_t>(kPositions.size()), 2 * 80, 80);
    TestMatrix out = rotated(isa, 2, 80, *table);
    EXPECT_NE(out.at(3, 80), x.at(3, 80));
    for (int i = 32; i < 80; ++i) EXPECT_EQ(out.at(3, 80 + i), x.at(3, 80 + i));
  }
}

// cos of position 1 gives the frequency back.
double frequency(const RopeTable& table, int pair) { return std::acos(table.cosines()[table.rotary_dim() / 2 + pair]); }

TEST(Rope, Scaling) {
  RopeScaling linear{RopeScaling::Kind::kLinear, 4.0};
  EXPECT_NEAR(frequency(*RopeTable::build(64, 10000.0, 4, linear), 3), std::pow(10000.0, -6.0 / 64) / 4, 1e-5);

  // Llama 3.1's own values: fast pairs stay, slow ones are slowed by the factor, one between is blended.
  RopeScaling llama{RopeScaling::Kind::kLlama3, 8.0, 1.0, 4.0, 8192};
  auto table = RopeTable::build(128, 500000.0, 3000, llama);
  ASSERT_TRUE(table);
  auto plain = [](int i) { return std::pow(500000.0, -2.0 * i / 128); };
  EXPECT_NEAR(frequency(*table, 5), plain(5), 1e-4);
  const float* sines = table->sines() + int64_t{2999} * 64;
  EXPECT_NEAR(sines[60], std::sin(2999 * plain(60) / 8), 1e-6);
  double turns = 8192 * plain(32) / (2 * std::numbers::pi);
  ASSERT_TRUE(turns > 1 && turns < 4);
  double blend = (turns - 1) / 3;
  EXPECT_NEAR(sines[32], std::sin(2999 * plain(32) * ((1 - blend) / 8 + blend)), 1e-6);

  std::vector<float> divisors(32, 1.0f);
  divisors[2] = 3.0f;
  auto divided = RopeTable::build(64, 10000.0, 4, {}, divisors);
  ASSERT_TRUE(divided);
  EXPECT_NEAR(frequency(*divided, 2), std::pow(10000.0, -4.0 / 64) / 3, 1e-5);
}

TEST(Rope, RefusesSenselessTables) {
  EXPECT_FALSE(RopeTable::build(7, 10000.0, 4));
  EXPECT_FALSE(RopeTable::build(0, 10000.0, 4));
  EXPECT_FALSE(RopeTable::build(64, -1.0, 4));
  EXPECT_FALSE(RopeTable::build(64, std::nan(""), 4));
  EXPECT_FALSE(RopeTable::build(64, 10000.0, 0));
  EXPECT_FALSE(RopeTable::build(64, 10000.0, int64_t{1} << 60));
  EXPECT_FALSE(RopeTable::build(64, 10000.0, 4, {RopeScaling::Kind::kLinear, 0.0}));
  EXPECT_FALSE(RopeTable::build(64, 10000.0, 4, {RopeScaling::Kind::kLlama3, 8.0, 4.0, 4.0, 8192}));
  std::vector<float> few(3, 1.0f);
  EXPECT_FALSE(RopeTable::build(64, 10000.0, 4, {}, few));
  std::vector<float> zeros(32, 0.0f);
  EXPECT_FALSE(RopeTable::build(64, 10000.0, 4, {}, zeros));
}

}  // namespace
}  // namespace weft
