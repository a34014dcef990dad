// One choice's tokens to its text: detokenised, cut at stop strings, each token given out together with its text. Of a
// chat, the text is split into content, reasoning and calls.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "frontend/answer_plan.h"
#include "frontend/stop_finder.h"
#include "frontend/text_model.h"
#include "frontend/text_request.h"
#include "request/token_event.h"
#include "request/validated_request.h"
#include "text/detokenizer.h"

namespace weft {

class ChoiceStream {
 public:
  // All four outlive the stream.
  ChoiceStream(const TextModel& model, const TextRequest& text, const ValidatedRequest& request, const AnswerPlan& plan,
               int32_t choice);

  // Appends the deltas that the event makes certain; they end with one whose finish is set. Nothing after done().
  void push(const TokenEvent& event, std::vector<TextDelta>& out);

  bool done() const { return done_; }
  // Sampled tokens that belong to the answer, the stop token included.
  int64_t num_tokens() const { return num_tokens_; }
  int64_t num_reasoning_tokens() const { return num_reasoning_tokens_; }

 private:
  struct HeldToken {
    TokenText token;
    size_t text_end = 0;  // bytes of the choice's text that are in once this token's are
  };

  TokenText describe(const SampledToken& token, bool has_logprob) const;
  TextDelta echo() const;
  void add_token(const SampledToken& token);
  std::string text_of(TokenId token);
  void add_text(std::string_view piece, TextDelta& delta);
  // Splits the delta's text into its parts.
  void read_parts(TextDelta& delta);
  // Moves the tokens whose text has been given out to the delta; at the end all of them.
  void release_tokens(TextDelta& delta);
  bool is_silent_stop(const TokenEvent& event) const;
  void set_finish(const TokenEvent& event, TextDelta& delta) const;

  const TextModel& model_;
  const TextRequest& text_;
  const ValidatedRequest& request_;
  const AnswerPlan& plan_;
  int32_t choice_;
  Detokenizer detokenizer_;
  StopFinder stops_;
  std::optional<AnswerParser> parser_;
  std::vector<SampledToken> prompt_scores_;
  std::deque<HeldToken> held_;
  size_t num_without_text_ = 0;  // at the end of held_: tokens whose text is not certain yet
  size_t text_in_ = 0;           // bytes from the detokeniser
  size_t text_out_ = 0;          // bytes given out
  int64_t num_tokens_ = 0;
  int64_t num_reasoning_tokens_ = 0;
  bool started_ = false;
  bool done_ = false;
};

}  // namespace weft
