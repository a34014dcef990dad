#include <gtest/gtest.h>

#include "base/byte_reader.h"
#include "base/json.h"
#include "base/rng.h"
#include "base/sha256.h"
#include "base/utf8.h"

namespace weft {
namespace {

Result<int> half(int value) {
  if (value % 2 != 0) return param_error("value", "{} is odd", value);
  return value / 2;
}

Result<int> quarter(int value) {
  TRY_ASSIGN(int once, half(value));
  return half(once);
}

TEST(Result, CarriesValueOrError) {
  EXPECT_EQ(*quarter(8), 2);
  ASSERT_FALSE(quarter(6));
  EXPECT_EQ(quarter(6).error().message, "3 is odd");
  EXPECT_EQ(quarter(6).error().param, "value");
}

TEST(ByteReader, RefusesToReadPastTheEnd) {
  const std::byte bytes[] = {std::byte{1}, std::byte{2}, std::byte{0}, std::byte{0}, std::byte{7}};
  ByteReader reader(bytes);
  EXPECT_EQ(*reader.read<uint32_t>(), 0x201u);
  EXPECT_FALSE(reader.read<uint16_t>());
  EXPECT_FALSE(reader.take(~0ull));
  EXPECT_EQ(*reader.read<uint8_t>(), 7);
  EXPECT_EQ(reader.remaining(), 0u);
}

TEST(Json, ReadsAndWrites) {
  const std::string text = R"({"b":[1,-2,0.1,1e+22,1.0,true,null],"a":"é\n\"\u0001"})";
  auto value = parse_json(text);
  ASSERT_TRUE(value) << value.error().message;
  EXPECT_EQ(write_json(*value), R"({"b":[1,-2,0.1,1e+22,1.0,true,null],"a":"é\n\"\u0001"})");
}

TEST(Json, RefusesWhatIsBeyondTheLimits) {
  EXPECT_FALSE(parse_json("[1e999]"));
  EXPECT_FALSE(parse_json("[1,]"));
  EXPECT_FALSE(parse_json("1 2"));
  EXPECT_FALSE(parse_json(std::string(40, '[') + std::string(40, ']')));
  EXPECT_TRUE(parse_json(std::string(30, '[') + std::string(30, ']')));
  EXPECT_FALSE(parse_json("[1,2,3,4]", {.max_depth = 32, .max_nodes = 4}));
}

TEST(Utf8, FindsIncompleteSuffix) {
  EXPECT_EQ(utf8_incomplete_suffix("a"), 0u);
  EXPECT_EQ(utf8_incomplete_suffix("a\xF0\x9F\x98"), 3u);
  EXPECT_EQ(utf8_incomplete_suffix("a\xC3"), 1u);
  EXPECT_EQ(utf8_incomplete_suffix("a\xE0\x80"), 0u);  // overlong: no completion exists
  EXPECT_EQ(utf8_incomplete_suffix("\xF0\x9F\x98\x80"), 0u);
}

TEST(Utf8, ReplacesMaximalSubparts) {
  EXPECT_EQ(replace_invalid_utf8("a\xF0\x9F\x98z\xFF"), "a\xEF\xBF\xBDz\xEF\xBF\xBD");
  EXPECT_EQ(replace_invalid_utf8("\xED\xA0\x80"), "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD");
  std::string text;
  for (char32_t code : {U'a', U'é', U'€', U'😀'}) append_utf8(text, code);
  EXPECT_EQ(text, "aé€😀");
  size_t pos = 3;
  EXPECT_EQ(decode_utf8(text, pos), U'€');
  EXPECT_EQ(pos, 6u);
}

TEST(Sha256, MatchesFips180) {
  EXPECT_EQ(to_hex(sha256("abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(Rng, DependsOnSeedAndCounterOnly) {
  EXPECT_EQ(random_word(1, 2), random_word(1, 2));
  EXPECT_NE(random_word(1, 2), random_word(2, 1));
  double sum = 0;
  for (uint64_t i = 0; i < 10'000; ++i) sum += random_unit(7, i);
  EXPECT_NEAR(sum / 10'000, 0.5, 0.01);
}

}  // namespace
}  // namespace weft
