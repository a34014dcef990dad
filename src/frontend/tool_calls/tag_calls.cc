#include "frontend/tool_calls/tag_calls.h"

#include <algorithm>
#include <array>

#include "base/json.h"

namespace weft {
namespace {

constexpr size_t kMaxNameBytes = 512;
constexpr size_t kMaxParameters = 5000;

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

void skip_space(TextScanner& scanner, std::string* raw) {
  while (!scanner.empty() && is_space(scanner.front())) {
    if (raw != nullptr) *raw += scanner.front();
    scanner.skip(1);
  }
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

// The inside of a JSON string.
std::string escaped(std::string_view text) {
  std::string quoted;
  append_json_string(quoted, text);
  return quoted.substr(1, quoted.size() - 2);
}

}  // namespace

TagCallParser::TagCallParser(const TagCallFormat& format, ToolCallContext context)
    : ToolCallParser(std::move(context)), format_(format), markers_{format.begin} {
  for (const std::string& marker : context_.hidden_markers) {
    if (marker != format.begin) markers_.push_back(marker);
  }
}

void TagCallParser::push(std::string_view text, AnswerParts& out) {
  scanner_.append(text);
  while (!scanner_.empty() && step(out)) {
  }
}

bool TagCallParser::step(AnswerParts& out) {
  switch (state_) {
    case State::kContent:
      return find_section(out);
    case State::kSection:
      return read_section(out);
    case State::kName:
      return read_name(out);
    case State::kParameters:
      return read_parameters(out);
    case State::kParameterName:
      return read_parameter_name(out);
    case State::kValueBegin:
      return read_value_begin(out);
    case State::kValue:
      return read_value(out);
  }
  return false;
}

bool TagCallParser::find_section(AnswerParts& out) {
  std::string words;
  int marker = scanner_.take_until(markers_, words);
  if (!words.empty()) add_content(words, out);
  if (marker == TextScanner::kNone) return false;
  if (marker != 0) return true;
  bool is_hidden = std::find(context_.hidden_markers.begin(), context_.hidden_markers.end(), format_.begin) !=
                   context_.hidden_markers.end();
  raw_ = is_hidden ? std::string() : std::string(format_.begin);
  name_.clear();
  state_ = format_.call_begin.empty() ? State::kName : State::kSection;
  return true;
}

// Between calls of a section.
bool TagCallParser::read_section(AnswerParts& out) {
  skip_space(scanner_, &raw_);
  if (scanner_.empty()) return false;
  Match end = scanner_.starts_with(format_.end);
  Match begin = scanner_.starts_with(format_.call_begin);
  if (end == Match::kYes) {
    scanner_.skip(format_.end.size());
    raw_.clear();
    state_ = State::kContent;
    return true;
  }
  if (begin == Match::kYes) {
    raw_ += scanner_.take(format_.call_begin.size());
    name_.clear();
    state_ = State::kName;
    return true;
  }
  if (end == Match::kMaybe || begin == Match::kMaybe) return false;
  give_up(out);
  return true;
}

bool TagCallParser::read_name(AnswerParts& out) {
  std::string_view rest = scanner_.rest();
  if (format_.name_end.empty()) {
    // The name is the first word; a line break or a tag follows it, which is no part of it.
    if (trim(name_).empty()) {
      skip_space(scanner_, &raw_);
      rest = scanner_.rest();
      if (rest.empty()) return false;
    }
    size_t end = rest.find_first_of("\n<");
    name_ += scanner_.take(std::min(end, rest.size()));
    if (end == std::string_view::npos && name_.size() <= kMaxNameBytes) return false;
  } else {
    std::array<std::string_view, 1> ends = {format_.name_end};
    bool ended = scanner_.take_until(ends, name_) != TextScanner::kNone;
    if (!ended && name_.size() <= kMaxNameBytes) return false;
  }
  tool_ = trim(name_);
  bool is_name =
      !tool_.empty() && tool_.size() <= kMaxNameBytes && tool_.find_first_of(" \t\n<>\"{") == std::string::npos;
  if (!is_name) {
    raw_ += name_;
    if (!format_.name_end.empty() && name_.size() <= kMaxNameBytes) raw_ += format_.name_end;
    give_up(out);
    return true;
  }
  raw_.clear();
  seen_.clear();
  calls_.begin(out, tool_);
  state_ = State::kParameters;
  return true;
}

bool TagCallParser::read_parameters(AnswerParts& out) {
  skip_space(scanner_, nullptr);
  if (scanner_.empty()) return false;
  std::string_view call_end = format_.call_end.empty() ? format_.end : format_.call_end;
  Match begin = scanner_.starts_with(format_.parameter_begin);
  Match end = scanner_.starts_with(call_end);
  Match section_end = scanner_.starts_with(format_.end);  // a call's own end may be forgotten
  if (begin == Match::kYes) {
    scanner_.skip(format_.parameter_begin.size());
    name_.clear();
    state_ = State::kParameterName;
    return true;
  }
  if (end == Match::kYes) {
    scanner_.skip(call_end.size());
    end_call(out);
    state_ = format_.call_end.empty() ? State::kContent : State::kSection;
    return true;
  }
  if (section_end == Match::kYes) {
    scanner_.skip(format_.end.size());
    end_call(out);
    state_ = State::kContent;
    return true;
  }
  if (begin == Match::kMaybe || end == Match::kMaybe || section_end == Match::kMaybe) return false;
  give_up(out);
  return true;
}

bool TagCallParser::read_parameter_name(AnswerParts& out) {
  std::array<std::string_view, 1> ends = {format_.parameter_name_end};
  bool ended = scanner_.take_until(ends, name_) != TextScanner::kNone;
  if (name_.size() > kMaxNameBytes || seen_.size() > kMaxParameters) {
    give_up(out);
    return true;
  }
  if (!ended) return false;
  size_t quote = name_.find('"');
  std::string attributes = quote == std::string::npos ? std::string() : name_.substr(quote);
  name_ = trim(std::string_view(name_).substr(0, quote));
  kind_ = tools().parameter_kind(tool_, name_);
  if (!format_.text_attribute.empty()) {
    bool is_text = attributes.find(format_.text_attribute) != std::string::npos;
    kind_ = is_text ? ParameterKind::kText : ParameterKind::kValue;
  }
  is_repeated_ = std::find(seen_.begin(), seen_.end(), name_) != seen_.end();
  if (format_.value_begin.empty()) {
    begin_value(out);
  } else {
    state_ = State::kValueBegin;
  }
  return true;
}

bool TagCallParser::read_value_begin(AnswerParts& out) {
  skip_space(scanner_, nullptr);
  if (scanner_.empty()) return false;
  Match match = scanner_.starts_with(format_.value_begin);
  if (match == Match::kMaybe) return false;
  if (match == Match::kNo) {
    give_up(out);
    return true;
  }
  scanner_.skip(format_.value_begin.size());
  begin_value(out);
  return true;
}

// The key is given out here, and a text's opening quote.
void TagCallParser::begin_value(AnswerParts& out) {
  state_ = State::kValue;
  value_.clear();
  at_value_start_ = true;
  if (is_repeated_) return;
  std::string key = seen_.empty() ? "{" : ", ";
  append_json_string(key, name_);
  key += ": ";
  if (kind_ == ParameterKind::kText) key += '"';
  calls_.append(out, key);
  seen_.push_back(name_);
}

bool TagCallParser::read_value(AnswerParts& out) {
  std::array<std::string_view, 1> ends = {format_.value_end};
  std::string text;
  bool ended = scanner_.take_until(ends, text) != TextScanner::kNone;
  if (at_value_start_ && !text.empty()) {
    if (format_.trims_line_breaks && text.front() == '\n') text.erase(0, 1);
    at_value_start_ = false;
  }
  if (!text.empty()) add_text(text, out);
  if (!ended) return false;
  end_value(out);
  state_ = State::kParameters;
  return true;
}

void TagCallParser::add_text(std::string_view text, AnswerParts& out) {
  value_ += text;
  if (kind_ != ParameterKind::kText) return;
  bool holds = format_.trims_line_breaks && value_.back() == '\n';
  std::string_view certain = std::string_view(value_).substr(0, value_.size() - (holds ? 1 : 0));
  if (!is_repeated_) calls_.append(out, escaped(certain));
  value_ = holds ? "\n" : "";
}

void TagCallParser::end_value(AnswerParts& out) {
  if (is_repeated_) return;
  if (kind_ == ParameterKind::kText) {
    calls_.append(out, "\"");
    return;
  }
  if (format_.trims_line_breaks && !value_.empty() && value_.back() == '\n') value_.pop_back();
  calls_.append(out, parameter_json(value_, kind_));
}

void TagCallParser::end_call(AnswerParts& out) {
  calls_.append(out, seen_.empty() ? "{}" : "}");
  calls_.end();
}

void TagCallParser::give_up(AnswerParts& out) {
  if (!raw_.empty()) add_content(raw_, out);
  raw_.clear();
  state_ = State::kContent;
}

void TagCallParser::finish(bool is_whole, AnswerParts& out) {
  if (state_ == State::kContent) {
    add_content(scanner_.take_all(), out);
  } else if (state_ == State::kParameters && is_whole) {
    end_call(out);
  } else if (!raw_.empty()) {
    raw_ += state_ == State::kName ? name_ : std::string();
    raw_ += scanner_.take_all();
    give_up(out);
  }
  flush_content(out);
}

}  // namespace weft
