// Ids that other implementations recorded for many texts, on every vocabulary here that they belong to. kTable says
// which; a file or family without a vocabulary here is reported as skipped, by name.
#include <gtest/gtest.h>

#include <functional>
#include <set>
#include <sstream>

#include "text/recorded_data.h"

namespace weft {
namespace {

enum class Layout {
  kJsonLines,       // {"text", "ids", maybe "ids_with_special" and "decoded"} per line
  kInputs,          // texts in x.inp, ids in x.out
  kPromptLines,     // "text => id,id"
  kMultilingual,    // texts in multilingual_inputs.json
  kTransformersJs,  // one model of one family
  kSwiftText,       // one text
  kSwiftCases,      // one model
  kSwiftQuestions   // ids alone
};

// What Hugging Face's tokenizers decode to, or transformers after it took spaces before punctuation away.
enum class Decoded { kExact, kCleanedUp };

struct Row {
  Layout layout;
  const char* file;        // below tokenizers/
  const char* part;        // of the file: "family/model"; "" for all of it
  const char* vocabulary;  // see load_vocabulary(); "" when it is not here
  Decoded decoded = Decoded::kExact;
  bool adds_special = true;  // false: the recorded tokenizer had no post-processor
};

constexpr const char* kBert = "wordpiece/bert-base-uncased-vocab.txt";
constexpr const char* kLlama3 = "tiktoken/llama3-tokenizer.model";
constexpr const char* kLlama2 = "sentencepiece/llama2-tokenizer.model";
constexpr const char* kQwenModel = "qwen2.5-coder-0.5b-instruct-q4_k_m.gguf";
constexpr const char* kJs = "expected/transformersjs_cases.json";
constexpr const char* kSwift = "expected/swift_tokenizer_tests.json";

constexpr Row kTable[] = {
    {Layout::kInputs, "gguf_vocab/ggml-vocab-bert-bge.gguf", "", "bert-bge.gguf"},
    {Layout::kInputs, "gguf_vocab/ggml-vocab-bert-bge.gguf", "", kBert},
    {Layout::kInputs, "gguf_vocab/ggml-vocab-deepseek-coder.gguf", "", "deepseek-coder.gguf"},
    {Layout::kInputs, "gguf_vocab/ggml-vocab-falcon.gguf", "", "falcon.gguf"},
    {Layout::kInputs, "gguf_vocab/ggml-vocab-falcon.gguf", "", "falcon"},
    {Layout::kInputs, "gguf_vocab/ggml-vocab-gpt-2.gguf", "", "gpt-2.gguf"},
    {Layout::kInputs, "gguf_vocab/ggml-vocab-llama-bpe.gguf", "", kLlama3},
    {Layout::kInputs, "gguf_vocab/ggml-vocab-llama-spm.gguf", "", "llama-spm.gguf"},
    {Layout::kInputs, "gguf_vocab/ggml-vocab-llama-spm.gguf", "", kLlama2},
    {Layout::kInputs, "gguf_vocab/ggml-vocab-phi-3.gguf", "", "phi-3.gguf"},
    {Layout::kInputs, "gguf_vocab/ggml-vocab-phi-3.gguf", "", "phi-3"},
    {Layout::kInputs, "gguf_vocab/ggml-vocab-qwen2.gguf", "", "qwen3"},
    {Layout::kInputs, "gguf_vocab/ggml-vocab-qwen2.gguf", "", kQwenModel},
    {Layout::kInputs, "gguf_vocab/ggml-vocab-roberta-bpe.gguf", "", "roberta-base"},
    {Layout::kInputs, "gguf_vocab/ggml-vocab-starcoder.gguf", "", "starcoder.gguf"},

    {Layout::kJsonLines, "reference/hf_falcon.jsonl", "", "falcon"},
    {Layout::kJsonLines, "reference/hf_falcon.jsonl", "", "falcon.gguf"},
    {Layout::kJsonLines, "reference/hf_phi-2.jsonl", "", "phi-2"},
    {Layout::kJsonLines, "reference/hf_phi-3.jsonl", "", "phi-3"},
    {Layout::kJsonLines, "reference/hf_phi-3.jsonl", "", "phi-3.gguf"},
    {Layout::kJsonLines, "reference/hf_qwen3.jsonl", "", "qwen3"},
    {Layout::kJsonLines, "reference/hf_qwen3.jsonl", "", kQwenModel},
    {Layout::kJsonLines, "reference/hf_roberta-base.jsonl", "", "roberta-base"},
    {Layout::kJsonLines, "reference/hf_t5-small.jsonl", "", "t5-small"},
    {Layout::kJsonLines, "reference/spm_llama2.jsonl", "", kLlama2},
    {Layout::kJsonLines, "reference/spm_llama2.jsonl", "", "llama-spm.gguf"},
    {Layout::kJsonLines, "reference/spm_mistral-v3.jsonl", "", "sentencepiece/mistral-v3.model"},
    {Layout::kJsonLines, "reference/spm_sp-unigram-en-test.jsonl", "", "sentencepiece/sp-unigram-en-test.model"},
    {Layout::kJsonLines, "reference/tiktoken_cl100k_base.jsonl", "", "tiktoken/cl100k_base.tiktoken"},
    {Layout::kJsonLines, "reference/tiktoken_llama3.jsonl", "", kLlama3},

    {Layout::kPromptLines, "expected/ggml_prompts_gpt-2.txt", "", "gpt-2.gguf"},
    {Layout::kPromptLines, "expected/ggml_prompts_starcoder.txt", "StarCoder (1)", ""},
    {Layout::kMultilingual, "expected/multilingual_Qwen__Qwen2.5-0.5B.json", "", "qwen3"},
    {Layout::kMultilingual, "expected/multilingual_google-t5__t5-small.json", "", "t5-small", Decoded::kCleanedUp},
    {Layout::kMultilingual, "expected/multilingual_openai-community__gpt2.json", "", "gpt-2.gguf"},
    {Layout::kSwiftText, "expected/swift_bert_uncased_encoded.json", "", kBert},
    {Layout::kSwiftText, "expected/swift_gpt2_encoded_tokens.json", "", "gpt-2.gguf"},
    {Layout::kSwiftText, "expected/swift_llama_encoded.json", "", "llama-spm.gguf"},
    {Layout::kSwiftText, "expected/swift_t5_base_encoded.json", "", "t5-small"},
    {Layout::kSwiftQuestions, "expected/swift_squad_tokenized_questions.json", "", kBert},
    {Layout::kSwiftCases, kSwift, "bert-base-uncased", kBert, Decoded::kCleanedUp},
    {Layout::kSwiftCases, kSwift, "google-bert/bert-base-uncased", kBert, Decoded::kCleanedUp},
    {Layout::kSwiftCases, kSwift, "distilgpt2", "gpt-2.gguf", Decoded::kCleanedUp},
    {Layout::kSwiftCases, kSwift, "coreml-projects/Llama-2-7b-chat-coreml", "llama-spm.gguf"},
    {Layout::kSwiftCases, kSwift, "tiiuae/falcon-7b", "falcon", Decoded::kCleanedUp},
    {Layout::kSwiftCases, kSwift, "t5-base", "t5-small", Decoded::kCleanedUp},
    {Layout::kSwiftCases, kSwift, "pcuenq/Llama-3.2-1B-Instruct-tokenizer", kLlama3, Decoded::kCleanedUp},
    {Layout::kSwiftCases, kSwift, "pcuenq/gemma-tokenizer", ""},
    {Layout::kSwiftCases, kSwift, "openai/whisper-tiny.en", ""},
    {Layout::kSwiftCases, kSwift, "openai/whisper-large-v2", ""},
    {Layout::kSwiftCases, kSwift, "distilbert/distilbert-base-multilingual-cased", ""},

    {Layout::kTransformersJs, kJs, "bert/Xenova/bert-base-uncased", kBert, Decoded::kCleanedUp},
    {Layout::kTransformersJs, kJs, "distilbert/Xenova/distilbert-base-uncased-finetuned-sst-2-english", kBert,
     Decoded::kCleanedUp},
    {Layout::kTransformersJs, kJs, "gpt2/openai-community/gpt2", "gpt-2.gguf", Decoded::kCleanedUp},
    {Layout::kTransformersJs, kJs, "gpt2/Xenova/gpt2", "gpt-2.gguf", Decoded::kCleanedUp},
    {Layout::kTransformersJs, kJs, "gpt2/Xenova/gpt-4", "tiktoken/cl100k_base.tiktoken"},
    {Layout::kTransformersJs, kJs, "falcon/tiiuae/falcon-7b", "falcon", Decoded::kCleanedUp},
    {Layout::kTransformersJs, kJs, "falcon/tiiuae/falcon-rw-1b", "gpt-2.gguf", Decoded::kCleanedUp},
    {Layout::kTransformersJs, kJs, "qwen2/Xenova/Qwen1.5-0.5B-Chat", "qwen3"},
    {Layout::kTransformersJs, kJs, "llama/Xenova/deepseek-coder-1.3b-instruct", "deepseek-coder.gguf"},
    {Layout::kTransformersJs, kJs, "llama/Xenova/llama-tokenizer", "llama-spm.gguf"},
    {Layout::kTransformersJs, kJs, "llama/Xenova/llama3-tokenizer-new", kLlama3, Decoded::kCleanedUp},
    {Layout::kTransformersJs, kJs, "roberta/Xenova/all-distilroberta-v1", "roberta-base", Decoded::kCleanedUp},
    {Layout::kTransformersJs, kJs, "t5/google-t5/t5-small", "t5-small", Decoded::kCleanedUp},
    {Layout::kTransformersJs, kJs, "t5/Xenova/t5-small", "t5-small", Decoded::kCleanedUp},
    {Layout::kTransformersJs, kJs, "llama/Xenova/llama3-tokenizer", kLlama3, Decoded::kCleanedUp, false},
    {Layout::kTransformersJs, kJs, "llama/Xenova/TinyLLama-v0", ""},
    {Layout::kTransformersJs, kJs, "llama/Xenova/tamillama_tiny_30m", ""},
    {Layout::kTransformersJs, kJs, "t5/Xenova/t5-tokenizer-new", ""},
    {Layout::kTransformersJs, kJs, "t5/Xenova/LaMini-Flan-T5-783M", ""},
    {Layout::kTransformersJs, kJs, "albert/Xenova/albert-base-v2", ""},
    {Layout::kTransformersJs, kJs, "bert/Xenova/bert-base-cased", ""},
    {Layout::kTransformersJs, kJs, "bert/Xenova/bert-base-multilingual-cased-ner-hrl", ""},
    {Layout::kTransformersJs, kJs, "bert/Xenova/paraphrase-multilingual-MiniLM-L12-v2", ""},
    {Layout::kTransformersJs, kJs, "bert/Xenova/bert-base-multilingual-uncased-sentiment", ""},
    {Layout::kTransformersJs, kJs, "bert/Xenova/multilingual-e5-small", ""},
    {Layout::kTransformersJs, kJs, "bert/Xenova/bge-small-zh-v1.5", ""},
    {Layout::kTransformersJs, kJs, "bert/Xenova/bge-base-zh-v1.5", ""},
    {Layout::kTransformersJs, kJs, "bert/Xenova/indobert-base-p1", ""},
    {Layout::kTransformersJs, kJs, "bert/Xenova/spanbert-large-cased", ""},
    {Layout::kTransformersJs, kJs, "bert/Xenova/UMLSBert_ENG", ""},
    {Layout::kTransformersJs, kJs, "bert/Xenova/SapBERT-from-PubMedBERT-fulltext", ""},
    {Layout::kTransformersJs, kJs, "bert/Xenova/rubert-base-cased", ""},
    {Layout::kTransformersJs, kJs, "bert/Xenova/kobert", ""},
    {Layout::kTransformersJs, kJs, "bert/Xenova/scibert_scivocab_uncased", ""},
    {Layout::kTransformersJs, kJs, "bert/Xenova/LaBSE", ""},
    {Layout::kTransformersJs, kJs, "bert/Xenova/herbert-large-cased", ""},
    {Layout::kTransformersJs, kJs, "bert/Xenova/ernie-gram-zh", ""},
    {Layout::kTransformersJs, kJs, "bert/google-bert/bert-base-cased", ""},
    {Layout::kTransformersJs, kJs, "bert/onnx-community/language_detection-ONNX", ""},
    {Layout::kTransformersJs, kJs, "bloom/Xenova/bloom-560m", ""},
    {Layout::kTransformersJs, kJs, "distilbert/Xenova/distilbert-base-cased-distilled-squad", ""},
    {Layout::kTransformersJs, kJs, "distilbert/Xenova/distiluse-base-multilingual-cased-v2", ""},
    {Layout::kTransformersJs, kJs, "distilbert/distilbert/distilbert-base-multilingual-cased", ""},
    {Layout::kTransformersJs, kJs, "gpt2/Xenova/gpt-4o", ""},
    {Layout::kTransformersJs, kJs, "gpt2/Xenova/claude-tokenizer", ""},
    {Layout::kTransformersJs, kJs, "gpt2/bigcode/santacoder", ""},
    {Layout::kTransformersJs, kJs, "gpt2/Xenova/CodeGPT-tokenizer", ""},
    {Layout::kTransformersJs, kJs, "gpt2/huggingface-course/codeparrot-ds", ""},
    {Layout::kTransformersJs, kJs, "roberta/jinaai/jina-embeddings-v2-base-de", ""},
    {Layout::kTransformersJs, kJs, "roberta/jinaai/jina-embeddings-v2-base-code", ""},
    {Layout::kTransformersJs, kJs, "roberta/jinaai/jina-reranker-v1-tiny-en", ""},
    {Layout::kTransformersJs, kJs, "roberta/jinaai/jina-embeddings-v2-base-zh", ""},
    {Layout::kTransformersJs, kJs, "roberta/Xenova/EsperBERTo-small-pos", ""},
    {Layout::kTransformersJs, kJs, "roberta/onnx-community/camembertv2-base", ""},
};

// These hold texts for others, or are described by others.
constexpr const char* kNoExpectations[] = {"expected/ggml_prompts_test-cases.txt", "expected/multilingual_inputs.json",
                                           "reference/tiktoken_patterns.json"};

std::string text_at(const Json& record, std::string_view key) { return std::string(record.at(key).as_string()); }

// The checks of one row; each returns how many texts it looked at.
class RowChecker {
 public:
  RowChecker(const Row& row, const Tokenizer& tokenizer) : row_(row), tokenizer_(tokenizer) {}

