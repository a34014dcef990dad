// What is not read is refused by name, and no file makes the loaders fail otherwise.
#include <gtest/gtest.h>

#include "base/json.h"
#include "base/mapped_file.h"
#include "base/rng.h"
#include "base/test_data.h"
#include "text/gguf_tokenizer.h"
#include "text/tokenizer_json.h"

namespace weft {
namespace {

constexpr std::string_view kSmall = R"({"added_tokens":[{"id":6,"content":"<e>","special":true,"normalized":false}],
  "normalizer":{"type":"Sequence","normalizers":[{"type":"NFC"}]},
  "pre_tokenizer":{"type":"Sequence","pretokenizers":[{"type":"Split","pattern":{"Regex":" ?\\p{L}+"},
    "behavior":"Isolated","invert":false},{"type":"ByteLevel","add_prefix_space":false,"use_regex":false}]},
  "post_processor":{"type":"TemplateProcessing","single":[{"Sequence":{"id":"A"}},{"SpecialToken":{"id":"<e>"}}],
    "special_tokens":{"<e>":{"id":"<e>","ids":[6],"tokens":["<e>"]}}},
  "decoder":{"type":"ByteLevel"},
  "model":{"type":"BPE","vocab":{"a":0,"b":1,"Ġ":2,"ab":3,"Ġab":4,"ba":5},"merges":["a b",["Ġ","ab"],"b a"]}})";

std::string replaced(std::string_view from, std::string_view to) {
  std::string out(kSmall);
  size_t at = out.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return out.replace(at, from.size(), to);
}

TEST(SmallTokenizer, MergesByRank) {
  auto tokenizer = load_json_tokenizer(kSmall, Metadata{});
  ASSERT_TRUE(tokenizer) << tokenizer.error().message;
  EXPECT_EQ((*tokenizer)->encode("ab ab<e>bab"), (std::vector<int32_t>{3, 4, 6, 1, 3, 6}));
  EXPECT_EQ((*tokenizer)->encode("<e>", {.add_special_tokens = false, .parse_special_tokens = false}),
            std::vector<int32_t>{});  // its letters have no tokens here
  EXPECT_EQ((*tokenizer)->decode(std::vector<int32_t>{4, 6, 5, -1, 99}), " abba");
  EXPECT_EQ((*tokenizer)->find_token("<e>"), 6);
  EXPECT_EQ((*tokenizer)->find_token("x"), std::nullopt);
}

// {"vocab", "merges"} of CLIP's kind: the last character of a word has its own tokens.
TEST(SmallTokenizer, EndsWordsWithASuffix) {
  auto tokenizer = load_json_tokenizer(R"({"pre_tokenizer":{"type":"WhitespaceSplit"},
    "decoder":{"type":"BPEDecoder","suffix":"</w>"},
    "model":{"type":"BPE","end_of_word_suffix":"</w>","unk_token":"?",
      "vocab":{"a":0,"b":1,"a</w>":2,"b</w>":3,"ab</w>":4,"?":5,"aa":6},"merges":["a b</w>","a a"]}})",
                                       Metadata{});
  ASSERT_TRUE(tokenizer) << tokenizer.error().message;
  auto ids = (*tokenizer)->encode("ab  aab a c");
  EXPECT_EQ(ids, (std::vector<int32_t>{4, 0, 4, 2, 5}));
  EXPECT_EQ((*tokenizer)->decode(ids), "ab aab a ?");
  EXPECT_EQ((*tokenizer)->decode(std::vector<int32_t>{4, 2}), "ab a");
}

