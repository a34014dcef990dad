#include "text/chat_template_source.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "text/chat_template.h"

namespace weft {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class ChatTemplateSourceTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::temp_directory_path() / ("weft_chat_template_" + std::to_string(::getpid()));
    fs::create_directories(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }

  void write(const std::string& name, std::string_view text) {
    fs::create_directories((folder_ / name).parent_path());
    std::ofstream(folder_ / name, std::ios::binary) << text;
  }

  fs::path folder_;
};

TEST_F(ChatTemplateSourceTest, TokenizerConfig) {
  write("tokenizer_config.json", R"({"chat_template": "T", "bos_token": {"content": "<s>", "lstrip": false},
         "eos_token": null, "pad_token": "<p>", "additional_special_tokens": ["<a>", {"content": "<b>"}]})");
  auto source = read_chat_template_source(folder_);
  ASSERT_TRUE(source.has_value());
  ASSERT_EQ(source->templates.size(), 1u);
  EXPECT_EQ(source->templates[0].first, "default");
  EXPECT_EQ(source->templates[0].second, "T");
  EXPECT_EQ(source->special.bos, "<s>");
  EXPECT_FALSE(source->special.eos.has_value());
  EXPECT_TRUE(source->says_eos);
  EXPECT_EQ(write_json(source->special.more), R"({"pad_token":"<p>","additional_special_tokens":["<a>","<b>"]})");
  auto file = read_chat_template_source(folder_ / "tokenizer_config.json");
  ASSERT_TRUE(file.has_value());
  EXPECT_EQ(file->templates, source->templates);
}

TEST_F(ChatTemplateSourceTest, JinjaFileGoesFirst) {
  write("special_tokens_map.json", R"({"bos_token": "<1>", "eos_token": "<2>"})");
  write("tokenizer_config.json", R"({"chat_template": "old", "bos_token": "<s>"})");
  write("chat_template.jinja", "new");
  write("additional_chat_templates/tool_use.jinja", "tools");
  write("additional_chat_templates/notes.txt", "none");
  auto source = read_chat_template_source(folder_);
  ASSERT_TRUE(source.has_value());
  using Named = std::vector<std::pair<std::string, std::string>>;
  EXPECT_EQ(source->templates, (Named{{"default", "new"}, {"tool_use", "tools"}}));
  EXPECT_EQ(source->special.bos, "<s>");
  EXPECT_EQ(source->special.eos, "<2>");
}

TEST_F(ChatTemplateSourceTest, NamedTemplatesAsTransformersChooses) {
  write(
      "tokenizer_config.json",
      R"({"chat_template": [{"name": "default", "template": "D{{ tools }}"}, {"name": "tool_use", "template": "U"}]})");
  auto chat = ChatTemplate::parse(read_chat_template_source(folder_).value());
  ASSERT_TRUE(chat.has_value());
  ChatTemplateInput input;
  EXPECT_EQ(chat->render(input, 0).value(), "DNone");
  input.tools = JsonArray();
  EXPECT_EQ(chat->render(input, 0).value(), "U");
  input.chat_template = "default";
  EXPECT_EQ(chat->render(input, 0).value(), "D[]");
  input.chat_template = "{{ 1 + 1 }}";
  EXPECT_EQ(chat->render(input, 0).value(), "2");
  input.chat_template = "{% if %}";
  EXPECT_EQ(chat->render(input, 0).error().param, "chat_template");
  EXPECT_EQ(chat->render_variables({{"tools", JsonArray()}}, 0).value(), "U");
  EXPECT_EQ(chat->render_variables({{"tools", nullptr}}, 0).value(), "DNone");
}

TEST_F(ChatTemplateSourceTest, NamesWithoutADefault) {
  write("tokenizer_config.json", R"({"chat_template": [{"name": "rag", "template": "R"}]})");
  auto chat = ChatTemplate::parse(read_chat_template_source(folder_).value());
  ASSERT_TRUE(chat.has_value());
  EXPECT_THAT(chat->render({}, 0).error().message, HasSubstr("rag"));
}

TEST_F(ChatTemplateSourceTest, FaultsAreNamed) {
  write("tokenizer_config.json", R"({"chat_template": 5})");
  EXPECT_THAT(read_chat_template_source(folder_).error().message, HasSubstr("tokenizer_config.json"));
  write("tokenizer_config.json",
        R"({"chat_template": [{"name": "rag", "template": "{{ 1"}, {"name": "b", "template": ""}]})");
  EXPECT_THAT(ChatTemplate::parse(read_chat_template_source(folder_).value()).error().message,
              HasSubstr("chat template 'rag': line 1, column 5"));
  EXPECT_FALSE(read_chat_template_source(folder_ / "none.jinja").has_value());
  fs::remove_all(folder_);
  fs::create_directories(folder_);
  EXPECT_TRUE(read_chat_template_source(folder_)->templates.empty());
}

TEST(ChatTemplateSource, Gguf) {
  Metadata gguf;
  gguf.set("tokenizer.chat_template", std::string("D"));
  gguf.set("tokenizer.chat_template.tool_use", std::string("U"));
  gguf.set("tokenizer.chat_templates", std::vector<std::string>{"tool_use"});
  gguf.set("tokenizer.ggml.tokens", std::vector<std::string>{"a", "<s>", "<p>"});
  gguf.set("tokenizer.ggml.bos_token_id", uint64_t{1});
  gguf.set("tokenizer.ggml.padding_token_id", uint64_t{2});
  gguf.set("tokenizer.ggml.eos_token_id", uint64_t{3});
  auto source = chat_template_source_of(gguf);
  ASSERT_TRUE(source.has_value());
  using Named = std::vector<std::pair<std::string, std::string>>;
  EXPECT_EQ(source->templates, (Named{{"default", "D"}, {"tool_use", "U"}}));
  EXPECT_EQ(source->special.bos, "<s>");
  EXPECT_FALSE(source->special.eos.has_value());
  EXPECT_EQ(write_json(source->special.more), R"({"pad_token":"<p>"})");
}

}  // namespace
}  // namespace weft