  int check() {
    path_ = shared_data(std::string("tokenizers/") + row_.file);
    switch (row_.layout) {
      case Layout::kJsonLines:
        return json_lines();
      case Layout::kInputs:
        return inputs();
      case Layout::kPromptLines:
        return prompt_lines();
      case Layout::kMultilingual:
        return multilingual();
      case Layout::kTransformersJs:
        return transformers_js();
      case Layout::kSwiftText:
        return swift_text();
      case Layout::kSwiftCases:
        return swift_cases();
      case Layout::kSwiftQuestions:
        return swift_questions();
    }
    return 0;
  }

 private:
  void expect_ids(const std::string& text, const std::vector<int32_t>& ids, const EncodeOptions& options) {
    EXPECT_EQ(tokenizer_.encode(text, options), ids) << text.substr(0, 200);
  }

  Json whole_file() {
    auto json = parse_json(read_all(path_));
    EXPECT_TRUE(json);
    return json ? std::move(*json) : Json();
  }

  int json_lines() {
    // SentencePiece's encode() and tiktoken's encode_ordinary() take "<s>" in a text for letters, Hugging Face's for
    // the token.
    bool hugging_face = path_.filename().string().starts_with("hf_");
    bool gguf = std::string_view(row_.vocabulary).ends_with(".gguf");
    std::istringstream lines(read_all(path_));
    int count = 0;
    for (std::string line; std::getline(lines, line); ++count) {
      auto record = parse_json(line);
      EXPECT_TRUE(record);
      std::string text = text_at(*record, "text");
      auto ids = ids_of(record->at("ids"));
      expect_ids(text, ids, {.add_special_tokens = false, .parse_special_tokens = hugging_face});
      const auto& members = record->as_object();
      // GGUF files have their own idea of which tokens are added.
      if (members.contains("ids_with_special") && !gguf) expect_ids(text, ids_of(members.at("ids_with_special")), {});
      EXPECT_EQ(tokenizer_.decode(ids, false), members.contains("decoded") ? text_at(*record, "decoded") : text);
    }
    EXPECT_EQ(count, 309);
    return count;
  }

