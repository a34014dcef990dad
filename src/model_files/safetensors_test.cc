#include "model_files/safetensors.h"

#include <gtest/gtest.h>

#include <cstring>

#include "base/mapped_file.h"
#include "base/test_data.h"

namespace weft {
namespace {

std::string file_with(std::string_view header, size_t data_bytes) {
  uint64_t length = header.size();
  std::string out(reinterpret_cast<const char*>(&length), sizeof(length));
  out += header;
  for (size_t i = 0; i < data_bytes; ++i) out += static_cast<char>(i);
  return out;
}

auto read(const std::string& file) { return read_safetensors(std::as_bytes(std::span(file))); }

constexpr std::string_view kGood =
    R"({"__metadata__":{"format":"pt"},"b":{"dtype":"F16","shape":[2,3],"data_offsets":[4,16]},)"
    R"("a":{"dtype":"I32","shape":[],"data_offsets":[0,4]},"none":{"dtype":"F32","shape":[0,7],"data_offsets":[4,4]}} )";

TEST(Safetensors, ReadsTensorsInOrderOfTheirData) {
  std::string file = file_with(kGood, 16);
  auto tensors = read(file);
  ASSERT_TRUE(tensors) << tensors.error().message;
  ASSERT_EQ(tensors->size(), 3u);
  EXPECT_EQ((*tensors)[0].name, "a");
  EXPECT_EQ((*tensors)[0].dtype, DType::kI32);
  EXPECT_TRUE((*tensors)[0].shape.empty());
  EXPECT_EQ((*tensors)[0].bytes.size(), 4u);
  const TensorEntry& last = tensors->back();
  const TensorEntry& b = last.name == "b" ? last : (*tensors)[1];
  EXPECT_EQ(b.shape, (std::vector<int64_t>{2, 3}));
  EXPECT_EQ(static_cast<int>(b.bytes[0]), 4);
}

TEST(Safetensors, ReadsPublishedFiles) {
  struct Published {
    const char* name;
    size_t tensors;
  };
  for (auto [name, count] :
       {Published{"tensor-1d-int32", 1}, Published{"tensor-2d-float64", 1}, Published{"tensor-4d-float32", 1},
        Published{"gptq_small", 5}, Published{"many_keys", 20}}) {
    auto path = shared_data("models/small-tensors") / (std::string(name) + ".safetensors");
    REQUIRE_DATA(path);
    auto file = MappedFile::open(path);
    ASSERT_TRUE(file);
    auto tensors = read_safetensors(file->bytes());
    ASSERT_TRUE(tensors) << name << ": " << tensors.error().message;
    EXPECT_EQ(tensors->size(), count) << name;
  }
}

struct BadHeader {
  std::string_view header;
  size_t data;
  ErrorCode code;
  const char* in_message;
};

TEST(Safetensors, RefusesWhatContradictsTheFormat) {
  const auto kCorrupt = ErrorCode::kCorruptFile;
  const BadHeader bad[] = {
      {"", 0, kCorrupt, "begin with {"},
      {"[]", 0, kCorrupt, "begin with {"},
      {"{", 0, kCorrupt, "JSON"},
      {R"({"a":1})", 0, kCorrupt, "not an object"},
      {R"({"a":{"dtype":"I8","shape":[4]}})", 4, kCorrupt, "lacks"},
      {R"({"a":{"dtype":"I8","shape":[4],"data_offsets":[0,4],"x":1}})", 4, kCorrupt, "unknown key"},
      {R"({"a":{"dtype":"I8","dtype":"I8","shape":[4],"data_offsets":[0,4]}})", 4, kCorrupt, "twice"},
      {R"({"a":{"dtype":"F8_E4M3","shape":[4],"data_offsets":[0,4]}})", 4, ErrorCode::kUnsupported, "F8_E4M3"},
      {R"({"a":{"dtype":"Q9","shape":[4],"data_offsets":[0,4]}})", 4, kCorrupt, "does not exist"},
      {R"({"a":{"dtype":"I8","shape":[-4],"data_offsets":[0,4]}})", 4, kCorrupt, "sizes"},
      {R"({"a":{"dtype":"I8","shape":[1.5],"data_offsets":[0,4]}})", 4, kCorrupt, "sizes"},
      {R"({"a":{"dtype":"I8","shape":[1,1,1,1,1,1,1,1,1],"data_offsets":[0,1]}})", 1, kCorrupt, "dimensions"},
      {R"({"a":{"dtype":"I16","shape":[4],"data_offsets":[0,4]}})", 4, kCorrupt, "do not fit"},
      {R"({"a":{"dtype":"F64","shape":[4611686018427387904,4],"data_offsets":[0,0]}})", 0, kCorrupt, "do not fit"},
      {R"({"a":{"dtype":"I8","shape":[4],"data_offsets":[4,0]}})", 4, kCorrupt, "not inside"},
      {R"({"a":{"dtype":"I8","shape":[4],"data_offsets":[1,5]}})", 4, kCorrupt, "not inside"},
      {R"({"a":{"dtype":"I8","shape":[4],"data_offsets":[0,18446744073709551615]}})", 4, kCorrupt, "not inside"},
      {R"({"a":{"dtype":"I8","shape":[4],"data_offsets":[0,4]}})", 5, kCorrupt, "data has 5"},
      {R"({"a":{"dtype":"I8","shape":[4],"data_offsets":[1,5]}})", 5, kCorrupt, "no tensor owns"},
      {R"({"a":{"dtype":"I8","shape":[4],"data_offsets":[0,4]},"b":{"dtype":"I8","shape":[4],"data_offsets":[2,6]}})",
       6, kCorrupt, "overlaps"},
      {R"({"a":{"dtype":"I8","shape":[4],"data_offsets":[0,4]},"a":{"dtype":"I8","shape":[4],"data_offsets":[4,8]}})",
       8, kCorrupt, "twice"},
      {R"({"__metadata__":{"format":1}})", 0, kCorrupt, "strings"},
      {R"({"a":{{{{{{{{{{{{{{)", 0, kCorrupt, "JSON"},
  };
  for (const BadHeader& file : bad) {
    auto tensors = read(file_with(file.header, file.data));
    ASSERT_FALSE(tensors) << file.header;
    EXPECT_EQ(tensors.error().code, file.code) << file.header << ": " << tensors.error().message;
    EXPECT_NE(tensors.error().message.find(file.in_message), std::string::npos)
        << file.header << ": " << tensors.error().message;
  }
}

TEST(Safetensors, SurvivesTruncationAtEveryByteAndEveryHeaderLength) {
  std::string file = file_with(kGood, 16);
  for (size_t size = 0; size < file.size(); ++size) {
    std::vector<std::byte> cut(size);
    std::memcpy(cut.data(), file.data(), size);
    auto tensors = read_safetensors(cut);
    ASSERT_FALSE(tensors) << "cut at " << size;
    EXPECT_EQ(tensors.error().code, ErrorCode::kCorruptFile);
  }
  for (uint64_t length : {uint64_t{0}, uint64_t{1}, uint64_t{0x7FFFFFFF}, uint64_t{0x80000001}, (uint64_t{1} << 32) - 1,
                          (uint64_t{1} << 32) + 1, uint64_t{1} << 63, ~uint64_t{0}}) {
    std::memcpy(file.data(), &length, sizeof(length));
    EXPECT_FALSE(read(file));
  }
}

TEST(Safetensors, SurvivesEveryFlippedBit) {
  std::string good = file_with(kGood, 16);
  for (size_t bit = 0; bit < good.size() * 8; ++bit) {
    std::string file = good;
    file[bit / 8] = static_cast<char>(file[bit / 8] ^ (1 << (bit % 8)));
    auto tensors = read(file);
    if (!tensors) {
      EXPECT_TRUE(tensors.error().code == ErrorCode::kCorruptFile || tensors.error().code == ErrorCode::kUnsupported);
    }
  }
}

TEST(SafetensorsIndex, ListsFilesBesideIt) {
  auto names =
      read_safetensors_index(R"({"weight_map":{"a":"m-2.safetensors","b":"m-1.safetensors","c":"m-2.safetensors"}})");
  ASSERT_TRUE(names) << names.error().message;
  EXPECT_EQ(*names, (std::vector<std::string>{"m-1.safetensors", "m-2.safetensors"}));
  for (const char* bad :
       {R"({"weight_map":{"a":"../m.safetensors"}})", R"({"weight_map":{"a":"/m.safetensors"}})",
        R"({"weight_map":{"a":"m.bin"}})", R"({"weight_map":{"a":1}})", R"({"weight_map":[]})", "{}", "[]", ""}) {
    EXPECT_FALSE(read_safetensors_index(bad)) << bad;
  }
}

}  // namespace
}  // namespace weft
