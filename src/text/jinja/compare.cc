#include "text/jinja/compare.h"

#include <algorithm>

#include "text/jinja/characters.h"

namespace weft::jinja {
namespace {

bool equal_dicts(Meter& meter, const DictData& a, const DictData& b) {
  if (a.entries.size() != b.entries.size()) return false;
  for (const auto& [key, value] : a.entries) {
    const Value* other = b.find(key);
    if (!other || !equals(meter, value, *other)) return false;
  }
  return true;
}

bool is_view_or_range(const Value& value) { return value.is(Kind::kDictView) || value.is(Kind::kRange); }

}  // namespace

bool truth(const Value& value) {
  switch (value.kind()) {
    case Kind::kUndefined:
    case Kind::kNone:
      return false;
    case Kind::kBool:
    case Kind::kInt:
      return value.integer() != 0;
    case Kind::kFloat:
      return value.number() != 0;
    case Kind::kString:
      return !value.string().empty();
    case Kind::kDict:
      return !value.dict().entries.empty();
    default:
      return !value.is_sequence() || !value.items().empty();
  }
}

bool equals(Meter& meter, const Value& a, const Value& b) {
  if (!meter.charge()) return false;
  if (a.is_number() || b.is_number()) return equal_keys(a, b);
  if (a.kind() != b.kind()) return false;
  if (a.is_string())
    return meter.charge_text(std::min(a.string().size(), b.string().size())) && a.string() == b.string();
  if (a.is(Kind::kDict)) return equal_dicts(meter, a.dict(), b.dict());
  if (a.is_undefined()) return true;
  if (!a.is_sequence()) return a.same_object(b);
  if (is_view_or_range(a) && a.same_object(b)) return true;
  if (a.items().size() != b.items().size()) return false;
  for (size_t i = 0; i < a.items().size(); ++i) {
    if (!equals(meter, a.items()[i], b.items()[i])) return false;
  }
  return true;
}

bool less(Meter& meter, const Value& a, const Value& b, std::string_view operator_text) {
  if (!meter.charge()) return false;
  if (a.is_integer() && b.is_integer()) return a.integer() < b.integer();
  if (a.is_number() && b.is_number()) return a.number() < b.number();
  // UTF-8 keeps the order of code points.
  if (a.is_string() && b.is_string()) {
    return meter.charge_text(std::min(a.string().size(), b.string().size())) && a.string() < b.string();
  }
  if (a.kind() == b.kind() && (a.is(Kind::kList) || a.is(Kind::kTuple))) {
    size_t common = std::min(a.items().size(), b.items().size());
    for (size_t i = 0; i < common && !meter.failed(); ++i) {
      if (!equals(meter, a.items()[i], b.items()[i])) return less(meter, a.items()[i], b.items()[i], operator_text);
    }
    return a.items().size() < b.items().size();
  }
  if (a.is_undefined() || b.is_undefined()) {
    meter.fail_undefined(a.is_undefined() ? a : b);
  } else {
    meter.fail("'{}' not supported between instances of '{}' and '{}'", operator_text, type_name(a), type_name(b));
  }
  return false;
}

bool contains(Meter& meter, const Value& haystack, const Value& needle) {
  if (haystack.is_string()) {
    if (!needle.is_string()) {
      meter.fail("'in <string>' requires string as left operand, not {}", type_name(needle));
      return false;
    }
    return meter.charge_text(haystack.string().size()) && haystack.string().find(needle.string()) != std::string::npos;
  }
  if (haystack.is(Kind::kDict)) {
    if (!is_hashable(needle)) meter.fail("unhashable type: '{}'", type_name(needle));
    return !meter.failed() && haystack.dict().find(needle) != nullptr;
  }
  if (!is_iterable(haystack)) {
    meter.fail("argument of type '{}' is not iterable", type_name(haystack));
    return false;
  }
  if (haystack.is_sequence()) {
    return std::ranges::any_of(haystack.items(), [&](const Value& item) { return equals(meter, item, needle); });
  }
  return std::ranges::any_of(walk(meter, haystack), [&](const Value& item) { return equals(meter, item, needle); });
}

bool is_iterable(const Value& value) {
  switch (value.kind()) {
    case Kind::kUndefined:
    case Kind::kString:
    case Kind::kDict:
    case Kind::kIterator:
      return true;
    default:
      return value.is_sequence();
  }
}

std::vector<Value> walk(Meter& meter, const Value& value) {
  std::vector<Value> out;
  if (value.is_sequence()) {
    if (meter.charge(value.items().size())) out = value.items();
  } else if (value.is(Kind::kDict)) {
    if (!meter.charge(value.dict().entries.size())) return out;
    for (const auto& entry : value.dict().entries) out.push_back(entry.first);
  } else if (value.is_string()) {
    const std::string& text = value.string();
    if (!meter.charge(text.size())) return out;
    for (size_t pos = 0; pos < text.size();) {
      size_t start = pos;
      next_character(text, pos);
      out.emplace_back(text.substr(start, pos - start));
    }
  } else if (value.is(Kind::kIterator)) {
    IteratorData& data = value.iterator();
    if (!meter.charge(data.items.size() - data.next)) return out;
    out.assign(data.items.begin() + static_cast<std::ptrdiff_t>(data.next), data.items.end());
    data.next = data.items.size();
  } else if (!value.is_undefined()) {
    meter.fail("'{}' object is not iterable", type_name(value));
  }
  return out;
}

size_t length(Meter& meter, const Value& value) {
  if (value.is_undefined()) return 0;
  if (value.is_sequence()) return value.items().size();
  if (value.is(Kind::kDict)) return value.dict().entries.size();
  if (value.is_string()) return meter.charge_text(value.string().size()) ? count_characters(value.string()) : 0;
  meter.fail("object of type '{}' has no len()", type_name(value));
  return 0;
}

}  // namespace weft::jinja
