#include "model_files/model_files.h"

#include <gtest/gtest.h>

#include <fstream>

#include "base/test_data.h"
#include "model_files/gguf_builder.h"
#include "model_files/hf_config.h"

namespace weft {
namespace {

namespace fs = std::filesystem;

class ModelDirectory : public testing::Test {
 protected:
  void SetUp() override {
    root_ = scratch_path("test_files") / testing::UnitTest::GetInstance()->current_test_info()->name();
    fs::remove_all(root_);
    fs::create_directories(root_);
  }
  void TearDown() override { fs::remove_all(root_); }

  void write(std::string_view name, std::string_view bytes) const {
    std::ofstream(root_ / name, std::ios::binary) << bytes;
  }
  void write_safetensors(std::string_view name, std::string_view tensor, char fill = 'x') const {
    std::string header = fmt::format(R"({{"{}":{{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}}})", tensor);
    uint64_t length = header.size();
    write(name, std::string(reinterpret_cast<const char*>(&length), 8) + header + std::string(8, fill));
  }
  std::string refusal() const {
    auto files = ModelFiles::open(root_);
    return files ? "" : files.error().message;
  }

  fs::path root_;
};

TEST_F(ModelDirectory, IsOneViewOfConfigAndTensors) {
  write("config.json", R"({"architectures":["LlamaForCausalLM"],"hidden_size":64,"rope_scaling":{"factor":8.0,
    "none":null},"eos_token_id":[1,2],"mixed":[1,{"a":"b"}],"tie":true})");
  write("generation_config.json", R"({"temperature":0.5})");
  write("tokenizer_config.json", R"({"bos_token":{"content":"<s>"}})");
  write("chat_template.jinja", "{{ x }}");
  write_safetensors("model.safetensors", "w");
  auto files = ModelFiles::open(root_);
  ASSERT_TRUE(files) << files.error().message;
  EXPECT_EQ(files->format(), ModelFormat::kSafetensors);
  EXPECT_EQ(*files->architecture(), "LlamaForCausalLM");
  const Metadata& metadata = files->metadata();
  EXPECT_EQ(*metadata.integer({"n_embd", "hidden_size"}), 64);
  EXPECT_EQ(*metadata.real({"rope_scaling.factor"}), 8.0);
  EXPECT_EQ(metadata.find("rope_scaling.none"), nullptr);
  EXPECT_EQ(std::get<std::vector<int64_t>>(*metadata.find("eos_token_id")), (std::vector<int64_t>{1, 2}));
  EXPECT_EQ(*metadata.integer({"mixed.0"}), 1);
  EXPECT_EQ(*metadata.text({"mixed.1.a"}), "b");
  EXPECT_EQ(*metadata.real({"generation_config.temperature"}), 0.5);
  EXPECT_EQ(*metadata.text({"tokenizer_config.bos_token.content"}), "<s>");
  EXPECT_EQ(*files->side_file("chat_template.jinja"), "{{ x }}");
  EXPECT_EQ(files->side_file("../x").error().code, ErrorCode::kNotFound);
  ASSERT_NE(files->find_tensor("w"), nullptr);
  EXPECT_EQ(files->find_tensor("w")->shape, std::vector<int64_t>{2});
  EXPECT_EQ(files->find_tensor("v"), nullptr);
  EXPECT_EQ(files->identity().size(), 64u);

  std::string before = files->identity();
  EXPECT_EQ(ModelFiles::open(root_)->identity(), before);
  write_safetensors("model.safetensors", "w", 'y');
  EXPECT_NE(ModelFiles::open(root_)->identity(), before);
}

TEST_F(ModelDirectory, MayHaveItsWeightsInSeveralFiles) {
  write("config.json", "{}");
  write("model.safetensors.index.json", R"({"weight_map":{"v":"one.safetensors","w":"two.safetensors"}})");
  write_safetensors("one.safetensors", "v");
  EXPECT_NE(refusal().find("two.safetensors"), std::string::npos) << refusal();
  write_safetensors("two.safetensors", "w");
  auto files = ModelFiles::open(root_);
  ASSERT_TRUE(files) << files.error().message;
  EXPECT_EQ(files->tensors().size(), 2u);
  write_safetensors("two.safetensors", "v");
  EXPECT_NE(refusal().find("also in another file"), std::string::npos) << refusal();
}

