#include "frontend/tool_calls/call_writer.h"

#include "base/rng.h"

namespace weft {

std::string CallWriter::make_id() const {
  constexpr std::string_view kLetters = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
  constexpr size_t kRandomLetters = 24, kNineLetters = 9;
  constexpr size_t kLettersPerWord = 9;  // 62^9 < 2^64
  bool is_nine = options_.id_style == CallIdStyle::kNine;
  std::string id = is_nine ? "" : "call_";
  uint64_t word = 0;
  for (size_t i = 0; i < (is_nine ? kNineLetters : kRandomLetters); ++i) {
    uint64_t number = (static_cast<uint64_t>(num_calls_) << 8) + i / kLettersPerWord;
    if (i % kLettersPerWord == 0) word = mix64(options_.salt ^ mix64(number));
    id += kLetters[word % kLetters.size()];
    word /= kLetters.size();
  }
  return id;
}

void CallWriter::begin(AnswerParts& out, std::string_view name, std::string_view id) {
  is_open_ = true;
  is_dropped_ = is_full();
  if (is_dropped_) return;
  out.calls.push_back({.index = num_calls_, .id = id.empty() ? make_id() : std::string(id), .name = std::string(name)});
  ++num_calls_;
}

void CallWriter::append(AnswerParts& out, std::string_view arguments) {
  if (is_dropped_ || arguments.empty()) return;
  if (out.calls.empty()) out.calls.push_back({.index = num_calls_ - 1});
  out.calls.back().arguments += arguments;
}

void CallWriter::end() {
  is_open_ = false;
  if (!is_dropped_) ++num_complete_;
}

}  // namespace weft
