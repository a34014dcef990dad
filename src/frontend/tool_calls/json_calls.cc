#include "frontend/tool_calls/json_calls.h"

#include <algorithm>

namespace weft {
namespace {

constexpr size_t kMaxHeaderBytes = 512;

bool is_filler(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == ',' || c == ';' || c == '[' || c == ']';
}

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

}  // namespace

JsonCallParser::JsonCallParser(const JsonCallFormat& format, ToolCallContext context)
    : ToolCallParser(std::move(context)),
      format_(format),
      markers_(format.begin.begin(), format.begin.end()),
      state_(format.bare ? State::kStart : State::kContent) {
  for (const std::string& marker : context_.hidden_markers) {
    if (std::find(markers_.begin(), markers_.end(), marker) == markers_.end()) markers_.push_back(marker);
  }
}

void JsonCallParser::push(std::string_view text, AnswerParts& out) {
  scanner_.append(text);
  while (!scanner_.empty() && step(out)) {
  }
}

bool JsonCallParser::step(AnswerParts& out) {
  switch (state_) {
    case State::kStart:
    case State::kContent:
      return find_section(out);
    case State::kBetween:
      return read_between(out);
    case State::kHeader:
      return read_header(out);
    case State::kObject:
      return read_object(out);
    case State::kArguments:
      return read_arguments(out);
  }
  return false;
}

void JsonCallParser::open_section(std::string_view marker) {
  bool is_hidden = std::find(context_.hidden_markers.begin(), context_.hidden_markers.end(), marker) !=
                   context_.hidden_markers.end();
  raw_ = is_hidden ? std::string() : std::string(marker);
  is_bare_ = false;
  section_has_call_ = false;
  state_ = State::kBetween;
}

bool JsonCallParser::find_section(AnswerParts& out) {
  if (state_ == State::kStart) {
    std::string_view rest = scanner_.rest();
    auto first = std::find_if_not(rest.begin(), rest.end(), is_space);
    if (first == rest.end()) return false;
    state_ = State::kContent;
    if (*first == '{') {
      open_section({});
      is_bare_ = true;
      return true;
    }
  }
  std::string words;
  int marker = scanner_.take_until(markers_, words);
  if (!words.empty()) add_content(words, out);
  if (marker == TextScanner::kNone) return false;
  if (static_cast<size_t>(marker) < format_.begin.size()) open_section(markers_[static_cast<size_t>(marker)]);
  return true;
}

// Takes a marker that means nothing between calls.
bool JsonCallParser::read_separator(bool& waits) {
  for (std::string_view separator : format_.separators) {
    Match match = scanner_.starts_with(separator);
    waits |= match == Match::kMaybe;
    if (match != Match::kYes) continue;
    consume(separator.size());
    return true;
  }
  return false;
}

bool JsonCallParser::read_between(AnswerParts& out) {
  if (raw_.size() > kMaxHeaderBytes) {
    give_up(out);
    return true;
  }
  bool waits = false;
  if (!format_.end.empty()) {
    Match match = scanner_.starts_with(format_.end);
    if (match == Match::kYes) {
      scanner_.skip(format_.end.size());
      raw_.clear();
      end_section();
      return true;
    }
    waits = match == Match::kMaybe;
  }
  if (read_separator(waits)) return true;
  if (waits) return false;
  char c = scanner_.front();
  if (is_filler(c)) {
    consume(1);
    return true;
  }
  if (c == '{') {
    object_ = CallObjectReader(is_bare_ ? &tools() : nullptr);
    state_ = State::kObject;
    return true;
  }
  if (format_.read_header == nullptr) {
    give_up(out);
    return true;
  }
  state_ = State::kHeader;
  return true;
}

bool JsonCallParser::read_header(AnswerParts& out) {
  std::string_view rest = scanner_.rest();
  size_t brace = rest.find('{');
  size_t bytes = std::min(brace, rest.size());
  header_ += rest.substr(0, bytes);
  consume(bytes);
  if (header_.size() > kMaxHeaderBytes) {
    give_up(out);
    return true;
  }
  if (brace == std::string_view::npos) return false;
  std::optional<CallHeader> header = format_.read_header(header_);
  if (!header) {
    give_up(out);
    return true;
  }
  header_.clear();
  raw_.clear();
  calls_.begin(out, header->name, header->id);
  section_has_call_ = true;
  arguments_.reset();
  state_ = State::kArguments;
  return true;
}

bool JsonCallParser::read_object(AnswerParts& out) {
  size_t used = object_.push(scanner_.rest(), calls_, out);
  if (object_.has_begun()) {
    section_has_call_ = true;
    scanner_.skip(used);
    raw_.clear();
  } else {
    consume(used);
  }
  if (object_.state() == CallObjectReader::State::kMore) return false;
  if (object_.state() == CallObjectReader::State::kBad) {
    give_up(out);
  } else {
    state_ = State::kBetween;
  }
  return true;
}

bool JsonCallParser::read_arguments(AnswerParts& out) {
  std::string json;
  scanner_.skip(arguments_.push(scanner_.rest(), json));
  calls_.append(out, json);
  if (arguments_.state() == JsonReader::State::kMore) return false;
  if (arguments_.state() == JsonReader::State::kBad) {
    give_up(out);
    return true;
  }
  calls_.end();
  state_ = State::kBetween;
  return true;
}

// What follows is no call: the section's text so far is content again, where it was none of a call.
void JsonCallParser::give_up(AnswerParts& out) {
  bool is_between_calls = state_ == State::kBetween && section_has_call_;
  if (!is_between_calls && !raw_.empty()) add_content(raw_, out);
  raw_.clear();
  header_.clear();
  end_section();
}

void JsonCallParser::finish(bool, AnswerParts& out) {
  if (state_ == State::kObject && object_.has_begun() && object_.has_arguments()) calls_.end();
  bool is_content = state_ == State::kStart || state_ == State::kContent;
  if (!raw_.empty() && !is_content) {
    consume(scanner_.rest().size());
    give_up(out);
  }
  if (is_content) add_content(scanner_.take_all(), out);
  flush_content(out);
}

}  // namespace weft