  int inputs() {
    std::string all = read_all(path_.string() + ".inp");
    std::istringstream lines(read_all(path_.string() + ".out"));
    const std::string mark = "\n__ggml_vocab_test__\n";
    int count = 0;
    for (size_t begin = 0, at; (at = all.find(mark, begin)) != std::string::npos; begin = at + mark.size(), ++count) {
      std::string line;
      EXPECT_TRUE(std::getline(lines, line));
      std::istringstream numbers(line);
      std::vector<int32_t> ids;
      for (int32_t id; numbers >> id;) ids.push_back(id);
      expect_ids(all.substr(begin, at - begin), ids, {.add_special_tokens = false, .parse_special_tokens = false});
    }
    return count;
  }

  int prompt_lines() {
    std::istringstream lines(read_all(path_));
    int count = 0;
    for (std::string line; std::getline(lines, line);) {
      size_t arrow = line.rfind(" => ");
      if (arrow == std::string::npos) continue;
      std::vector<int32_t> ids;
      std::istringstream numbers(line.substr(arrow + 4));
      for (std::string id; std::getline(numbers, id, ',');) ids.push_back(std::stoi(id));
      expect_ids(line.substr(0, arrow), ids, {.add_special_tokens = false});
      ++count;
    }
    return count;
  }

