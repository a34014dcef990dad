#include "frontend/text_stream.h"

#include <algorithm>

namespace weft {

TextStream::TextStream(std::shared_ptr<const TextModel> model, TextRequest text, ValidatedRequest request,
                       AnswerPlan plan)
    : model_(std::move(model)),
      text_(std::move(text)),
      request_(std::move(request)),
      plan_(std::move(plan)),
      engine_choices_left_(request_->n) {
  for (int32_t choice = 0; choice < request_->n; ++choice) {
    choices_.emplace_back(*model_, text_, request_, plan_, choice);
  }
}

void TextStream::feed(const TokenEvent& event, std::vector<TextEvent>& out) {
  if (event.error) {
    engine_choices_left_ = 0;
    if (!client_done_) out.emplace_back(*event.error);
    client_done_ = true;
    return;
  }
  if (event.finish != FinishReason::kNone) --engine_choices_left_;
  if (!client_done_) feed_choice(event, out);
}

void TextStream::feed_choice(const TokenEvent& event, std::vector<TextEvent>& out) {
  // Choices share their prompt. The first to start tells what the cache held; the others may find its pages.
  if (!started_) {
    cached_tokens_ = event.num_cached_tokens;
    out.emplace_back(
        TextStart{.prompt_ids = request_->prompt, .seed = request_->sampling.seed, .unenforced = plan_.unenforced});
    started_ = true;
  }
  std::vector<TextDelta> deltas;
  ChoiceStream& choice = choices_[static_cast<size_t>(event.choice)];
  bool was_done = choice.done();
  choice.push(event, deltas);
  bool stopped = !was_done && choice.done() && event.finish == FinishReason::kNone;
  if (stopped) stopped_choices_.push_back(event.choice);
  for (TextDelta& delta : deltas) out.emplace_back(std::move(delta));
  client_done_ = std::all_of(choices_.begin(), choices_.end(), [](const ChoiceStream& c) { return c.done(); });
  if (client_done_) out.emplace_back(TextEnd{.usage = usage()});
}

Usage TextStream::usage() const {
  Usage usage{.prompt_tokens = static_cast<int64_t>(request_->prompt.size()), .cached_tokens = cached_tokens_};
  for (const ChoiceStream& choice : choices_) {
    usage.completion_tokens += choice.num_tokens();
    usage.reasoning_tokens += choice.num_reasoning_tokens();
  }
  return usage;
}

}  // namespace weft