TEST(SmallTokenizer, MarksTokensInsideWords) {
  auto tokenizer = load_json_tokenizer(R"({"pre_tokenizer":{"type":"BertPreTokenizer"},
    "decoder":{"type":"WordPiece","prefix":"##","cleanup":true},
    "model":{"type":"BPE","continuing_subword_prefix":"##","vocab":{"a":0,"##a":1,"##b":2,"ab":3,"##ab":4,"!":5},
      "merges":["a ##b","##a ##b"]}})",
                                       Metadata{});
  ASSERT_TRUE(tokenizer) << tokenizer.error().message;
  auto ids = (*tokenizer)->encode("abab a!");
  EXPECT_EQ(ids, (std::vector<int32_t>{3, 4, 0, 5}));
  EXPECT_EQ((*tokenizer)->decode(ids), "abab a!");
}

std::string decoded_by(std::string_view decoder, std::vector<int32_t> ids) {
  std::string json = R"({"decoder":)";
  json += decoder;
  json +=
      R"(,"model":{"type":"WordLevel","unk_token":"<pad>","vocab":{"<pad>":0,"|":1,"h":2,"i":3,"<0xC3>":4,"<0xA9>":5,
    "\u2581a":6,"\u2581":7,"x_x":8}}})";
  auto tokenizer = load_json_tokenizer(json, Metadata{});
  EXPECT_TRUE(tokenizer) << tokenizer.error().message;
  return tokenizer ? (*tokenizer)->decode(ids) : "";
}

TEST(Decoders, MakeTextOfTokens) {
  EXPECT_EQ(decoded_by(R"({"type":"CTC","pad_token":"<pad>","word_delimiter_token":"|","cleanup":true})",
                       {0, 2, 2, 0, 3, 3, 1, 1, 2, 0, 2}),
            "hi hh");
  EXPECT_EQ(decoded_by("null", {2, 3, 8}), "h i x_x");
  EXPECT_EQ(decoded_by(R"({"type":"Metaspace","replacement":"\u2581","prepend_scheme":"always"})", {6, 7, 6}), "a  a");
  EXPECT_EQ(decoded_by(R"({"type":"Metaspace","replacement":"\u2581","prepend_scheme":"never"})", {6, 6}), " a a");
  std::string fused = R"({"type":"Sequence","decoders":[
    {"type":"Replace","pattern":{"String":"\u2581"},"content":" "},{"type":"ByteFallback"},{"type":"Fuse"},
    {"type":"Strip","content":" ","start":1,"stop":0}]})";
  EXPECT_EQ(decoded_by(fused, {6, 4, 5, 6}), "a\xC3\xA9 a");
  EXPECT_EQ(decoded_by(fused, {7, 6, 4, 2}), " a\xEF\xBF\xBDh");
  EXPECT_EQ(decoded_by(R"({"type":"Sequence","decoders":[{"type":"Replace","pattern":{"Regex":"_|h"},"content":"-"},
    {"type":"Strip","content":"x","start":1,"stop":1}]})",
                       {8, 2, 3}),
            "--i");
}

struct BadPart {
  std::string json;
  ErrorCode code;
  const char* in_message;
};

