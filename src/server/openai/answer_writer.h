// Turns the events of one HTTP request's prompts into its answer. One implementation per protocol route; each writes
// both the whole answer and the stream, from the same pieces. Reactor thread.
#pragma once

#include <string>

#include "frontend/text_request.h"

namespace weft {

class AnswerWriter {
 public:
  virtual ~AnswerWriter() = default;

  // `prompt`: index among the HTTP request's prompts; choice c of prompt p is choice p * n + c of the answer.
  virtual void on_start(size_t prompt, TextStart start) = 0;
  // Appends what a stream must send now; nothing when the answer is whole.
  virtual void on_delta(size_t prompt, const TextDelta& delta, std::string& out) = 0;
  // The whole answer, or the end of the stream with its [DONE].
  virtual void finish(const Usage& usage, std::string& out) = 0;
};

}  // namespace weft
