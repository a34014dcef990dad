// The file formats beside tokenizer.json and GGUF: what is refused, and why; no bytes make a reader fail otherwise.
#include "text/tokenizer_files.h"

#include <gtest/gtest.h>

#include <fstream>

#include "base/rng.h"
#include "text/charsmap.h"
#include "text/recorded_data.h"
#include "text/sentence_piece_file.h"
#include "text/tiktoken_file.h"
#include "text/word_piece_file.h"

namespace weft {
namespace {

using Loaded = Result<std::unique_ptr<Tokenizer>>;

void expect_error(const Loaded& loaded, ErrorCode code, std::string_view part) {
  ASSERT_FALSE(loaded) << part;
  EXPECT_EQ(loaded.error().code, code) << loaded.error().message;
  EXPECT_NE(loaded.error().message.find(part), std::string::npos) << loaded.error().message;
}

// The wire format of Protocol Buffers, for lengths below 128.
std::string message(int field, const std::string& bytes) {
  return std::string(1, static_cast<char>(field << 3 | 2)) + static_cast<char>(bytes.size()) + bytes;
}
std::string number(int field, char value) { return std::string(1, static_cast<char>(field << 3)) + value; }

std::string piece(const std::string& text, float score, char type) {
  std::string bits(reinterpret_cast<const char*>(&score), 4);
  return message(1, message(1, text) + "\x15" + bits + number(3, type));
}

const std::string kMark = "\xE2\x96\x81";

// Unknown, BOS, a user-defined piece, and letters; `type` is the model's (1 unigram, 2 BPE).
std::string small_model(char type) {
  return piece("<unk>", 0, 2) + piece("<s>", 0, 3) + piece("<x>", 0, 4) + piece(kMark + "a", -1, 1) +
         piece(kMark, -2, 1) + piece("a", -3, 1) + piece("b", -4, 1) + message(2, number(3, type));
}

std::vector<int32_t> plain(const Tokenizer& tokenizer, std::string_view text) {
  return tokenizer.encode(text, {.add_special_tokens = false, .parse_special_tokens = false});
}

TEST(SentencePieceFile, ReadsSmallModels) {
  for (char type : {char{1}, char{2}}) {
    auto loaded = load_sentence_piece_file(small_model(type), Metadata{});
    ASSERT_TRUE(loaded) << loaded.error().message;
    const Tokenizer& tokenizer = **loaded;
    EXPECT_EQ(plain(tokenizer, "a  ab"), (std::vector<int32_t>{3, 3, 6}));  // spaces are one
    EXPECT_EQ(plain(tokenizer, "a<x>b"), (std::vector<int32_t>{3, 2, 6}));
    EXPECT_EQ(plain(tokenizer,
                    "\xE4\xB8\xAD\xE5\x9B\xBD"
                    "b")
                  .back(),
              6);
    EXPECT_EQ(tokenizer.encode("a").front(), type == 2 ? 1 : 3);  // BOS before BPE only
    EXPECT_EQ(tokenizer.decode(std::vector<int32_t>{1, 3, 0, 2}), "a \xE2\x81\x87 <x>");
    EXPECT_EQ(tokenizer.bos_id(), 1);
  }
  // Neighbouring unknown characters are one unknown text.
  auto bpe = load_sentence_piece_file(small_model(2), Metadata{});
  EXPECT_EQ(plain(**bpe,
                  "\xE4\xB8\xAD\xE5\x9B\xBD"
                  "b"),
            (std::vector<int32_t>{4, 0, 6}));
  auto unigram = load_sentence_piece_file(small_model(1), Metadata{});
  EXPECT_EQ(plain(**unigram,
                  "\xE4\xB8\xAD\xE5\x9B\xBD"
                  "b"),
            (std::vector<int32_t>{4, 0, 6}));  // one unknown text
}

TEST(SentencePieceFile, TakesTokensFromItsConfig) {
  Metadata metadata;
  metadata.set("tokenizer_config.added_tokens_decoder.7.content", std::string("<|end|>"));
  metadata.set("tokenizer_config.added_tokens_decoder.7.special", true);
  metadata.set("tokenizer_config.add_bos_token", false);
  auto loaded = load_sentence_piece_file(small_model(2), metadata);
  ASSERT_TRUE(loaded) << loaded.error().message;
  EXPECT_EQ((*loaded)->encode("a<|end|>"), (std::vector<int32_t>{3, 7}));
  metadata.set("tokenizer_config.added_tokens_decoder.x.content", std::string("y"));
  expect_error(load_sentence_piece_file(small_model(2), metadata), ErrorCode::kCorruptFile, "added_tokens_decoder.x");
  Metadata other;
  other.set("tokenizer_config.tokenizer_class", std::string("XLMRobertaTokenizerFast"));
  expect_error(load_sentence_piece_file(small_model(1), other), ErrorCode::kUnsupported, "XLMRoberta");
}

TEST(SentencePieceFile, SaysWhatIsWrong) {
  auto load = [](const std::string& bytes) { return load_sentence_piece_file(bytes, Metadata{}); };
  expect_error(load(""), ErrorCode::kCorruptFile, "0 pieces");
  expect_error(load(piece("a", 0, 1)), ErrorCode::kCorruptFile, "no unknown one");
  expect_error(load(small_model(1) + piece("<unk2>", 0, 2)), ErrorCode::kCorruptFile, "second unknown");
  expect_error(load(small_model(1) + piece("\xFF", 0, 1)), ErrorCode::kCorruptFile, "piece 7");
  expect_error(load(small_model(1) + piece("c", 0, 9)), ErrorCode::kCorruptFile, "type 9");
  expect_error(load(small_model(3)), ErrorCode::kUnsupported, "model type 3");
  expect_error(load(small_model(1) + message(3, message(2, "abc"))), ErrorCode::kCorruptFile, "truncated");
  expect_error(load(small_model(1) + message(5, message(2, "abc"))), ErrorCode::kUnsupported, "denormalizer");
  expect_error(load("\x0A\xFF\xFF\xFF\xFF\x0F"
                    "abc"),
               ErrorCode::kCorruptFile, "needs 4294967295 bytes");
  expect_error(load(std::string(11, '\xFF')), ErrorCode::kCorruptFile, "64 bits");
  expect_error(load("\x0B"), ErrorCode::kCorruptFile, "wire type 3");
}

TEST(TiktokenFile, SaysWhatIsWrong) {
  auto load = [](const std::string& bytes) { return load_tiktoken_file(bytes, Metadata{}); };
  EXPECT_TRUE(is_tiktoken_file("IQ== 0\nIg== 1\n"));
  for (const char* text : {"", "IQ==", "IQ== 1\n", "?? 0\n", "\x0A\x0E\x0A\x05", "IQ== 0x\n"}) {
    EXPECT_FALSE(is_tiktoken_file(text)) << text;
  }
  expect_error(load("IQ== 0\nIg== 1\n"), ErrorCode::kUnsupported, "tokenizer.json");
  expect_error(load("IQ== 0\nIg== 7\n"), ErrorCode::kCorruptFile, "line 2 has the rank 7");
  expect_error(load("IQ== 0\nIg==\n"), ErrorCode::kCorruptFile, "line 2");
  expect_error(load("IQ== 0\nI 1\n"), ErrorCode::kCorruptFile, "line 2");
  expect_error(load("IQ== 99999999999999999999\n"), ErrorCode::kCorruptFile, "line 1");
}

TEST(TiktokenFile, AsksForTheSpecialTokensOfSomeFamilies) {
  auto path = shared_data("tokenizers/tiktoken/llama3-tokenizer.model");
  REQUIRE_DATA(path);
  std::string text = read_all(path);
  auto llama = load_tiktoken_file(text, Metadata{});
  ASSERT_TRUE(llama);
  EXPECT_EQ((*llama)->find_token("<|eot_id|>"), 128009);
  EXPECT_EQ((*llama)->find_token("<|reserved_special_token_247|>"), 128255);
  EXPECT_EQ((*llama)->encode("<|begin_of_text|>a"), (std::vector<int32_t>{128000, 128000, 64}));
  // As many ranks as GLM 4 has.
  for (int rank = 128'000; rank < 151'329; ++rank) {
    std::string line = "/////////////";
    for (int digit = 0, rest = rank; digit < 3; ++digit, rest /= 62) {
      line += "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"[rest % 62];
    }
    text += line + " " + std::to_string(rank) + "\n";
  }
  expect_error(load_tiktoken_file(text, Metadata{}), ErrorCode::kUnsupported, "tokenizer_config.json");
}

TEST(WordPieceFile, SaysWhatIsWrong) {
  auto load = [](const std::string& text) { return load_word_piece_file(text, Metadata{}); };
  expect_error(load(""), ErrorCode::kCorruptFile, "[UNK]");
  expect_error(load("[UNK]\n\xFF\n"), ErrorCode::kCorruptFile, "line 2");
  auto small = load("[UNK]\r\nun\r\n##aff\n##able\n[CLS]\n[SEP]\n!");
  ASSERT_TRUE(small) << small.error().message;
  EXPECT_EQ((*small)->encode("Un\xC3\xA0"
                             "ffable! x"),
            (std::vector<int32_t>{4, 1, 2, 3, 6, 0, 5}));
  EXPECT_EQ((*small)->encode(std::string(200, 'x')), (std::vector<int32_t>{4, 0, 5}));
  EXPECT_EQ((*small)->decode(std::vector<int32_t>{4, 1, 2, 3, 6, 0, 5}), "unaffable!");
  EXPECT_EQ((*small)->decode(std::vector<int32_t>{2, 1}, false), "##aff un");
}

TEST(Charsmap, ReadsNothingOutsideItsTables) {
  expect_error(
      load_sentence_piece_file(small_model(1) + message(3, message(2, std::string("\x08\0\0\0abc", 7))), Metadata{}),
      ErrorCode::kCorruptFile, "needs 8 bytes");
  Rng rng(5);
  for (int round = 0; round < 2'000; ++round) {
    uint32_t units = 1 + static_cast<uint32_t>(rng.below(40));
    uint32_t bytes = units * 4;
    std::string blob(reinterpret_cast<const char*>(&bytes), 4);
    for (uint32_t i = 0; i < bytes; ++i) blob += static_cast<char>(rng.below(256));
    blob += std::string("x\0yz\0\xC3\xA9", 7);
    auto charsmap = Charsmap::parse(blob);
    ASSERT_TRUE(charsmap);
    for (int texts = 0; texts < 20; ++texts) {
      std::string text;
      for (int i = 0; i < 6; ++i) text += static_cast<char>(1 + rng.below(127));
      EXPECT_LE(charsmap->longest(text).length, text.size());
      EXPECT_LE(charsmap->shortest(text).length, charsmap->longest(text).length);
    }
  }
}

// Truncated and changed bytes of a real model give an error or a tokenizer that works.
TEST(SentencePieceFile, SurvivesChangedBytes) {
  Rng rng(9);
  for (char type : {char{1}, char{2}}) {
    std::string good = small_model(type) + message(3, number(3, 1) + number(4, 0) + number(5, 1));
    for (size_t size = 0; size < good.size(); ++size) {
      if (auto loaded = load_sentence_piece_file(good.substr(0, size), Metadata{})) plain(**loaded, "a<x> b");
    }
    for (int round = 0; round < 10'000; ++round) {
      std::string bytes = good;
      for (size_t n = 1 + rng.below(3); n > 0; --n) bytes[rng.below(bytes.size())] = static_cast<char>(rng.below(256));
      auto loaded = load_sentence_piece_file(bytes, Metadata{});
      if (!loaded) continue;
      auto ids = (*loaded)->encode("ab <x> a<s>\xC3\xA9");
      (*loaded)->decode(ids, false);
    }
  }
}

TEST(TokenizerFiles, AreToldByNameAndContent) {
  auto folder = scratch_path("tokenizer_files_test");
  std::filesystem::create_directories(folder);
  auto write = [&](const char* name, const std::string& bytes) {
    std::ofstream(folder / name, std::ios::binary) << bytes;
    return folder / name;
  };
  expect_error(Tokenizer::load_file(folder / "absent.json"), ErrorCode::kNotFound, "absent.json");
  expect_error(Tokenizer::load_file(write("notes.xyz", "text")), ErrorCode::kUnsupported, "*.tiktoken");
  expect_error(Tokenizer::load_file(folder), ErrorCode::kNotFound, "tokenizer.json, tokenizer.model");
  auto model = write("tokenizer.model", small_model(2));
  auto by_file = Tokenizer::load_file(model);
  auto by_folder = Tokenizer::load_file(folder);
  ASSERT_TRUE(by_file && by_folder);
  EXPECT_EQ((*by_file)->encode("ab"), (*by_folder)->encode("ab"));
  write("tokenizer_config.json", R"({"add_bos_token": false})");
  by_folder = Tokenizer::load_file(folder);
  ASSERT_TRUE(by_folder);
  EXPECT_EQ((*by_folder)->encode("ab"), (std::vector<int32_t>{3, 6}));
  expect_error(Tokenizer::load_file(write("x.tiktoken", "IQ== 0\n")), ErrorCode::kUnsupported, "1 ranks");
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace weft
