// Numbers a choice's calls, gives them ids, and remembers which are complete.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "frontend/tool_calls/answer_parts.h"

namespace weft {

enum class CallIdStyle {
  kOpenAi,  // call_ and 24 letters and digits
  kNine,    // nine letters and digits: Mistral's templates refuse others
};

struct CallWriterOptions {
  CallIdStyle id_style = CallIdStyle::kOpenAi;
  uint64_t salt = 0;      // differs between all choices of all requests, so that no two ids of a chat are equal
  int32_t max_calls = 0;  // further ones are dropped; 0: no limit
};

class CallWriter {
 public:
  explicit CallWriter(CallWriterOptions options) : options_(options) {}

  // `id`: the model's own; empty: one is made.
  void begin(AnswerParts& out, std::string_view name, std::string_view id = {});
  // Between begin() and end().
  void append(AnswerParts& out, std::string_view arguments);
  // The arguments are complete, valid JSON.
  void end();

  bool is_open() const { return is_open_; }
  int32_t num_calls() const { return num_calls_; }  // not counting dropped ones
  // At least one, and none was cut off or broken.
  bool all_complete() const { return num_calls_ > 0 && num_complete_ == num_calls_; }
  // No further call will be shown.
  bool is_full() const { return options_.max_calls > 0 && num_calls_ >= options_.max_calls; }

 private:
  std::string make_id() const;

  CallWriterOptions options_;
  bool is_open_ = false;
  bool is_dropped_ = false;
  int32_t num_calls_ = 0;
  int32_t num_complete_ = 0;
};

}  // namespace weft