TEST(SmallTokenizer, IsRefusedByTheNameOfThePart) {
  const auto kUnsupported = ErrorCode::kUnsupported;
  const auto kCorrupt = ErrorCode::kCorruptFile;
  const BadPart bad[] = {
      {replaced("\"BPE\"", "\"Bigram\""), kUnsupported, "model.type: the kind \"Bigram\""},
      {replaced("\"BPE\"", "\"Unigram\""), kCorrupt, "model.vocab"},
      {replaced("\"NFC\"", "\"Other\""), kUnsupported, "normalizer.normalizers[0]: the type \"Other\""},
      {replaced("\"NFC\"", "\"Precompiled\""), kCorrupt, "precompiled_charsmap"},
      {replaced("\"Split\"", "\"Cut\""), kUnsupported, "Cut"},
      {replaced("\"TemplateProcessing\"", "\"Other\""), kUnsupported, "post_processor: the type \"Other\""},
      {replaced("{\"type\":\"ByteLevel\"},\n  \"model\"", "{\"type\":\"Other\"},\n  \"model\""), kUnsupported, "Other"},
      {replaced(" ?\\\\p{L}+", "(a"), kUnsupported, "Oniguruma"},
      {replaced("\"a b\"", "\"a c\""), kCorrupt, "merge 0"},
      {replaced("\"a b\"", "\"ab\""), kCorrupt, "\"ab\" is not two tokens"},
      {replaced("\"a b\"", "7"), kCorrupt, "model.merges[0]"},
      {replaced("\"ba\":5", "\"ba\":4"), kCorrupt, "the id 4 belongs to"},
      {replaced("\"ba\":5", "\"ba\":-5"), kCorrupt, "-5"},
      {replaced("\"ba\":5", "\"ba\":99999999999"), kCorrupt, "99999999999"},
      {replaced("\"ids\":[6]", "\"ids\":[60]"), kCorrupt, "no token 60"},
      {replaced("\"merges\":[", "\"dropout\":0.1,\"merges\":["), kUnsupported, "dropout"},
      {"", kCorrupt, "JSON"},
      {"[]", kCorrupt, "no \"model\""},
      {std::string(1'000'000, '['), kCorrupt, "JSON"},
  };
  for (const BadPart& part : bad) {
    auto tokenizer = load_json_tokenizer(part.json, Metadata{});
    ASSERT_FALSE(tokenizer) << part.in_message;
    EXPECT_EQ(tokenizer.error().code, part.code) << tokenizer.error().message;
    EXPECT_NE(tokenizer.error().message.find(part.in_message), std::string::npos) << tokenizer.error().message;
  }
}

TEST(SmallTokenizer, SurvivesTruncationAndChangedBytes) {
  for (size_t size = 0; size < kSmall.size(); ++size) {
    EXPECT_FALSE(load_json_tokenizer(kSmall.substr(0, size), Metadata{}));
  }
  Rng rng(3);
  const std::string_view kAlphabet = "\"\\{}[]:,0-9aeNTnull \xC4\x00\xFF";
  for (int round = 0; round < 20'000; ++round) {
    std::string json(kSmall);
    for (size_t n = 1 + rng.below(3); n > 0; --n) json[rng.below(json.size())] = kAlphabet[rng.below(kAlphabet.size())];
    auto tokenizer = load_json_tokenizer(json, Metadata{});
    if (tokenizer) {
      auto ids = (*tokenizer)->encode("ab ba <e> \xC3\xA9");
      (*tokenizer)->decode(ids);
    } else {
      EXPECT_TRUE(tokenizer.error().code == ErrorCode::kCorruptFile ||
                  tokenizer.error().code == ErrorCode::kUnsupported);
    }
  }
}

TEST(PublishedTokenizers, ThatAreNotReadSayWhy) {
  REQUIRE_DATA(shared_data("tokenizers"));
  auto load = [](const char* name) {
    auto text = read_text_file(shared_data("tokenizers/hf") / name / "tokenizer.json", 64u << 20);
    EXPECT_TRUE(text);
    return load_json_tokenizer(*text, Metadata{});
  };
  auto broken = load("added-tokens");
  ASSERT_FALSE(broken);
  EXPECT_EQ(broken.error().code, ErrorCode::kCorruptFile);
  EXPECT_NE(broken.error().message.find("merges"), std::string::npos) << broken.error().message;
  auto legacy = load("llama2-legacy");  // three of its merges hold spaces themselves
  if (!legacy) {
    EXPECT_EQ(legacy.error().code, ErrorCode::kCorruptFile) << legacy.error().message;
  } else {
    EXPECT_EQ((*legacy)->encode("Hello world"), (std::vector<int32_t>{1, 15043, 3186}));
  }
}

Metadata small_gguf() {
  Metadata metadata;
  metadata.set("tokenizer.ggml.model", std::string("llama"));
  metadata.set("tokenizer.ggml.tokens", std::vector<std::string>{"<unk>", "<s>", "\xE2\x96\x81", "a",
                                                                 "\xE2\x96\x81"
                                                                 "a"});
  metadata.set("tokenizer.ggml.scores", std::vector<double>{0, 0, -1, -2, -3});
  metadata.set("tokenizer.ggml.token_type", std::vector<int64_t>{2, 3, 1, 1, 1});
  metadata.set("tokenizer.ggml.unknown_token_id", uint64_t{0});
  metadata.set("tokenizer.ggml.bos_token_id", uint64_t{1});
  return metadata;
}

