#include "frontend/choice_stream.h"

#include <algorithm>
#include <utility>

#include "base/utf8.h"

namespace weft {
namespace {

// `echo` with max_tokens 0 asks for the prompt alone; the engine samples one token all the same.
bool shows_prompt_only(const TextRequest& text) { return text.echo && text.max_tokens == 0; }

}  // namespace

ChoiceStream::ChoiceStream(const TextModel& model, const TextRequest& text, const ValidatedRequest& request,
                           const AnswerPlan& plan, int32_t choice)
    : model_(model),
      text_(text),
      request_(request),
      plan_(plan),
      choice_(choice),
      detokenizer_(*model.tokenizer, text.skip_special_tokens, /*continues_text=*/true),
      stops_(text.stop, text.include_stop_str_in_output) {
  if (plan.reads_parts) parser_.emplace(plan.parser_options(model, choice));
}

void ChoiceStream::push(const TokenEvent& event, std::vector<TextDelta>& out) {
  if (done_) return;
  prompt_scores_.insert(prompt_scores_.end(), event.prompt_logprobs.begin(), event.prompt_logprobs.end());
  bool finished = event.finish != FinishReason::kNone;
  if (!event.token && !finished) return;
  if (!std::exchange(started_, true) && text_.echo && event.token) out.push_back(echo());

  TextDelta delta{.choice = choice_};
  if (event.token && !shows_prompt_only(text_)) {
    add_token(*event.token);
    if (!is_silent_stop(event)) add_text(text_of(event.token->token), delta);
  }
  if (finished && stops_.match() == nullptr) {
    add_text(detokenizer_.flush(), delta);
    if (stops_.match() == nullptr) delta.text += stops_.flush();
  }
  done_ = finished || stops_.match() != nullptr;
  if (done_) set_finish(event, delta);
  text_out_ += delta.text.size();
  release_tokens(delta);
  if (parser_) read_parts(delta);
  if (event.token && parser_ && parser_->in_reasoning()) ++num_reasoning_tokens_;
  bool says_something =
      !delta.text.empty() || !delta.reasoning.empty() || !delta.calls.empty() || !delta.tokens.empty();
  if (done_ || says_something) out.push_back(std::move(delta));
}

std::string ChoiceStream::text_of(TokenId token) {
  bool is_kept = std::find(plan_.kept_tokens.begin(), plan_.kept_tokens.end(), token) != plan_.kept_tokens.end();
  if (!is_kept || !text_.skip_special_tokens) return detokenizer_.push(token);
  std::string text = detokenizer_.flush();
  text += model_.tokenizer->token_bytes(token);
  return text;
}

void ChoiceStream::read_parts(TextDelta& delta) {
  AnswerParts parts = parser_->push(delta.text);
  if (done_) {
    AnswerParts end = parser_->finish(delta.finish == FinishReason::kStop);
    parts.content += end.content;
    parts.reasoning += end.reasoning;
    parts.calls.insert(parts.calls.end(), end.calls.begin(), end.calls.end());
    delta.ends_with_calls = delta.finish == FinishReason::kStop && parser_->has_complete_calls();
  }
  delta.text = std::move(parts.content);
  if (text_.include_reasoning) delta.reasoning = std::move(parts.reasoning);
  delta.calls = std::move(parts.calls);
}

void ChoiceStream::add_token(const SampledToken& token) {
  ++num_tokens_;
  ++num_without_text_;
  held_.push_back({describe(token, request_->sampling.num_logprobs >= 0), 0});
}

void ChoiceStream::add_text(std::string_view piece, TextDelta& delta) {
  if (piece.empty()) return;
  text_in_ += piece.size();
  for (; num_without_text_ > 0; --num_without_text_) held_[held_.size() - num_without_text_].text_end = text_in_;
  // As in vLLM, a stop string counts only behind the first min_tokens tokens.
  if (num_tokens_ <= request_->min_tokens) {
    delta.text += piece;
  } else {
    delta.text += stops_.push(piece);
  }
}

void ChoiceStream::release_tokens(TextDelta& delta) {
  size_t certain = done_ ? held_.size() : held_.size() - num_without_text_;
  for (; certain > 0 && (done_ || held_.front().text_end <= text_out_); --certain) {
    delta.tokens.push_back(std::move(held_.front().token));
    held_.pop_front();
  }
}

// A stop token's own text is no part of the answer unless asked for, as in vLLM.
bool ChoiceStream::is_silent_stop(const TokenEvent& event) const {
  return event.finish == FinishReason::kStop && !text_.include_stop_str_in_output;
}

// stop_reason is empty for the model's own end of sequence, as in vLLM.
void ChoiceStream::set_finish(const TokenEvent& event, TextDelta& delta) const {
  delta.finish = event.finish;
  if (const std::string* stop = stops_.match()) {
    delta.finish = FinishReason::kStop;
    delta.stop_reason = *stop;
    return;
  }
  if (event.finish != FinishReason::kStop || !event.token) return;
  const std::vector<TokenId>& eos = model_.limits.eos_token_ids;
  bool is_eos = !request_->ignore_eos && std::find(eos.begin(), eos.end(), event.token->token) != eos.end();
  if (!is_eos) delta.stop_reason = event.token->token;
}

TokenText ChoiceStream::describe(const SampledToken& token, bool has_logprob) const {
  TokenText text{.id = token.token, .bytes = std::string(model_.tokenizer->token_bytes(token.token))};
  text.has_logprob = has_logprob;
  if (!has_logprob) return text;
  text.logprob = token.logprob;
  for (const TokenLogprob& top : token.top) {
    text.top.emplace_back(top, std::string(model_.tokenizer->token_bytes(top.token)));
  }
  return text;
}

TextDelta ChoiceStream::echo() const {
  TextDelta delta{.choice = choice_};
  const auto* prompt = std::get_if<TextPrompt>(&text_.prompt);
  if (prompt != nullptr && !text_.truncate_prompt_tokens) {
    delta.text = replace_invalid_utf8(prompt->text);
  } else {
    delta.text = model_.tokenizer->decode(request_->prompt, text_.skip_special_tokens);
  }
  for (size_t i = 0; i < request_->prompt.size(); ++i) {
    bool scored = i > 0 && i <= prompt_scores_.size();
    delta.tokens.push_back(
        describe(scored ? prompt_scores_[i - 1] : SampledToken{.token = request_->prompt[i]}, scored));
  }
  return delta;
}

}  // namespace weft
