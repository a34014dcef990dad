#include "model_files/gguf.h"

#include <gtest/gtest.h>

#include "base/test_data.h"
#include "model_files/gguf_builder.h"

namespace weft {
namespace {

std::span<const std::byte> bytes_of(const std::string& text) { return std::as_bytes(std::span(text)); }

// One of everything: 16 values, 3 tensors.
GgufBuilder sample_file() {
  GgufBuilder file;
  file.header(3, 17);
  file.key("general.architecture", 8).text("llama");
  file.key("general.alignment", 4).number<uint32_t>(64);
  file.key("u8", 0).number<uint8_t>(200).key("i8", 1).number<int8_t>(-100);
  file.key("u16", 2).number<uint16_t>(60000).key("i16", 3).number<int16_t>(-30000);
  file.key("u32", 4).number<uint32_t>(4000000000).key("i32", 5).number<int32_t>(-2000000000);
  file.key("f32", 6).number(1.5f).key("bool", 7).number<uint8_t>(1);
  file.key("u64", 10).number<uint64_t>(1ull << 63).key("i64", 11).number<int64_t>(-(1ll << 62));
  file.key("f64", 12).number(-2.25);
  file.key("names", 9).number<uint32_t>(8).number<uint64_t>(2).text("one").text("");
  file.key("ids", 9).number<uint32_t>(5).number<uint64_t>(3).number<int32_t>(1).number<int32_t>(-2).number<int32_t>(3);
  file.key("scores", 9).number<uint32_t>(6).number<uint64_t>(1).number(0.5f);
  file.key("flags", 9).number<uint32_t>(7).number<uint64_t>(2).number<uint8_t>(0).number<uint8_t>(1);
  file.tensor("a", {4, 2}, 0, 0).tensor("b", {32}, 8, 64).tensor("c", {1, 2, 3, 1}, 1, 128);
  file.align(64).raw(std::string(32, 'a')).align(64).raw(std::string(34, 'b')).align(64).raw(std::string(12, 'c'));
  return file;
}

TEST(Gguf, ReadsEveryKindOfValueAndTensor) {
  GgufBuilder file = sample_file();
  auto contents = read_gguf(bytes_of(file.bytes()));
  ASSERT_TRUE(contents) << contents.error().message;
  const Metadata& metadata = contents->metadata;
  EXPECT_EQ(*metadata.text({"general.architecture"}), "llama");
  EXPECT_EQ(*metadata.integer({"u8"}), 200);
  EXPECT_EQ(*metadata.integer({"i8"}), -100);
  EXPECT_EQ(*metadata.integer({"u16"}), 60000);
  EXPECT_EQ(*metadata.integer({"i16"}), -30000);
  EXPECT_EQ(*metadata.integer({"u32"}), 4000000000);
  EXPECT_EQ(*metadata.integer({"i32"}), -2000000000);
  EXPECT_EQ(*metadata.integer({"i64"}), -(1ll << 62));
  EXPECT_EQ(metadata.integer({"u64"}).error().code, ErrorCode::kCorruptFile);  // does not fit
  EXPECT_EQ(*metadata.real({"f32"}), 1.5);
  EXPECT_EQ(*metadata.real({"f64"}), -2.25);
  EXPECT_TRUE(*metadata.boolean({"bool"}));
  EXPECT_EQ(std::get<std::vector<std::string>>(*metadata.find("names")), (std::vector<std::string>{"one", ""}));
  EXPECT_EQ(std::get<std::vector<int64_t>>(*metadata.find("ids")), (std::vector<int64_t>{1, -2, 3}));
  EXPECT_EQ(std::get<std::vector<double>>(*metadata.find("scores")), (std::vector<double>{0.5}));
  EXPECT_EQ(std::get<std::vector<bool>>(*metadata.find("flags")), (std::vector<bool>{false, true}));

  ASSERT_EQ(contents->tensors.size(), 3u);
  EXPECT_EQ(contents->tensors[0].shape, (std::vector<int64_t>{2, 4}));
  EXPECT_EQ(contents->tensors[0].bytes.size(), 32u);
  EXPECT_EQ(static_cast<char>(contents->tensors[0].bytes[31]), 'a');
  EXPECT_EQ(contents->tensors[1].dtype, DType::kQ8_0);
  EXPECT_EQ(contents->tensors[1].bytes.size(), 34u);
  EXPECT_EQ(static_cast<char>(contents->tensors[1].bytes[0]), 'b');
  EXPECT_EQ(contents->tensors[2].shape, (std::vector<int64_t>{1, 3, 2, 1}));
  EXPECT_EQ(static_cast<char>(contents->tensors[2].bytes[11]), 'c');
}

// Whatever the file says, the answer is contents inside the file or one of two errors.
void expect_typed_verdict(const std::string& file) {
  auto contents = read_gguf(bytes_of(file));
  if (!contents) {
    auto code = contents.error().code;
    EXPECT_TRUE(code == ErrorCode::kCorruptFile || code == ErrorCode::kUnsupported) << contents.error().message;
    EXPECT_FALSE(contents.error().message.empty());
    return;
  }
  unsigned sum = 0;
  for (const TensorEntry& tensor : contents->tensors) {
    for (std::byte byte : tensor.bytes) sum += static_cast<unsigned>(byte);
  }
  EXPECT_LE(sum, 255u * file.size());
}

TEST(Gguf, SurvivesExtremeValuesInEveryIntegerField) {
  GgufBuilder good = sample_file();
  const uint64_t extremes[] = {0,          1,          0x7FFFFFFF,       0x80000000, 0x80000001,
                               0xFFFFFFFF, 1ull << 32, (1ull << 32) + 1, 1ull << 63, ~uint64_t{0},
                               12,         255};
  for (auto field : good.integers()) {
    for (uint64_t extreme : extremes) {
      std::string file = good.bytes();
      std::memcpy(file.data() + field.offset, &extreme, field.size);
      expect_typed_verdict(file);
    }
  }
}

TEST(Gguf, SurvivesTruncationAtEveryByte) {
  std::string file = sample_file().bytes();
  for (size_t size = 0; size < file.size(); ++size) {
    // A heap copy of exactly this size, so that AddressSanitizer sees a read behind it.
    std::vector<std::byte> cut(size);
    std::memcpy(cut.data(), file.data(), size);
    auto contents = read_gguf(cut);
    ASSERT_FALSE(contents) << "cut at " << size;
    EXPECT_EQ(contents.error().code, ErrorCode::kCorruptFile);
  }
}

TEST(Gguf, SurvivesEveryFlippedBit) {
  std::string file = sample_file().bytes();
  for (size_t bit = 0; bit < file.size() * 8; ++bit) {
    std::string flipped = file;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << (bit % 8)));
    expect_typed_verdict(flipped);
  }
}

