#include "frontend/tokenization.h"

#include <gtest/gtest.h>

#include "frontend/piece_tokenizer.h"
#include "frontend/prepare.h"

namespace weft {
namespace {

TextModel piece_model() {
  TextModel model;
  model.tokenizer = std::make_shared<PieceTokenizer>(std::vector<std::string>{"?", "a", "b", "é", "ab", "</s>"});
  model.limits.vocab_size = 6;
  model.limits.max_model_len = 10;
  model.render_chat = [](const ChatPrompt& chat) -> Result<std::string> {
    return std::string(chat.add_generation_prompt ? "ab" : "a");
  };
  return model;
}

TEST(Tokenization, OffsetsCountCharacters) {
  auto out = tokenize_prompt(piece_model(), {.prompt = TextPrompt{"éab"}, .with_texts = true, .with_offsets = true});
  ASSERT_TRUE(out.has_value());
  EXPECT_EQ(out->ids, (std::vector<TokenId>{5, 3, 4}));
  EXPECT_EQ(out->texts, (std::vector<std::string>{"</s>", "é", "ab"}));
  ASSERT_EQ(out->places.size(), 3u);
  EXPECT_EQ(out->places[0].stop, 0u);
  EXPECT_EQ(out->places[1].text, "é");
  EXPECT_EQ(out->places[1].stop, 1u);
  EXPECT_EQ(out->places[2].start, 1u);
  EXPECT_EQ(out->places[2].stop, 3u);
  EXPECT_EQ(out->places[2].text, "ab");
}

TEST(Tokenization, ChatsGetWhatTheirTemplateWritesUnlessAsked) {
  ChatPrompt chat;
  EXPECT_EQ(tokenize_prompt(piece_model(), {.prompt = chat})->ids, (std::vector<TokenId>{4}));
  chat.add_special_tokens = true;
  EXPECT_EQ(tokenize_prompt(piece_model(), {.prompt = chat})->ids, (std::vector<TokenId>{5, 4}));
  TextModel base = piece_model();
  base.render_chat = nullptr;
  EXPECT_EQ(tokenize_prompt(base, {.prompt = chat}).error().param, "messages");
}

TEST(Tokenization, BackToText) {
  EXPECT_EQ(detokenize_ids(piece_model(), {5, 3, 1}, false).value(), "</s>éa");
  EXPECT_EQ(detokenize_ids(piece_model(), {5, 3, 1}, true).value(), "éa");
  EXPECT_EQ(detokenize_ids(piece_model(), {1, 6}, false).error().param, "tokens[1]");
  EXPECT_EQ(detokenize_ids(piece_model(), {-1}, false).error().param, "tokens[0]");
}

std::vector<TokenId> truncated(int64_t most, bool left, std::optional<int64_t> max_tokens = std::nullopt) {
  TextRequest request;
  request.prompt = TokenPrompt{{1, 2, 3, 4, 1, 2, 3, 4, 1, 2, 3, 4}};
  request.truncate_prompt_tokens = most;
  request.truncate_left = left;
  request.max_tokens = max_tokens;
  auto prompt = make_prompt(piece_model(), request);
  EXPECT_TRUE(prompt || prompt.error().param == "truncate_prompt_tokens");
  return prompt ? prompt->ids : std::vector<TokenId>();
}

TEST(Truncation, KeepsTheEndOrTheBeginning) {
  EXPECT_EQ(truncated(3, true), (std::vector<TokenId>{2, 3, 4}));
  EXPECT_EQ(truncated(3, false), (std::vector<TokenId>{1, 2, 3}));
  EXPECT_EQ(truncated(-1, true, 7), (std::vector<TokenId>{2, 3, 4}));
  EXPECT_EQ(truncated(-1, true).size(), 9u);
  EXPECT_TRUE(truncated(0, true).empty());
  EXPECT_TRUE(truncated(-2, true).empty());
  EXPECT_TRUE(truncated(11, true).empty());
  EXPECT_TRUE(truncated(-1, true, 10).empty());
}

}  // namespace
}  // namespace weft
