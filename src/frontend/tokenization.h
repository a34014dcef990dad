// Text to tokens for its own sake: what tokenizer routes answer with.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <variant>
#include <vector>

#include "base/status.h"
#include "frontend/text_model.h"
#include "frontend/text_request.h"

namespace weft {

struct TokenizeRequest {
  std::variant<ChatPrompt, TextPrompt> prompt;
  bool with_texts = false;    // fill in Tokenized::texts
  bool with_offsets = false;  // fill in Tokenized::places
};

// The part of the tokenised text that a token stands for, in characters (code points); 0, 0 for an added token.
struct TokenPlace {
  std::string text;
  size_t start = 0, stop = 0;
};

struct Tokenized {
  std::vector<TokenId> ids;
  std::vector<std::string> texts;  // of each token by itself; bytes that are no whole character become U+FFFD
  std::vector<TokenPlace> places;
};

// Called once, on a thread of the frontend; must not block (I15).
using TokenizedListener = std::function<void(Result<Tokenized> result)>;
using DetokenizedListener = std::function<void(Result<std::string> result)>;

// On the caller's thread. Errors name the request's field in OpenAI's API.
Result<Tokenized> tokenize_prompt(const TextModel& model, const TokenizeRequest& request);
Result<std::string> detokenize_ids(const TextModel& model, const std::vector<int64_t>& ids, bool skip_special_tokens);

}  // namespace weft
