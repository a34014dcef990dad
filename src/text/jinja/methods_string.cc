// Methods of str.
#include <algorithm>
#include <array>
#include <limits>

#include "base/utf8.h"
#include "text/jinja/characters.h"
#include "text/jinja/compare.h"
#include "text/jinja/native.h"
#include "text/jinja/operators.h"
#include "text/jinja/printing.h"
#include "text/jinja/text_format.h"
#include "text/jinja/text_layout.h"

namespace weft::jinja {
namespace {

constexpr auto kNone = std::string_view::npos;

const std::string& text_of(const NativeCall& call) { return call.self.string(); }

template <std::string (*kChange)(std::string_view)>
Value changed(NativeCall& call) {
  if (!call.bind_positional(0) || !call.meter.charge_text(text_of(call).size())) return {};
  return kChange(text_of(call));
}

Value strip_sides(NativeCall& call, bool left, bool right) {
  if (!call.bind_positional(1) || !call.meter.charge_text(text_of(call).size())) return {};
  std::string_view text = text_of(call);
  if (call.get(0) && !call.get(0)->is_none()) return strip_set(text, call.text_or(0, ""), left, right);
  if (left) text = strip_left(text);
  return right ? strip_right(text) : text;
}

Value strip_both(NativeCall& call) { return strip_sides(call, true, true); }
Value left_strip(NativeCall& call) { return strip_sides(call, true, false); }
Value right_strip(NativeCall& call) { return strip_sides(call, false, true); }

std::vector<Value> split_space(std::string_view text, Int most) {
  std::vector<Value> out;
  for (std::string_view rest = strip_left(text); !rest.empty();) {
    if (static_cast<Int>(out.size()) == most) {
      out.emplace_back(strip_right(rest));
      break;
    }
    size_t end = 0;
    while (end < rest.size()) {
      size_t next = end;
      if (is_space(next_character(rest, next))) break;
      end = next;
    }
    out.emplace_back(rest.substr(0, end));
    rest = strip_left(rest.substr(end));
  }
  return out;
}

std::vector<Value> split_space_right(std::string_view text, Int most) {
  std::vector<Value> out;
  for (std::string_view rest = strip_right(text); !rest.empty();) {
    if (static_cast<Int>(out.size()) == most) {
      out.emplace_back(strip_left(rest));
      break;
    }
    size_t begin = rest.size();
    while (begin > 0) {
      size_t before = begin;
      if (is_space(previous_character(rest, before))) break;
      begin = before;
    }
    out.emplace_back(rest.substr(begin));
    rest = strip_right(rest.substr(0, begin));
  }
  std::ranges::reverse(out);
  return out;
}

std::vector<Value> split_on(std::string_view text, std::string_view separator, Int most) {
  std::vector<Value> out;
  size_t pos = 0;
  while (static_cast<Int>(out.size()) < most) {
    size_t found = text.find(separator, pos);
    if (found == kNone) break;
    out.emplace_back(text.substr(pos, found - pos));
    pos = found + separator.size();
  }
  out.emplace_back(text.substr(pos));
  return out;
}

std::vector<Value> split_on_right(std::string_view text, std::string_view separator, Int most) {
  std::vector<Value> out;
  while (static_cast<Int>(out.size()) < most) {
    size_t found = text.rfind(separator);
    if (found == kNone) break;
    out.emplace_back(text.substr(found + separator.size()));
    text = text.substr(0, found);
  }
  out.emplace_back(text);
  std::ranges::reverse(out);
  return out;
}

Value split_from(NativeCall& call, bool right) {
  if (!call.bind({"sep", "maxsplit"})) return {};
  const std::string& text = text_of(call);
  Int most = call.integer_or(1, -1);
  if (most < 0) most = std::numeric_limits<int64_t>::max();
  // Every piece is a value; a text of separators makes one per byte.
  if (!call.meter.charge(text.size() / 8 + 1) || !call.meter.charge_text(text.size())) return {};
  if (!call.get(0) || call.get(0)->is_none()) {
    return Value::list(right ? split_space_right(text, most) : split_space(text, most));
  }
  std::string separator = call.text_or(0, "");
  if (call.meter.failed()) return {};
  if (separator.empty()) return call.meter.fail("empty separator");
  return Value::list(right ? split_on_right(text, separator, most) : split_on(text, separator, most));
}

Value split(NativeCall& call) { return split_from(call, false); }
Value right_split(NativeCall& call) { return split_from(call, true); }

Value split_into_lines(NativeCall& call) {
  if (!call.bind({"keepends"}) || !call.meter.charge(text_of(call).size() / 8 + 1)) return {};
  std::vector<Value> out;
  for (std::string_view line : split_lines(text_of(call), call.flag_or(0, false))) out.emplace_back(line);
  return Value::list(std::move(out));
}

Value partition_at(NativeCall& call, bool right) {
  if (!call.bind_positional(1, 1)) return {};
  const std::string& text = text_of(call);
  std::string separator = call.text_or(0, "");
  if (call.meter.failed() || !call.meter.charge_text(text.size())) return {};
  if (separator.empty()) return call.meter.fail("empty separator");
  size_t found = right ? text.rfind(separator) : text.find(separator);
  if (found == kNone) return right ? Value::tuple({"", "", text}) : Value::tuple({text, "", ""});
  return Value::tuple({text.substr(0, found), separator, text.substr(found + separator.size())});
}

Value partition(NativeCall& call) { return partition_at(call, false); }
Value right_partition(NativeCall& call) { return partition_at(call, true); }

// The part of the text between the bounds in arguments 1 and 2, and the character it begins at.
std::string_view bounded(NativeCall& call, Int* begin, bool* valid) {
  std::string_view text = text_of(call);
  *begin = 0;
  *valid = true;
  if (!call.meter.charge_text(text.size()) || (!call.get(1) && !call.get(2))) return text;
  Int size = static_cast<Int>(count_characters(text));
  auto bound = [&](size_t i, Int fallback) {
    if (!call.get(i) || call.get(i)->is_none()) return fallback;
    Int at = call.integer_or(i, fallback);
    return at < 0 ? std::max<Int>(at + size, 0) : at;
  };
  Int first = bound(1, 0);
  Int last = std::min(bound(2, size), size);
  *begin = first;
  *valid = first <= last;
  if (!*valid) return {};
  size_t start = offset_of_character(text, static_cast<size_t>(first));
  return text.substr(start, offset_of_character(text.substr(start), static_cast<size_t>(last - first)));
}

Value affix(NativeCall& call, bool front) {
  if (!call.bind_positional(3, 1)) return {};
  Int begin;
  bool valid;
  std::string_view text = bounded(call, &begin, &valid);
  std::vector<Value> choices = call.get(0)->is(Kind::kTuple) ? call.get(0)->items() : std::vector<Value>{*call.get(0)};
  for (const Value& choice : choices) {
    if (!choice.is_string()) {
      return call.meter.fail("{} first arg must be str or a tuple of str, not {}", call.name, type_name(choice));
    }
    if (valid && (front ? text.starts_with(choice.string()) : text.ends_with(choice.string()))) return true;
  }
  return false;
}

Value starts_with(NativeCall& call) { return affix(call, true); }
Value ends_with(NativeCall& call) { return affix(call, false); }

Value find_text(NativeCall& call, bool right, bool must) {
  if (!call.bind_positional(3, 1)) return {};
  std::string needle = call.text_or(0, "");
  Int begin;
  bool valid;
  std::string_view text = bounded(call, &begin, &valid);
  if (call.meter.failed()) return {};
  size_t found = !valid ? kNone : right ? text.rfind(needle) : text.find(needle);
  if (found != kNone) return begin + static_cast<Int>(count_characters(text.substr(0, found)));
  return must ? call.meter.fail("substring not found") : Value(-1);
}

Value find(NativeCall& call) { return find_text(call, false, false); }
Value right_find(NativeCall& call) { return find_text(call, true, false); }
Value index(NativeCall& call) { return find_text(call, false, true); }
Value right_index(NativeCall& call) { return find_text(call, true, true); }

Value count(NativeCall& call) {
  if (!call.bind_positional(3, 1)) return {};
  std::string needle = call.text_or(0, "");
  Int begin;
  bool valid;
  std::string_view text = bounded(call, &begin, &valid);
  if (call.meter.failed() || !valid) return 0;
  if (needle.empty()) return count_characters(text) + 1;
  size_t out = 0;
  for (size_t pos = text.find(needle); pos != kNone; pos = text.find(needle, pos + needle.size())) ++out;
  return out;
}

Value replace(NativeCall& call) {
  if (!call.bind_positional(3, 2)) return {};
  std::string from = call.text_or(0, "");
  std::string to = call.text_or(1, "");
  Int most = call.integer_or(2, -1);
  return call.meter.failed() ? Value() : replaced(call.meter, text_of(call), from, to, most);
}

Value remove_prefix(NativeCall& call) {
  if (!call.bind_positional(1, 1)) return {};
  std::string prefix = call.text_or(0, "");
  const std::string& text = text_of(call);
  if (!call.meter.charge_text(text.size())) return {};
  return text.starts_with(prefix) ? text.substr(prefix.size()) : text;
}

Value remove_suffix(NativeCall& call) {
  if (!call.bind_positional(1, 1)) return {};
  std::string suffix = call.text_or(0, "");
  const std::string& text = text_of(call);
  if (!call.meter.charge_text(text.size())) return {};
  return text.ends_with(suffix) ? text.substr(0, text.size() - suffix.size()) : text;
}

Value join(NativeCall& call) {
  if (!call.bind_positional(1, 1)) return {};
  const std::string& separator = text_of(call);
  std::string out;
  size_t i = 0;
  std::vector<Value> items = walk(call.meter, *call.get(0));
  for (const Value& item : items) {
    if (!item.is_string()) {
      return call.meter.fail("sequence item {}: expected str instance, {} found", i, type_name(item));
    }
    size_t added = item.string().size() + separator.size();
    size_t total = out.size() + added;
    if (!call.meter.charge_text(total > call.meter.limits().output_bytes ? total : added)) return {};
    if (i++ > 0) out += separator;
    out += item.string();
  }
  return out;
}

Value format(NativeCall& call) { return brace_format(call.interpreter, call.self, call.arguments); }

Value justify(NativeCall& call, Justify how) {
  if (!call.bind_positional(2, 1)) return {};
  std::string fill = call.text_or(1, " ");
  Int width = call.integer_or(0, 0);
  if (call.meter.failed()) return {};
  if (count_characters(fill) != 1) return call.meter.fail("The fill character must be exactly one character long");
  return justified(call.meter, text_of(call), width, fill, how);
}

Value justify_left(NativeCall& call) { return justify(call, Justify::kLeft); }
Value justify_right(NativeCall& call) { return justify(call, Justify::kRight); }
Value justify_center(NativeCall& call) { return justify(call, Justify::kCenter); }

Value zero_fill(NativeCall& call) {
  if (!call.bind_positional(1, 1)) return {};
  std::string_view text = text_of(call);
  std::string sign;
  if (text.starts_with('-') || text.starts_with('+')) {
    sign = text.substr(0, 1);
    text.remove_prefix(1);
  }
  Value padded =
      justified(call.meter, text, call.integer_or(0, 0) - static_cast<Int>(sign.size()), "0", Justify::kRight);
  return call.meter.failed() ? Value() : Value(sign + padded.string());
}

Value expand_tabs(NativeCall& call) {
  if (!call.bind({"tabsize"})) return {};
  Int size = call.integer_or(0, 8);
  if (size < 0) size = 0;
  if (size > 1024) return call.meter.fail("a tab of {} is too wide", size);
  std::string out;
  size_t column = 0;
  for (char c : text_of(call)) {
    if (c == '\t') {
      size_t blanks = size == 0 ? 0 : static_cast<size_t>(size) - column % static_cast<size_t>(size);
      if (!call.meter.charge(1 + blanks / 8) || out.size() > call.meter.limits().output_bytes) break;
      out.append(blanks, ' ');
      column += blanks;
    } else {
      out += c;
      column = c == '\n' || c == '\r' ? 0 : column + ((static_cast<unsigned char>(c) & 0xC0) != 0x80);
    }
  }
  return call.meter.charge_text(out.size()) ? Value(std::move(out)) : Value();
}

// Not empty, and all characters are of the kind.
template <bool (*kIs)(char32_t)>
Value all_are(NativeCall& call) {
  if (!call.bind_positional(0) || !call.meter.charge_text(text_of(call).size())) return {};
  const std::string& text = text_of(call);
  for (size_t pos = 0; pos < text.size();) {
    if (!kIs(next_character(text, pos))) return false;
  }
  return !text.empty();
}

Value is_ascii(NativeCall& call) {
  if (!call.bind_positional(0) || !call.meter.charge_text(text_of(call).size())) return {};
  return std::ranges::all_of(text_of(call), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

template <bool kUpper>
Value all_cased(NativeCall& call) {
  if (!call.bind_positional(0) || !call.meter.charge_text(text_of(call).size())) return {};
  const std::string& text = text_of(call);
  bool any = false;
  for (size_t pos = 0; pos < text.size();) {
    char32_t c = next_character(text, pos);
    if (kUpper ? is_lower(c) : is_upper(c)) return false;
    any = any || is_upper(c) || is_lower(c);
  }
  return any;
}

Value title_cased(NativeCall& call) {
  if (!call.bind_positional(0) || !call.meter.charge_text(text_of(call).size())) return {};
  return is_title(text_of(call));
}

Value is_identifier(NativeCall& call) {
  if (!call.bind_positional(0) || !call.meter.charge_text(text_of(call).size())) return {};
  const std::string& text = text_of(call);
  size_t pos = 0;
  if (text.empty() || is_numeric(next_character(text, pos))) return false;
  for (pos = 0; pos < text.size();) {
    if (!is_identifier_part(next_character(text, pos))) return false;
  }
  return true;
}

Value format_map(NativeCall& call) {
  if (!call.bind_positional(1, 1)) return {};
  CallArguments named;
  const Value& from = *call.get(0);
  if (from.is(Kind::kDict)) {
    if (!call.meter.charge(from.dict().entries.size())) return {};
    for (const auto& [key, value] : from.dict().entries) {
      if (key.is_string()) named.named.emplace_back(key.string(), value);
    }
  }
  return brace_format(call.interpreter, call.self, named);
}

// By a dict of code points to code points, texts or none.
Value translate(NativeCall& call) {
  if (!call.bind_positional(1, 1) || !call.meter.charge_text(text_of(call).size())) return {};
  const std::string& text = text_of(call);
  const Value& table = *call.get(0);
  if (!table.is(Kind::kDict)) return text.empty() ? Value("") : call.meter.fail("translate() needs a dict");
  std::string out;
  for (size_t pos = 0; pos < text.size();) {
    size_t begin = pos;
    const Value* to = table.dict().find(Value(Int{next_character(text, pos)}));
    if (!to) {
      out += text.substr(begin, pos - begin);
    } else if (to->is_string()) {
      if (!call.meter.charge_text(out.size() + to->string().size())) return {};
      out += to->string();
    } else if (to->is(Kind::kInt) && to->integer() >= 0 && to->integer() <= 0x10FFFF) {
      append_utf8(out, static_cast<char32_t>(to->integer()));
    } else if (!to->is_none()) {
      return call.meter.fail("character mapping must return integer, None or str");
    }
  }
  return out;
}

constexpr auto kMethods = std::to_array<NativeEntry>({{"capitalize", changed<capitalize>},
                                                      {"casefold", changed<case_fold>},
                                                      {"center", justify_center},
                                                      {"count", count},
                                                      {"endswith", ends_with},
                                                      {"expandtabs", expand_tabs},
                                                      {"find", find},
                                                      {"format", format},
                                                      {"format_map", format_map},
                                                      {"index", index},
                                                      {"isalnum", all_are<is_alphanumeric>},
                                                      {"isalpha", all_are<is_letter>},
                                                      {"isascii", is_ascii},
                                                      {"isdecimal", all_are<is_decimal>},
                                                      {"isdigit", all_are<is_digit>},
                                                      {"isidentifier", is_identifier},
                                                      {"islower", all_cased<false>},
                                                      {"isnumeric", all_are<is_numeric>},
                                                      {"isprintable", all_are<is_printable>},
                                                      {"isspace", all_are<is_space>},
                                                      {"istitle", title_cased},
                                                      {"isupper", all_cased<true>},
                                                      {"join", join},
                                                      {"ljust", justify_left},
                                                      {"lower", changed<to_lower>},
                                                      {"lstrip", left_strip},
                                                      {"partition", partition},
                                                      {"removeprefix", remove_prefix},
                                                      {"removesuffix", remove_suffix},
                                                      {"replace", replace},
                                                      {"rfind", right_find},
                                                      {"rindex", right_index},
                                                      {"rjust", justify_right},
                                                      {"rpartition", right_partition},
                                                      {"rsplit", right_split},
                                                      {"rstrip", right_strip},
                                                      {"split", split},
                                                      {"splitlines", split_into_lines},
                                                      {"startswith", starts_with},
                                                      {"strip", strip_both},
                                                      {"swapcase", changed<swap_case>},
                                                      {"title", changed<to_title>},
                                                      {"translate", translate},
                                                      {"upper", changed<to_upper>},
                                                      {"zfill", zero_fill}});

}  // namespace

const NativeEntry* find_string_method(std::string_view name) {
  auto it = std::ranges::find(kMethods, name, &NativeEntry::name);
  return it == kMethods.end() ? nullptr : &*it;
}

}  // namespace weft::jinja
