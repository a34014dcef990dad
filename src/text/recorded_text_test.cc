// Ids that other implementations recorded for many texts, on every vocabulary here that they belong to.
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "text/recorded_data.h"

namespace weft {
namespace {

struct Recorded {
  const char* vocabulary;
  const char* texts;
};

class JsonLines : public testing::TestWithParam<Recorded> {};

TEST_P(JsonLines, GiveTheRecordedIds) {
  auto path = shared_data(std::string("tokenizers/reference/") + GetParam().texts);
  REQUIRE_DATA(path);
  auto tokenizer = load_vocabulary(GetParam().vocabulary);
  ASSERT_NE(tokenizer, nullptr);
  std::istringstream lines(read_all(path));
  int count = 0;
  for (std::string line; std::getline(lines, line); ++count) {
    auto record = parse_json(line);
    ASSERT_TRUE(record);
    std::string text(record->at("text").as_string());
    auto ids = ids_of(record->at("ids"));
    // SentencePiece's encode() and tiktoken's encode_ordinary() take "<s>" in a text for letters,
    // Hugging Face's for the token.
    bool special = std::string_view(GetParam().texts).starts_with("hf");
    EXPECT_EQ(tokenizer->encode(text, {.add_special_tokens = false, .parse_special_tokens = special}), ids)
        << text.substr(0, 200);
    const Json* decoded = record->as_object().if_contains("decoded");
    EXPECT_EQ(tokenizer->decode(ids, false), decoded == nullptr ? text : std::string(decoded->as_string()));
  }
  EXPECT_EQ(count, 309);
}

INSTANTIATE_TEST_SUITE_P(
    Gguf, JsonLines,
    testing::Values(Recorded{"llama-spm.gguf", "spm_llama2.jsonl"},
                    Recorded{"sentencepiece/llama2-tokenizer.model", "spm_llama2.jsonl"},
                    Recorded{"sentencepiece/mistral-v3.model", "spm_mistral-v3.jsonl"},
                    Recorded{"sentencepiece/sp-unigram-en-test.model", "spm_sp-unigram-en-test.jsonl"},
                    Recorded{"tiktoken/llama3-tokenizer.model", "tiktoken_llama3.jsonl"},
                    Recorded{"tiktoken/cl100k_base.tiktoken", "tiktoken_cl100k_base.jsonl"},
                    Recorded{"phi-3.gguf", "hf_phi-3.jsonl"}, Recorded{"falcon.gguf", "hf_falcon.jsonl"},
                    Recorded{"qwen2.5-coder-0.5b-instruct-q4_k_m.gguf", "hf_qwen3.jsonl"}));

// Lines "text => id,id".
TEST(PromptLines, GiveTheRecordedIds) {
  auto path = shared_data("tokenizers/expected/ggml_prompts_gpt-2.txt");
  REQUIRE_DATA(path);
  auto tokenizer = load_vocabulary("gpt-2.gguf");
  ASSERT_NE(tokenizer, nullptr);
  std::istringstream lines(read_all(path));
  int count = 0;
  for (std::string line; std::getline(lines, line);) {
    size_t arrow = line.rfind(" => ");
    if (arrow == std::string::npos) continue;
    std::vector<int32_t> ids;
    std::istringstream numbers(line.substr(arrow + 4));
    for (std::string id; std::getline(numbers, id, ',');) ids.push_back(std::stoi(id));
    EXPECT_EQ(tokenizer->encode(line.substr(0, arrow), {.add_special_tokens = false}), ids) << line;
    ++count;
  }
  EXPECT_GT(count, 50);
}

class InputFile : public testing::TestWithParam<Recorded> {};

// Texts of llama.cpp's vocabulary tests, whose own GGUF files are not here.
TEST_P(InputFile, GivesTheRecordedIds) {
  auto base = shared_data(std::string("tokenizers/gguf_vocab/ggml-vocab-") + GetParam().texts + ".gguf");
  REQUIRE_DATA(std::filesystem::path(base.string() + ".inp"));
  auto tokenizer = load_vocabulary(GetParam().vocabulary);
  ASSERT_NE(tokenizer, nullptr);
  std::string all = read_all(base.string() + ".inp");
  std::istringstream lines(read_all(base.string() + ".out"));
  const std::string mark = "\n__ggml_vocab_test__\n";
  int count = 0;
  for (size_t begin = 0, at; (at = all.find(mark, begin)) != std::string::npos; begin = at + mark.size(), ++count) {
    std::string line;
    ASSERT_TRUE(std::getline(lines, line));
    std::istringstream numbers(line);
    std::vector<int32_t> ids;
    for (int32_t id; numbers >> id;) ids.push_back(id);
    EXPECT_EQ(tokenizer->encode(all.substr(begin, at - begin), {.add_special_tokens = false}), ids) << count;
  }
  EXPECT_GE(count, 40);
}

INSTANTIATE_TEST_SUITE_P(HuggingFace, InputFile,
                         testing::Values(Recorded{"qwen3", "qwen2"}, Recorded{"roberta-base", "roberta-bpe"},
                                         Recorded{"qwen2.5-coder-0.5b-instruct-q4_k_m.gguf", "qwen2"},
                                         Recorded{"falcon", "falcon"}, Recorded{"phi-3", "phi-3"}));

class Multilingual : public testing::TestWithParam<Recorded> {};

TEST_P(Multilingual, GivesTheRecordedIds) {
  auto path = shared_data(std::string("tokenizers/expected/") + GetParam().texts);
  auto inputs_path = shared_data("tokenizers/expected/multilingual_inputs.json");
  REQUIRE_DATA(path);
  auto inputs = parse_json(read_all(inputs_path));
  auto expected = parse_json(read_all(path));
  ASSERT_TRUE(inputs && expected);
  auto tokenizer = load_vocabulary(GetParam().vocabulary);
  ASSERT_NE(tokenizer, nullptr);
  int count = 0;
  for (const Json& input : inputs->at("inputs").as_array()) {
    std::string text(input.at("text").as_string());
    const Json& entry = expected->at("entries").at(input.at("id").as_string());
    auto ids = ids_of(entry.at("input_ids"));
    EXPECT_EQ(tokenizer->encode(text), ids) << text;
    EXPECT_EQ(tokenizer->decode(ids), std::string(entry.at("decoded_skip_special").as_string()));
    ++count;
  }
  EXPECT_GT(count, 20);
}

INSTANTIATE_TEST_SUITE_P(Published, Multilingual,
                         testing::Values(Recorded{"qwen3", "multilingual_Qwen__Qwen2.5-0.5B.json"},
                                         Recorded{"gpt-2.gguf", "multilingual_openai-community__gpt2.json"}));

struct TransformersJs {
  const char* vocabulary;
  const char* family;
  const char* model;
  bool cleaned_up = false;  // the recorded texts went through transformers' clean_up_tokenization
};

class TransformersJsCases : public testing::TestWithParam<TransformersJs> {};

TEST_P(TransformersJsCases, GiveTheRecordedIds) {
  auto path = shared_data("tokenizers/expected/transformersjs_cases.json");
  REQUIRE_DATA(path);
  auto all = parse_json(read_all(path));
  ASSERT_TRUE(all);
  auto tokenizer = load_vocabulary(GetParam().vocabulary);
  ASSERT_NE(tokenizer, nullptr);
  int count = 0;
  for (const auto& [name, entry] : all->at(GetParam().family).at(GetParam().model).as_object()) {
    std::string text(entry.at("text").as_string());
    auto ids = ids_of(entry.at("ids"));
    EXPECT_EQ(tokenizer->encode(text), ids) << std::string_view(name) << ": " << text;
    if (!GetParam().cleaned_up) {
      EXPECT_EQ(tokenizer->decode(ids, false), std::string(entry.at("decoded").as_string())) << std::string_view(name);
    }
    ++count;
  }
  EXPECT_GT(count, 20);
}

INSTANTIATE_TEST_SUITE_P(Published, TransformersJsCases,
                         testing::Values(TransformersJs{"gpt-2.gguf", "gpt2", "openai-community/gpt2", true},
                                         TransformersJs{"falcon", "falcon", "tiiuae/falcon-7b", true},
                                         TransformersJs{"qwen3", "qwen2", "Xenova/Qwen1.5-0.5B-Chat"},
                                         TransformersJs{"deepseek-coder.gguf", "llama",
                                                        "Xenova/deepseek-coder-1.3b-instruct"},
                                         TransformersJs{"llama-spm.gguf", "llama", "Xenova/llama-tokenizer"}));

// The story that llama2.c's documentation shows, from the ids that the model gives.
TEST(Stories260K, DecodesAndEncodesItsOwnStory) {
  auto folder = shared_data("models/stories260K");
  REQUIRE_DATA(folder);
  auto files = ModelFiles::open(source_path("testdata/stories260K.gguf"));
  ASSERT_TRUE(files) << files.error().message;
  auto tokenizer = Tokenizer::load(*files);
  ASSERT_TRUE(tokenizer) << tokenizer.error().message;
  auto greedy = parse_json(read_all(folder / "greedy_ids.json"));
  ASSERT_TRUE(greedy);
  auto ids = ids_of(greedy->at("ids"));
  std::string story = (*tokenizer)->decode(ids);
  std::string documented = read_all(folder / "stories260K.md");
  std::string beginning =
      "Once upon a time, there was a little girl named Lily. She loved to play outside in the park.";
  EXPECT_TRUE(story.starts_with(beginning)) << story;
  EXPECT_NE(documented.find(story.substr(0, story.rfind(' '))), std::string::npos) << story;
  ids.insert(ids.begin(), 1);
  EXPECT_EQ((*tokenizer)->encode(story), ids);
}

}  // namespace
}  // namespace weft