  int multilingual() {
    auto texts = parse_json(read_all(shared_data("tokenizers/expected/multilingual_inputs.json")));
    EXPECT_TRUE(texts);
    Json expected = whole_file();
    int count = 0;
    for (const Json& input : texts->at("inputs").as_array()) {
      const Json& entry = expected.at("entries").at(input.at("id").as_string());
      auto ids = ids_of(entry.at("input_ids"));
      expect_ids(text_at(input, "text"), ids, {});
      if (row_.decoded == Decoded::kExact) {
        EXPECT_EQ(tokenizer_.decode(ids), text_at(entry, "decoded_skip_special"));
      }
      ++count;
    }
    return count;
  }

  int transformers_js() {
    std::string part = row_.part;
    size_t slash = part.find('/');
    int count = 0;
    Json all = whole_file();
    for (const auto& [name, entry] : all.at(part.substr(0, slash)).at(part.substr(slash + 1)).as_object()) {
      if (entry.as_object().contains("text_pair")) continue;  // two texts in one
      auto ids = ids_of(entry.at("ids"));
      expect_ids(text_at(entry, "text"), ids, {.add_special_tokens = row_.adds_special});
      if (row_.decoded == Decoded::kExact) {
        EXPECT_EQ(tokenizer_.decode(ids, false), text_at(entry, "decoded"));
      }
      ++count;
    }
    return count;
  }

