// A request's token events to its text events. No thread of its own: whoever feeds it keeps the order.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <utility>
#include <vector>

#include "frontend/answer_plan.h"
#include "frontend/choice_stream.h"
#include "frontend/text_model.h"
#include "frontend/text_request.h"
#include "request/token_event.h"
#include "request/validated_request.h"

namespace weft {

class TextStream {
 public:
  TextStream(std::shared_ptr<const TextModel> model, TextRequest text, ValidatedRequest request, AnswerPlan plan = {});

  // Appends what the event means to the client: one TextStart before everything else, deltas, then exactly one TextEnd
  // or Error.
  void feed(const TokenEvent& event, std::vector<TextEvent>& out);

  // The client has had its last event. The engine may still run choices whose stop string was found here.
  bool client_done() const { return client_done_; }
  // Choices that ended here and not at the engine, each told once.
  std::vector<int32_t> take_stopped_choices() { return std::exchange(stopped_choices_, {}); }
  // The engine has sent its last event.
  bool engine_done() const { return engine_choices_left_ == 0; }

 private:
  void feed_choice(const TokenEvent& event, std::vector<TextEvent>& out);
  Usage usage() const;

  std::shared_ptr<const TextModel> model_;
  TextRequest text_;
  ValidatedRequest request_;
  AnswerPlan plan_;
  std::deque<ChoiceStream> choices_;  // deque: they hold references and never move
  std::vector<int32_t> stopped_choices_;
  int32_t engine_choices_left_;
  int64_t cached_tokens_ = 0;
  bool started_ = false;
  bool client_done_ = false;
};

}  // namespace weft