TEST_F(ModelDirectory, IsRefusedWithAReason) {
  EXPECT_NE(refusal().find("neither"), std::string::npos) << refusal();
  write("pytorch_model.bin", "\x80\x02");
  EXPECT_NE(refusal().find("pickles"), std::string::npos) << refusal();
  write("m.gguf", "GGUF");
  fs::remove(root_ / "pytorch_model.bin");
  EXPECT_NE(refusal().find("m.gguf"), std::string::npos) << refusal();
  write_safetensors("model.safetensors", "w");
  EXPECT_NE(refusal().find("config.json"), std::string::npos) << refusal();
  write("config.json", "[]");
  EXPECT_NE(refusal().find("not a JSON object"), std::string::npos) << refusal();
  write("config.json", std::string(100, '[') + std::string(100, ']'));
  EXPECT_FALSE(ModelFiles::open(root_));
  write("config.json", "{}");
  EXPECT_EQ(refusal(), "");
  EXPECT_EQ(ModelFiles::open(root_)->architecture().error().code, ErrorCode::kNotFound);
  EXPECT_EQ(ModelFiles::open(root_ / "nothing.gguf").error().code, ErrorCode::kNotFound);
}

TEST_F(ModelDirectory, SplitGgufIsRefused) {
  write("a.gguf", GgufBuilder().header(0, 1).key("split.count", 2).number<uint16_t>(3).bytes());
  auto files = ModelFiles::open(root_ / "a.gguf");
  ASSERT_FALSE(files);
  EXPECT_EQ(files.error().code, ErrorCode::kUnsupported);
  EXPECT_NE(files.error().message.find("a.gguf"), std::string::npos);
}

TEST(Metadata, SaysWhatItLookedFor) {
  Metadata metadata;
  metadata.set("a", 1.5);
  metadata.set("b", std::string("x"));
  metadata.set("c", 1e6);
  auto missing = metadata.integer({"x", "y"});
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, ErrorCode::kNotFound);
  EXPECT_EQ(missing.error().message, "the model's metadata has no \"x\" or \"y\"");
  EXPECT_EQ(metadata.integer({"a"}).error().code, ErrorCode::kCorruptFile);
  EXPECT_EQ(metadata.integer_or({"b"}, 3).error().code, ErrorCode::kCorruptFile);
  EXPECT_EQ(*metadata.integer_or({"x"}, 3), 3);
  EXPECT_EQ(*metadata.integer({"c"}), 1'000'000);
  EXPECT_EQ(*metadata.text_or({"x", "b"}, "y"), "x");
  EXPECT_FALSE(*metadata.boolean_or({"x"}, false));
}

struct RealModel {
  const char* file;
  const char* architecture;
  size_t tensors;
};

TEST(RealModels, Open) {
  for (auto [file, architecture, tensors] : {RealModel{"SmolLM2-135M-Instruct.Q4_1.gguf", "llama", 272},
                                             RealModel{"qwen2.5-coder-0.5b-instruct-q4_k_m.gguf", "qwen2", 291},
                                             RealModel{"gemma-3-270m-q4_k_m.gguf", "gemma3", 236}}) {
    auto path = model_path(file);
    REQUIRE_DATA(path);
    auto files = ModelFiles::open(path);
    ASSERT_TRUE(files) << files.error().message;
    EXPECT_EQ(*files->architecture(), architecture);
    EXPECT_EQ(files->tensors().size(), tensors);
    ASSERT_NE(files->find_tensor("token_embd.weight"), nullptr);
    EXPECT_EQ(files->find_tensor("token_embd.weight")->shape.size(), 2u);
  }
}

}  // namespace
}  // namespace weft
