#include "frontend/tool_calls/call_object.h"

#include <optional>

#include "base/json.h"
#include "frontend/tool_calls/tool_table.h"

namespace weft {
namespace {

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

std::optional<std::string> string_value(std::string_view json) {
  Result<Json> value = parse_json(json);
  if (!value || !value->is_string()) return std::nullopt;
  return std::string(value->get_string());
}

}  // namespace

size_t CallObjectReader::push(std::string_view text, CallWriter& calls, AnswerParts& out) {
  size_t used = 0;
  while (used < text.size() && state_ == State::kMore) {
    if (expect_ == Expect::kValue || expect_ == Expect::kKey) {
      used += read_value(text.substr(used), calls, out);
      continue;
    }
    char c = text[used];
    if (!is_space(c) && !structure(c, calls, out)) {
      state_ = State::kBad;
      break;
    }
    if (expect_ != Expect::kKey) ++used;  // a key's quote is the key's
  }
  return used;
}

bool CallObjectReader::structure(char c, CallWriter& calls, AnswerParts& out) {
  switch (expect_) {
    case Expect::kOpen:
      expect_ = Expect::kKeyOrEnd;
      return c == '{';
    case Expect::kKeyOrEnd:
      if (c == '}') return end_object(calls, out);
      expect_ = Expect::kKey;
      reader_.reset();
      value_.clear();
      return c == '"';
    case Expect::kColon:
      expect_ = Expect::kValue;
      reader_.reset();
      value_.clear();
      return c == ':';
    default:
      if (c == '}') return end_object(calls, out);
      expect_ = Expect::kKeyOrEnd;
      return c == ',';
  }
}

size_t CallObjectReader::read_value(std::string_view text, CallWriter& calls, AnswerParts& out) {
  size_t spaces = 0;
  if (value_.empty()) {
    while (spaces < text.size() && is_space(text[spaces])) ++spaces;
    if (spaces == text.size()) return spaces;
    text.remove_prefix(spaces);
    if (expect_ == Expect::kValue && member_ == Member::kArguments && text.front() == '{' && has_name_) {
      begin(calls, out);
    }
  }
  size_t before = value_.size();
  size_t used = reader_.push(text, value_);
  bool streams = expect_ == Expect::kValue && member_ == Member::kArguments && has_begun_;
  if (streams) {
    calls.append(out, std::string_view(value_).substr(before));
    value_.resize(1);  // not empty: the value has begun
  }
  if (reader_.state() == JsonReader::State::kBad) state_ = State::kBad;
  if (reader_.state() == JsonReader::State::kDone && !end_value(calls, out)) state_ = State::kBad;
  return spaces + used;
}

bool CallObjectReader::end_value(CallWriter& calls, AnswerParts& out) {
  if (expect_ == Expect::kKey) {
    std::optional<std::string> key = string_value(value_);
    if (!key) return false;
    member_ = *key == "name" || *key == "tool_name"         ? Member::kName
              : *key == "arguments" || *key == "parameters" ? Member::kArguments
                                                            : Member::kOther;
    bool is_twice = (member_ == Member::kName && has_name_) || (member_ == Member::kArguments && has_arguments_);
    expect_ = Expect::kColon;
    return !is_twice;
  }
  expect_ = Expect::kCommaOrEnd;
  switch (member_) {
    case Member::kName:
      if (!end_name()) return false;
      if (has_arguments_) {
        begin(calls, out);
        calls.append(out, arguments_);
      }
      return true;
    case Member::kArguments:
      has_arguments_ = true;
      if (has_begun_) return true;
      if (!take_string_arguments()) return false;
      if (has_name_) {
        begin(calls, out);
        calls.append(out, arguments_);
      }
      return true;
    case Member::kOther:
      return true;
  }
  return false;
}

bool CallObjectReader::end_name() {
  std::optional<std::string> name = string_value(value_);
  if (!name || name->empty() || (only_these_ != nullptr && !only_these_->contains(*name))) return false;
  name_ = *name;
  has_name_ = true;
  return true;
}

// The arguments are in value_: an object, a string that holds one, or null.
bool CallObjectReader::take_string_arguments() {
  if (value_ == "null") {
    arguments_ = "{}";
  } else if (value_.front() == '{') {
    arguments_ = value_;
  } else {
    std::optional<std::string> inner = string_value(value_);
    if (!inner) return false;
    JsonReader reader;
    size_t used = reader.push(*inner, arguments_);
    size_t first = inner->find_first_not_of(" \t\r\n");
    bool is_object = reader.state() == JsonReader::State::kDone && (*inner)[first] == '{' &&
                     inner->find_first_not_of(" \t\r\n", used) == std::string::npos;
    if (!is_object) return false;
    arguments_.erase(0, first);
  }
  return true;
}

void CallObjectReader::begin(CallWriter& calls, AnswerParts& out) {
  calls.begin(out, name_);
  has_begun_ = true;
}

bool CallObjectReader::end_object(CallWriter& calls, AnswerParts& out) {
  state_ = State::kDone;
  if (has_begun_) {
    calls.end();
    return true;
  }
  // Without arguments it is a call only where nothing but a call can stand.
  if (!has_name_ || only_these_ != nullptr) return false;
  begin(calls, out);
  calls.append(out, "{}");
  calls.end();
  return true;
}

}  // namespace weft