TEST(GgufTokenizer, ChecksItsKeys) {
  auto good = load_gguf_tokenizer(small_gguf());
  ASSERT_TRUE(good) << good.error().message;
  EXPECT_EQ((*good)->encode("a az"), (std::vector<int32_t>{1, 4, 4, 0}));
  EXPECT_EQ((*good)->decode(std::vector<int32_t>{1, 4, 4}), "a a");

  struct Change {
    const char* key;
    MetadataValue value;
    ErrorCode code;
  };
  const Change changes[] = {
      {"tokenizer.ggml.model", std::string("rwkv"), ErrorCode::kUnsupported},
      {"tokenizer.ggml.model", std::string("gpt2"), ErrorCode::kCorruptFile},  // without merges
      {"tokenizer.ggml.tokens", std::vector<int64_t>{1}, ErrorCode::kCorruptFile},
      {"tokenizer.ggml.tokens", std::vector<std::string>{}, ErrorCode::kCorruptFile},
      {"tokenizer.ggml.scores", std::vector<double>{0}, ErrorCode::kCorruptFile},
      {"tokenizer.ggml.scores", std::vector<double>{0, 0, 0, 0, std::numeric_limits<double>::quiet_NaN()},
       ErrorCode::kCorruptFile},
      {"tokenizer.ggml.token_type", std::vector<int64_t>{1}, ErrorCode::kCorruptFile},
      {"tokenizer.ggml.bos_token_id", uint64_t{5}, ErrorCode::kCorruptFile},
      {"tokenizer.ggml.unknown_token_id", int64_t{-1}, ErrorCode::kCorruptFile},
  };
  for (const Change& change : changes) {
    Metadata metadata = small_gguf();
    metadata.set(change.key, change.value);
    auto tokenizer = load_gguf_tokenizer(metadata);
    ASSERT_FALSE(tokenizer) << change.key;
    EXPECT_EQ(tokenizer.error().code, change.code) << tokenizer.error().message;
  }
  Metadata metadata = small_gguf();
  metadata.set("tokenizer.ggml.model", std::string("gpt2"));
  metadata.set("tokenizer.ggml.pre", std::string("nobody-knows"));
  auto unknown = load_gguf_tokenizer(metadata);
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().code, ErrorCode::kUnsupported);
  EXPECT_NE(unknown.error().message.find("nobody-knows"), std::string::npos);
}

TEST(GgufTokenizer, KnowsItsSplitPatterns) {
  for (const char* name :
       {"default",      "llama-bpe",   "qwen2",  "smollm",    "gpt-2",  "falcon",      "starcoder", "deepseek-coder",
        "deepseek-llm", "deepseek-v3", "refact", "command-r", "olmo",   "dbrx",        "phi-2",     "mpt",
        "stablelm2",    "gpt-4o",      "tekken", "bloom",     "viking", "roberta-bpe", "codeshell", "exaone"}) {
    const GgufSplit* split = find_gguf_split(name);
    ASSERT_NE(split, nullptr) << name;
    Metadata metadata;
    metadata.set("tokenizer.ggml.model", std::string("gpt2"));
    metadata.set("tokenizer.ggml.pre", std::string(name));
    metadata.set("tokenizer.ggml.tokens", std::vector<std::string>{"a"});
    metadata.set("tokenizer.ggml.merges", std::vector<std::string>{});
    auto tokenizer = load_gguf_tokenizer(metadata);
    EXPECT_TRUE(tokenizer) << name << ": " << tokenizer.error().message;
  }
  EXPECT_EQ(find_gguf_split("nobody-knows"), nullptr);
}

}  // namespace
}  // namespace weft
