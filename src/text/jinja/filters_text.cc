// Filters that make text of text.
#include <array>
#include <cmath>

#include "text/jinja/characters.h"
#include "text/jinja/compare.h"
#include "text/jinja/filters.h"
#include "text/jinja/markup.h"
#include "text/jinja/printing.h"
#include "text/jinja/text_format.h"
#include "text/jinja/text_layout.h"

namespace weft::jinja {
namespace {

std::string self_text(NativeCall& call) { return to_text(call.meter, call.self); }

template <std::string (*kChange)(std::string_view)>
Value changed(NativeCall& call) {
  return call.bind({}) ? Value(kChange(self_text(call))) : Value();
}

// The same where Python keeps the mark on text that is marked as HTML.
template <std::string (*kChange)(std::string_view)>
Value changed_alike(NativeCall& call) {
  return call.bind({}) ? Value::like(call.self, kChange(self_text(call))) : Value();
}

Value string(NativeCall& call) { return call.bind({}) ? Value::like(call.self, self_text(call)) : Value(); }

Value trim(NativeCall& call) {
  if (!call.bind({"chars"})) return {};
  std::string text = self_text(call);
  if (!call.get(0) || call.get(0)->is_none()) return Value::like(call.self, std::string(strip(text)));
  return Value::like(call.self, std::string(strip_set(text, call.text_or(0, ""), true, true)));
}

Value replace(NativeCall& call) {
  if (!call.bind({"old", "new", "count"}, 2)) return {};
  std::string text = self_text(call);
  std::string from = to_text(call.meter, *call.get(0));
  std::string to = to_text(call.meter, *call.get(1));
  Int count = call.get(2) && !call.get(2)->is_none() ? call.integer_or(2, -1) : -1;
  return replaced(call.meter, text, from, to, count);
}

Value escape(NativeCall& call) { return call.bind({}) ? Value::markup(escaped_text(call.meter, call.self)) : Value(); }

Value force_escape(NativeCall& call) { return call.bind({}) ? Value::markup(escape_html(self_text(call))) : Value(); }

Value safe(NativeCall& call) { return call.bind({}) ? Value::markup(self_text(call)) : Value(); }

// Jinja's own capitals: the upper case of the first letter, and not its title case.
std::string upper_first(std::string_view text) {
  size_t pos = 0;
  next_character(text, pos);
  return to_upper(text.substr(0, pos)) + to_lower(text.substr(pos));
}

// A capital after white space and opening brackets, small letters otherwise.
std::string title_words(std::string_view text) {
  std::string out;
  bool starts = true;
  size_t word = 0;
  for (size_t pos = 0; pos <= text.size();) {
    size_t at = pos;
    bool end = pos == text.size();
    char32_t c = end ? ' ' : next_character(text, pos);
    bool breaks =
        is_space(c) || (c < 0x80 && std::string_view("-({[<").find(static_cast<char>(c)) != std::string_view::npos);
    if (breaks || end) {
      if (!starts) out += upper_first(text.substr(word, at - word));
      if (end) break;
      out += text.substr(at, pos - at);
      starts = true;
    } else if (starts) {
      word = at;
      starts = false;
    }
  }
  return out;
}

Value center(NativeCall& call) {
  if (!call.bind({"width"})) return {};
  return justified(call.meter, self_text(call), call.integer_or(0, 80), " ", Justify::kCenter);
}

// For filters that Python can apply to nothing but str.
bool needs_text(NativeCall& call) {
  if (call.self.is_string()) return true;
  if (call.self.is_undefined()) {
    call.meter.fail_undefined(call.self);
  } else {
    call.meter.fail("{} needs a str, not {}", call.name, type_name(call.self));
  }
  return false;
}

Value indent(NativeCall& call) {
  if (!call.bind({"width", "first", "blank"}) || !needs_text(call)) return {};
  std::string prefix;
  if (call.get(0) && call.get(0)->is_string()) {
    prefix = call.get(0)->string();
  } else {
    Int width = call.integer_or(0, 4);
    if (width > Int{call.meter.limits().output_bytes}) return call.meter.fail("the indent is too wide");
    if (width > 0) prefix.assign(static_cast<size_t>(width), ' ');
  }
  Value out = indented(call.meter, self_text(call), prefix, call.flag_or(1, false), call.flag_or(2, false));
  return call.meter.failed() ? Value() : Value::like(call.self, out.string());
}

Value truncate(NativeCall& call) {
  if (!call.bind({"length", "killwords", "end", "leeway"})) return {};
  Int length = call.integer_or(0, 255);
  Int leeway = call.get(3) && !call.get(3)->is_none() ? call.integer_or(3, 5) : 5;
  Value end = call.value_or(2, "...");  // anything with a length, as long as nothing is cut
  Int end_size = static_cast<Int>(jinja::length(call.meter, end));
  if (call.meter.failed()) return {};
  if (length < end_size || leeway < 0) return call.meter.fail("truncate: the length or leeway is too small");
  if (static_cast<Int>(jinja::length(call.meter, call.self)) <= length + leeway) return call.self;
  if (!needs_text(call)) return {};
  if (!end.is_string()) return call.meter.fail("truncate: the end must be str, not {}", type_name(end));
  std::string text = call.self.string();
  text.resize(offset_of_character(text, static_cast<size_t>(length - end_size)));
  if (!call.flag_or(1, false)) {
    size_t space = text.rfind(' ');
    if (space != std::string::npos) text.resize(space);
  }
  return text + end.string();
}

Value word_wrap(NativeCall& call) {
  if (!call.bind({"width", "break_long_words", "wrapstring", "break_on_hyphens"}) || !needs_text(call)) return {};
  Int width = call.integer_or(0, 79);
  std::string newline = call.get(2) && !call.get(2)->is_none() ? call.text_or(2, "\n") : "\n";
  std::string text = self_text(call);
  if (call.meter.failed()) return {};
  if (width <= 0 && !text.empty()) return call.meter.fail("invalid width {} (must be > 0)", width);
  return wrapped(call.meter, text, static_cast<size_t>(std::min<Int>(width, Int{1} << 30)), call.flag_or(1, true),
                 newline);
}

Value word_count(NativeCall& call) {
  if (!call.bind({})) return {};
  std::string text = self_text(call);
  size_t count = 0;
  bool inside = false;
  for (size_t pos = 0; pos < text.size();) {
    char32_t c = next_character(text, pos);
    bool word = is_alphanumeric(c) || c == '_';
    count += word && !inside;
    inside = word;
  }
  return count;
}

Value format(NativeCall& call) {
  if (!call.arguments.named.empty() && !call.arguments.positional.empty()) {
    return call.meter.fail("can't handle positional and keyword arguments at the same time");
  }
  Value text = Value::like(call.self, self_text(call));
  if (call.arguments.named.empty()) {
    return percent_format(call.meter, text, Value::tuple(std::move(call.arguments.positional)));
  }
  DictData values;
  for (auto& [name, value] : call.arguments.named) values.set(name, std::move(value));
  return percent_format(call.meter, text, Value::dict(std::move(values)));
}

// Text without tags, comments and runs of white space.
std::string strip_tags(std::string_view text) {
  std::string bare;
  for (size_t pos = 0; pos < text.size();) {
    bool comment = text.substr(pos, 4) == "<!--";
    size_t end = comment ? text.find("-->", pos) : text[pos] == '<' ? text.find('>', pos) : std::string_view::npos;
    if (end == std::string_view::npos) {
      size_t next = text.find('<', pos + 1);
      next = next == std::string_view::npos || text.find('>', next) == std::string_view::npos ? text.size() : next;
      bare += text.substr(pos, next - pos);
      pos = next;
    } else {
      pos = end + (comment ? 3 : 1);
    }
  }
  std::string out;
  for (std::string_view rest = strip(bare); !rest.empty();) {
    size_t end = 0;
    while (end < rest.size()) {
      size_t next = end;
      if (is_space(next_character(rest, next))) break;
      end = next;
    }
    out += rest.substr(0, end);
    rest = strip_left(rest.substr(end));
    if (!rest.empty()) out += ' ';
  }
  return out;
}

std::string url_encode_text(std::string_view text, std::string_view safe) {
  std::string out;
  for (char c : text) {
    bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    if (c == ' ' && safe.empty()) {
      out += '+';  // in a query
    } else if (plain || std::string_view("_.-~").find(c) != std::string_view::npos ||
               safe.find(c) != std::string_view::npos) {
      out += c;
    } else {
      out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return out;
}

Value url_encode(NativeCall& call) {
  if (!call.bind({})) return {};
  bool one = call.self.is_string() || call.self.is_undefined() || !is_iterable(call.self);
  if (one) return url_encode_text(self_text(call), "/");
  std::vector<Value> pairs;
  if (call.self.is(Kind::kDict)) {
    for (const auto& [key, value] : call.self.dict().entries) pairs.push_back(Value::tuple({key, value}));
  } else {
    pairs = walk(call.meter, call.self);
  }
  std::string out;
  for (const Value& pair : pairs) {
    std::vector<Value> parts = walk(call.meter, pair);
    if (call.meter.failed()) break;
    if (parts.size() != 2) return call.meter.fail("urlencode needs pairs, not {} values", parts.size());
    if (!out.empty()) out += '&';
    out +=
        url_encode_text(to_text(call.meter, parts[0]), "") + "=" + url_encode_text(to_text(call.meter, parts[1]), "");
    if (!call.meter.charge_text(out.size())) break;
  }
  return out;
}

Value xml_attributes(NativeCall& call) {
  if (!call.bind({"autospace"})) return {};
  if (!call.self.is(Kind::kDict)) return call.meter.fail("xmlattr needs a dict, not {}", type_name(call.self));
  std::string out;
  for (const auto& [key, value] : call.self.dict().entries) {
    if (value.is_none() || value.is_undefined()) continue;
    std::string name = to_text(call.meter, key);
    if (name.find_first_of(" \t\n\r\f/>=") != std::string::npos) {
      return call.meter.fail("Invalid character in attribute name: '{}'", name);
    }
    if (!out.empty()) out += ' ';
    out += escape_html(name) + "=\"" + escape_html(to_text(call.meter, value)) + "\"";
    if (!call.meter.charge_text(out.size())) return {};
  }
  return call.flag_or(0, true) && !out.empty() ? " " + out : out;
}

constexpr auto kFilters = std::to_array<FilterEntry>({{{"capitalize", changed_alike<capitalize>}},
                                                      {{"center", center}},
                                                      {{"e", escape}},
                                                      {{"escape", escape}},
                                                      {{"forceescape", force_escape}},
                                                      {{"format", format}},
                                                      {{"indent", indent}},
                                                      {{"lower", changed_alike<to_lower>}},
                                                      {{"replace", replace}},
                                                      {{"safe", safe}},
                                                      {{"string", string}},
                                                      {{"striptags", changed<strip_tags>}},
                                                      {{"title", changed<title_words>}},
                                                      {{"trim", trim}},
                                                      {{"truncate", truncate}},
                                                      {{"upper", changed_alike<to_upper>}},
                                                      {{"urlencode", url_encode}},
                                                      {{"wordcount", word_count}},
                                                      {{"wordwrap", word_wrap}},
                                                      {{"xmlattr", xml_attributes}}});

}  // namespace

std::span<const FilterEntry> text_filters() { return kFilters; }

}  // namespace weft::jinja