  int swift_text() {
    Json record = whole_file();
    auto ids = ids_of(record.at("token_ids"));
    expect_ids(text_at(record, "text"), ids, {});
    return 1;
  }

  int swift_cases() {
    Json all = whole_file();
    int count = 0;
    for (const Json& entry : all.at(row_.part).as_array()) {
      auto ids = ids_of(entry.at("encoded").at("input_ids"));
      expect_ids(text_at(entry, "input"), ids, {});
      if (row_.decoded == Decoded::kExact) {
        EXPECT_EQ(tokenizer_.decode(ids, false), text_at(entry, "decoded_with_special"));
        EXPECT_EQ(tokenizer_.decode(ids, true), text_at(entry, "decoded_without_special"));
      }
      ++count;
    }
    return count;
  }

  // The questions themselves are not here: their decoded texts must give their ids again.
  int swift_questions() {
    Json all = whole_file();
    int count = 0;
    for (const Json& question : all.as_array()) {
      auto ids = ids_of(question);
      expect_ids(tokenizer_.decode(ids), ids, {.add_special_tokens = false});
      ++count;
    }
    return count;
  }

  const Row& row_;
  const Tokenizer& tokenizer_;
  std::filesystem::path path_;
};

// Every row of one vocabulary, which is loaded once.
class RecordedTexts : public testing::TestWithParam<const char*> {};

TEST_P(RecordedTexts, GiveTheRecordedIds) {
  REQUIRE_DATA(shared_data("tokenizers"));
  if (GetParam() == kQwenModel) {
    REQUIRE_DATA(model_path(kQwenModel));
  }
  auto tokenizer = load_vocabulary(GetParam());
  ASSERT_NE(tokenizer, nullptr);
  int texts = 0;
  for (const Row& row : kTable) {
    if (std::string_view(row.vocabulary) != GetParam()) continue;
    SCOPED_TRACE(std::string(row.file) + " " + row.part);
    int count = RowChecker(row, *tokenizer).check();
    EXPECT_GT(count, 0);
    texts += count;
  }
  RecordProperty("texts", texts);
}

std::vector<const char*> vocabularies() {
  std::vector<const char*> out;
  for (const Row& row : kTable) {
    std::string_view name = row.vocabulary;
    if (!name.empty() && std::find(out.begin(), out.end(), name) == out.end()) out.push_back(row.vocabulary);
  }
  return out;
}

INSTANTIATE_TEST_SUITE_P(Published, RecordedTexts, testing::ValuesIn(vocabularies()));

// No file of expectations, and no family in one, is forgotten.
TEST(RecordedTable, NamesEveryExpectation) {
  REQUIRE_DATA(shared_data("tokenizers"));
  std::set<std::string> rows(std::begin(kNoExpectations), std::end(kNoExpectations));
  for (const Row& row : kTable) {
    bool parts = std::string_view(row.file) == kJs || std::string_view(row.file) == kSwift;
    rows.insert(parts ? std::string(row.file) + row.part : row.file);
  }
  auto expect_row = [&](const std::string& name) { EXPECT_TRUE(rows.contains(name)) << name; };
  for (const char* folder : {"gguf_vocab", "reference", "expected"}) {
    for (const auto& entry : std::filesystem::directory_iterator(shared_data("tokenizers") / folder)) {
      std::string name = std::string(folder) + "/" + entry.path().filename().string();
      if (name.ends_with(".inp") || name.ends_with(".out")) name.erase(name.size() - 4);
      if (name != kJs && name != kSwift) expect_row(name);
    }
  }
  auto families = parse_json(read_all(shared_data(std::string("tokenizers/") + kJs)));
  auto models = parse_json(read_all(shared_data(std::string("tokenizers/") + kSwift)));
  ASSERT_TRUE(families && models);
  for (const auto& [family, members] : families->as_object()) {
    for (const auto& [model, cases] : members.as_object())
      expect_row(std::string(kJs) + std::string(family) + "/" + std::string(model));
  }
  for (const auto& [model, cases] : models->as_object()) expect_row(kSwift + std::string(model));
}

TEST(RecordedTable, SkipsWhatHasNoVocabulary) {
  std::string names;
  for (const Row& row : kTable) {
    if (*row.vocabulary == '\0') names += std::string("\n  ") + row.file + " " + row.part;
  }
  GTEST_SKIP() << "skipped: no vocabulary here for" << names;
}

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
