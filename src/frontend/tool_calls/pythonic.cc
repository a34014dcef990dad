#include "frontend/tool_calls/pythonic.h"

#include <algorithm>
#include <array>

#include "base/json.h"
#include "base/utf8.h"
#include "frontend/tool_calls/json_reader.h"

namespace weft {
namespace {

constexpr size_t kMaxNameBytes = 512;

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
bool is_name_byte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.' || c == '-';
}

// A number as JSON has it; Python also takes "+1", ".5", "1." and "1_000". Empty: no number.
std::string number_json(std::string_view word) {
  std::string json;
  if (word.starts_with('+')) word.remove_prefix(1);
  if (word.starts_with('-')) {
    json = "-";
    word.remove_prefix(1);
  }
  if (word.starts_with('.')) json += '0';
  for (size_t i = 0; i < word.size(); ++i) {
    if (word[i] == '_') continue;
    json += word[i];
    bool ends = i + 1 == word.size() || word[i + 1] == 'e' || word[i + 1] == 'E';
    if (word[i] == '.' && ends) json += '0';
  }
  JsonReader reader;
  std::string copy;
  size_t used = reader.push(json, copy);
  reader.finish();
  bool is_number = used == json.size() && reader.state() == JsonReader::State::kDone;
  return is_number && (copy.front() == '-' || (copy.front() >= '0' && copy.front() <= '9')) ? copy : std::string();
}

void append_escaped(std::string& json, char c) {
  if (c == '"' || c == '\\') {
    json += '\\';
    json += c;
  } else if (static_cast<unsigned char>(c) < 0x20) {
    std::string quoted;
    append_json_string(quoted, std::string_view(&c, 1));
    json.append(quoted, 1, quoted.size() - 2);
  } else {
    json += c;
  }
}

}  // namespace

bool PythonLiteralReader::fail() {
  state_ = State::kBad;
  return false;
}

void PythonLiteralReader::end_value() {
  expect_ = Expect::kCommaOrEnd;
  may_close_ = false;
  if (stack_.empty()) state_ = State::kDone;
}

bool PythonLiteralReader::push(char c, std::string& json) {
  if (state_ != State::kMore) return false;
  if (expect_ == Expect::kString || expect_ == Expect::kEscape || expect_ == Expect::kHexDigits) {
    return string_byte(c, json);
  }
  if (expect_ == Expect::kWord) {
    bool continues = is_name_byte(c) || ((c == '+' || c == '-') && (word_.ends_with('e') || word_.ends_with('E')));
    if (continues) {
      if (word_.size() > kMaxNameBytes) return fail();
      word_ += c;
      return true;
    }
    if (!end_word(json)) return false;
    if (state_ == State::kDone) return false;
  }
  if (is_space(c)) return true;
  bool closes = !stack_.empty() && (expect_ == Expect::kCommaOrEnd || may_close_) &&
                c == (stack_.back() == '{'   ? '}'
                      : stack_.back() == '[' ? ']'
                                             : ')');
  if (closes) {
    comma_ = false;  // Python allows one before the bracket
    json += stack_.back() == '{' ? '}' : ']';
    stack_.pop_back();
    end_value();
    return true;
  }
  switch (expect_) {
    case Expect::kColon:
      if (c != ':') return fail();
      json += ": ";
      expect_ = Expect::kValue;
      return true;
    case Expect::kCommaOrEnd:
      if (c != ',' || stack_.empty()) return fail();
      comma_ = true;
      expect_ = stack_.back() == '{' ? Expect::kKey : Expect::kValue;
      may_close_ = true;
      return true;
    default:
      if (comma_) json += ", ";
      comma_ = false;
      may_close_ = false;
      if (expect_ == Expect::kKey && c != '"' && c != '\'') return fail();
      return start_value(c, json);
  }
}

bool PythonLiteralReader::start_value(char c, std::string& json) {
  if (c == '"' || c == '\'') {
    in_key_ = expect_ == Expect::kKey;
    expect_ = Expect::kString;
    quote_ = c;
    json += '"';
    return true;
  }
  if (c == '[' || c == '{' || c == '(') {
    if (stack_.size() == kMaxDepth) return fail();
    stack_ += c;
    json += c == '{' ? '{' : '[';
    expect_ = c == '{' ? Expect::kKey : Expect::kValue;
    may_close_ = true;
    return true;
  }
  if (!is_name_byte(c) && c != '+') return fail();
  word_ = c;
  expect_ = Expect::kWord;
  return true;
}

bool PythonLiteralReader::end_word(std::string& json) {
  if (word_ == "True" || word_ == "true") {
    json += "true";
  } else if (word_ == "False" || word_ == "false") {
    json += "false";
  } else if (word_ == "None" || word_ == "null") {
    json += "null";
  } else {
    std::string number = number_json(word_);
    if (number.empty()) return fail();
    json += number;
  }
  end_value();
  return true;
}

bool PythonLiteralReader::string_byte(char c, std::string& json) {
  if (expect_ == Expect::kHexDigits) {
    bool is_hex = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
    if (!is_hex) return fail();
    json += c;
    if (--hex_left_ == 0) expect_ = Expect::kString;
    return true;
  }
  if (expect_ == Expect::kEscape) {
    expect_ = Expect::kString;
    constexpr std::string_view kNames = "ntrbf";
    if (kNames.find(c) != std::string_view::npos) {
      json += '\\';
      json += c;
    } else if (c == 'u' || c == 'x') {
      json += c == 'u' ? "\\u" : "\\u00";
      hex_left_ = c == 'u' ? 4 : 2;
      expect_ = Expect::kHexDigits;
    } else if (c == '\\' || c == '"' || c == '\'') {
      append_escaped(json, c);
    } else if (c != '\n') {  // a line that goes on
      json += "\\\\";        // Python keeps the backslash of what is no escape
      append_escaped(json, c);
    }
    return true;
  }
  if (c == '\\') {
    expect_ = Expect::kEscape;
  } else if (c == quote_) {
    json += '"';
    if (in_key_) {
      expect_ = Expect::kColon;
    } else {
      end_value();
    }
  } else {
    append_escaped(json, c);
  }
  return true;
}