struct BadFile {
  const char* what;
  std::string bytes;
  ErrorCode code;
  const char* in_message;
};

TEST(Gguf, RefusesWhatContradictsTheFormat) {
  auto one_tensor = [](std::vector<uint64_t> shape, uint32_t type, uint64_t offset, size_t data) {
    GgufBuilder file;
    file.header(1, 0).tensor("w", std::move(shape), type, offset).align(32).raw(std::string(data, 'x'));
    return file.bytes();
  };
  auto one_value = [](auto fill) {
    GgufBuilder file;
    file.header(0, 1);
    fill(file);
    return file.bytes();
  };
  const auto kCorrupt = ErrorCode::kCorruptFile;
  const BadFile bad[] = {
      {"other magic", "GGML" + std::string(20, '\0'), kCorrupt, "not a GGUF"},
      {"version 1", GgufBuilder().header(0, 0, 1).bytes(), ErrorCode::kUnsupported, "version 1"},
      {"big endian", GgufBuilder().header(0, 0, 0x03000000).bytes(), ErrorCode::kUnsupported, "big-endian"},
      {"count of tensors", GgufBuilder().header(1ull << 40, 0).bytes(), kCorrupt, "at most 65536"},
      {"unknown ggml type", one_tensor({32}, 999, 0, 128), ErrorCode::kUnsupported, "\"w\" has ggml type 999"},
      {"unread ggml type", one_tensor({256}, 10, 0, 128), ErrorCode::kUnsupported, "10 (Q2_K)"},
      {"row of part blocks", one_tensor({16, 2}, 8, 0, 64), kCorrupt, "whole number"},
      {"extent past the end", one_tensor({32}, 0, 0, 127), kCorrupt, "truncated"},
      {"offset that wraps", one_tensor({32}, 0, ~uint64_t{0} - 63, 128), kCorrupt, "truncated"},
      {"dimensions that wrap", one_tensor({1ull << 32, 1ull << 32}, 0, 0, 128), kCorrupt, "dimension 1"},
      {"misaligned", one_tensor({8}, 0, 4, 128), kCorrupt, "aligned"},
      {"five dimensions", one_tensor({1, 1, 1, 1, 1}, 0, 0, 128), kCorrupt, "5 dimensions"},
      {"empty dimension", one_tensor({0}, 0, 0, 128), kCorrupt, "dimension 0"},
      {"overlap",
       GgufBuilder()
           .header(2, 0)
           .tensor("v", {16}, 0, 0)
           .tensor("w", {8}, 0, 32)
           .align(32)
           .raw(std::string(64, 'x'))
           .bytes(),
       kCorrupt, "overlaps"},
      {"tensor twice",
       GgufBuilder()
           .header(2, 0)
           .tensor("w", {8}, 0, 0)
           .tensor("w", {8}, 0, 32)
           .align(32)
           .raw(std::string(64, 'x'))
           .bytes(),
       kCorrupt, "twice"},
      {"key twice", GgufBuilder().header(0, 2).key("k", 7).number<uint8_t>(1).key("k", 7).number<uint8_t>(1).bytes(),
       kCorrupt, "twice"},
      {"bool of 2", one_value([](auto& f) { f.key("k", 7).template number<uint8_t>(2); }), kCorrupt, "bool"},
      {"alignment 0", one_value([](auto& f) { f.key("general.alignment", 4).template number<uint32_t>(0); }), kCorrupt,
       "alignment"},
      {"alignment 48", one_value([](auto& f) { f.key("general.alignment", 4).template number<uint32_t>(48); }),
       kCorrupt, "alignment"},
      {"nested array",
       one_value([](auto& f) { f.key("k", 9).template number<uint32_t>(9).template number<uint64_t>(1); }),
       ErrorCode::kUnsupported, "arrays inside arrays"},
      {"array longer than the file",
       one_value([](auto& f) { f.key("k", 9).template number<uint32_t>(8).template number<uint64_t>(1 << 20); }),
       kCorrupt, "longer than the file"},
      {"value type", one_value([](auto& f) { f.key("k", 13); }), kCorrupt, "type 13"},
      {"key that is no UTF-8", one_value([](auto& f) { f.key("\xFF", 7).template number<uint8_t>(1); }), kCorrupt,
       "UTF-8"},
  };
  for (const BadFile& file : bad) {
    auto contents = read_gguf(bytes_of(file.bytes));
    ASSERT_FALSE(contents) << file.what;
    EXPECT_EQ(contents.error().code, file.code) << file.what << ": " << contents.error().message;
    EXPECT_NE(contents.error().message.find(file.in_message), std::string::npos)
        << file.what << ": " << contents.error().message;
  }
}

TEST(Gguf, KeepsTheLimitsItIsGiven) {
  FileLimits limits;
  limits.max_string_bytes = 4;
  auto contents = read_gguf(bytes_of(sample_file().bytes()), limits);
  ASSERT_FALSE(contents);
  EXPECT_NE(contents.error().message.find("at most 4"), std::string::npos) << contents.error().message;
}

}  // namespace
}  // namespace weft