PythonicParser::PythonicParser(const PythonicFormat& format, ToolCallContext context)
    : ToolCallParser(std::move(context)),
      format_(format),
      markers_{format.begin},
      state_(format.bare ? State::kStart : State::kContent) {
  for (const std::string& marker : context_.hidden_markers) {
    if (marker != format.begin) markers_.push_back(marker);
  }
}

void PythonicParser::push(std::string_view text, AnswerParts& out) {
  scanner_.append(text);
  while (!scanner_.empty() && step(out)) {
  }
}

bool PythonicParser::step(AnswerParts& out) {
  return state_ == State::kStart || state_ == State::kContent || state_ == State::kListEnd ? find_list(out)
                                                                                           : read_byte(out);
}

void PythonicParser::open_list(std::string_view marker) {
  bool is_hidden = std::find(context_.hidden_markers.begin(), context_.hidden_markers.end(), marker) !=
                   context_.hidden_markers.end();
  raw_ = is_hidden ? std::string() : std::string(marker);
  is_bare_ = marker.empty();
  state_ = State::kListBegin;
}

bool PythonicParser::find_list(AnswerParts& out) {
  if (state_ == State::kListEnd) {
    while (!scanner_.empty() && is_space(scanner_.front())) scanner_.skip(1);
    Match match = is_bare_ ? Match::kNo : scanner_.starts_with(format_.end);
    if (scanner_.empty() || match == Match::kMaybe) return false;
    if (match == Match::kYes) scanner_.skip(format_.end.size());
    state_ = State::kContent;
    return true;
  }
  if (state_ == State::kStart) {
    std::string_view rest = scanner_.rest();
    auto first = std::find_if_not(rest.begin(), rest.end(), is_space);
    if (first == rest.end()) return false;
    state_ = State::kContent;
    if (*first == '[') {
      open_list({});
      return true;
    }
  }
  std::string words;
  int marker = scanner_.take_until(markers_, words);
  if (!words.empty()) add_content(words, out);
  if (marker == TextScanner::kNone) return false;
  if (marker == 0) open_list(format_.begin);
  return true;
}

// One byte of a list.
bool PythonicParser::read_byte(AnswerParts& out) {
  char c = scanner_.front();
  if (state_ == State::kValue) {
    std::string json;
    bool taken = value_.push(c, json);
    calls_.append(out, json);
    if (taken) scanner_.skip(1);
    if (value_.state() == PythonLiteralReader::State::kDone) state_ = State::kAfterValue;
    if (value_.state() == PythonLiteralReader::State::kBad) give_up(out);
    return true;
  }
  scanner_.skip(1);
  if (!calls_.is_open() && state_ != State::kAfterCall) raw_ += c;
  if (is_space(c) && !((state_ == State::kName || state_ == State::kArgumentName) && !name_.empty())) return true;
  bool ok = false;
  switch (state_) {
    case State::kListBegin:
      ok = c == '[';
      state_ = State::kName;
      name_.clear();
      break;
    case State::kName:
      ok = c == '(' ? begin_call(out) : is_name_byte(c) && name_.size() < kMaxNameBytes;
      if (ok && c != '(') name_ += c;
      break;
    case State::kArgumentOrEnd:
      name_ = c;
      state_ = State::kArgumentName;
      ok = is_name_byte(c);
      if (c == ')') end_call(out), ok = true;
      break;
    case State::kArgumentName:
      ok = c == '=' || is_space(c) || (is_name_byte(c) && name_.size() < kMaxNameBytes);
      if (is_name_byte(c)) name_ += c;
      if (c == '=') {
        std::string key = has_arguments_ ? ", " : "{";
        append_json_string(key, name_);
        calls_.append(out, key + ": ");
        has_arguments_ = true;
        value_.reset();
        state_ = State::kValue;
      }
      break;
    case State::kAfterValue:
      ok = c == ',' || c == ')';
      state_ = State::kArgumentOrEnd;
      if (c == ')') end_call(out);
      break;
    case State::kAfterCall:
      ok = c == ',' || c == ']';
      state_ = c == ',' ? State::kName : State::kListEnd;
      name_.clear();
      break;
    default:
      break;
  }
  if (!ok) give_up(out);
  return true;
}

bool PythonicParser::begin_call(AnswerParts& out) {
  if (name_.empty() || (is_bare_ && !tools().contains(name_))) return false;
  calls_.begin(out, name_);
  raw_.clear();
  has_arguments_ = false;
  state_ = State::kArgumentOrEnd;
  return true;
}

void PythonicParser::end_call(AnswerParts& out) {
  calls_.append(out, has_arguments_ ? "}" : "{}");
  calls_.end();
  state_ = State::kAfterCall;
}

void PythonicParser::give_up(AnswerParts& out) {
  if (!raw_.empty()) add_content(raw_, out);
  raw_.clear();
  state_ = State::kContent;
}

void PythonicParser::finish(bool, AnswerParts& out) {
  bool is_content = state_ == State::kStart || state_ == State::kContent;
  if (!raw_.empty() && !is_content) give_up(out);
  if (is_content) add_content(scanner_.take_all(), out);
  flush_content(out);
}

}  // namespace weft
