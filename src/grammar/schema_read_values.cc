// The keywords that say something about scalars, and constants of every kind.
#include <algorithm>

#include "grammar/schema_json.h"
#include "grammar/schema_reader.h"

namespace weft::schema {
namespace {

// 0: no such type.
TypeMask type_named(std::string_view name) {
  if (name == "null") return kNull;
  if (name == "boolean") return kBoolean;
  if (name == "number" || name == "integer") return kNumber;
  if (name == "string") return kString;
  if (name == "array") return kArray;
  return name == "object" ? kObject : 0;
}

}  // namespace

Status Reader::read_values(const Location& here, Literals& out) {
  const JsonObject& object = here.value->get_object();
  if (const Json* value = object.if_contains("type")) {
    std::vector<std::string> names;
    if (is_string(*value)) {
      names.emplace_back(string_text(*value));
    } else {
      TRY_ASSIGN(names, strings(here, *value, "type"));
    }
    TypesAtom atom{0, true};
    for (const std::string& name : names) {
      TypeMask type = type_named(name);
      if (type == 0) return param_error(here.path, "\"type\": \"{}\" is no type of JSON Schema.", name);
      atom.types |= type;
      if (name == "number") atom.integers_only = false;
    }
    if ((atom.types & kNumber) == 0) atom.integers_only = false;
    atom.plain_integers = atom.integers_only && document_.draft() == Draft::kDraft4;
    if (atom.types == 0) return param_error(here.path, "\"type\" must name at least one type.");
    if (atom.types != kEveryType || atom.integers_only) {
      out.push_back(formulas_.atom({atom, here.path, "type"}, fmt::format("T{}{}", atom.types, atom.integers_only)));
    }
  }
  if (const Json* value = object.if_contains("const"); value != nullptr && since(Draft::kDraft6)) {
    TRY_ASSIGN(Literal literal, constant(document_.child(here, *value, "const")));
    out.push_back(literal);
  }
  const Json* values = object.if_contains("enum");
  if (values == nullptr) return {};
  if (!values->is_array()) return param_error(here.path, "\"enum\" must be an array, not {}.", kind_name(*values));
  if (values->get_array().size() > limits_.enum_values) {
    return make_error(ErrorCode::kGrammarTooComplex, "\"enum\" at \"{}\" has {} values; the limit is {}.", here.path,
                      values->get_array().size(), limits_.enum_values);
  }
  ScalarsAtom scalars;
  Literals arms;
  size_t i = 0;
  for (const Json& item : values->get_array()) {
    Location place = document_.child(here, item, "enum", std::to_string(i++));
    if (item.is_null()) {
      scalars.constants |= kNull;
    } else if (item.is_bool()) {
      scalars.constants |= item.get_bool() ? kTrueValue : kFalseValue;
    } else if (is_number(item)) {
      TRY_ASSIGN(Decimal number, parse_decimal(number_text(item)));
      scalars.numbers.push_back(std::move(number));
    } else if (is_string(item)) {
      scalars.strings.emplace_back(string_text(item));
    } else {
      TRY_ASSIGN(Literal literal, constant(place));
      arms.push_back(literal);
    }
  }
  std::sort(scalars.strings.begin(), scalars.strings.end());
  scalars.strings.erase(std::unique(scalars.strings.begin(), scalars.strings.end()), scalars.strings.end());
  if (arms.size() < values->get_array().size()) {
    arms.push_back(formulas_.atom({std::move(scalars), here.path, "enum"}));
  }
  out.push_back(formulas_.disjunction(std::move(arms)));
  return {};
}

Literal Reader::scalar(const Json& value) {
  ScalarsAtom atom;
  std::string key = "C";
  if (value.is_null()) {
    atom.constants = kNull;
    key += "n";
  } else if (value.is_bool()) {
    atom.constants = value.get_bool() ? kTrueValue : kFalseValue;
    key += value.get_bool() ? "t" : "f";
  } else if (is_number(value)) {
    Result<Decimal> number = parse_decimal(number_text(value));
    CHECK(number.has_value());  // the parser has seen it
    key += "#" + key_of(*number);
    atom.numbers.push_back(std::move(*number));
  } else {
    atom.strings.emplace_back(string_text(value));
    key += "$" + atom.strings.back();
  }
  return formulas_.atom({std::move(atom), {}, "const"}, key);
}

Result<Literal> Reader::constant(const Location& here) {
  if (is_scalar(*here.value)) return scalar(*here.value);
  std::string key;
  append_canonical(key, *here.value);
  auto found = constants_.find(key);
  if (found != constants_.end()) return found->second;
  Literal slot = formulas_.reserve();
  constants_.emplace(std::move(key), slot);
  tasks_.push_back({here, slot, true});
  return slot;
}

// An array or object as the schema of this one value.
void Reader::read_constant(const Location& here, Literals& out) {
  auto inner = [&](const Json& value, std::string_view token) {
    Result<Literal> literal = constant(document_.child(here, value, token));
    return *literal;  // constants have no errors
  };
  if (here.value->is_array()) {
    const JsonArray& items = here.value->get_array();
    ItemsAtom atom{{}, kFalse};
    for (size_t i = 0; i < items.size(); ++i) atom.prefix.push_back(inner(items[i], std::to_string(i)));
    auto size = static_cast<int64_t>(items.size());
    out.push_back(formulas_.atom({TypesAtom{kArray, false}, here.path, "const"}, fmt::format("T{}{}", kArray, false)));
    out.push_back(formulas_.atom({std::move(atom), here.path, "const"}));
    if (size > 0) out.push_back(formulas_.atom({ItemCountAtom{size, {}}, here.path, "const"}));
    return;
  }
  PropertiesAtom atom;
  atom.additional = kFalse;
  for (const auto& [key, value] : here.value->get_object()) {
    atom.properties.emplace_back(std::string(key), inner(value, key));
    out.push_back(formulas_.required(std::string(key)));
  }
  std::sort(atom.properties.begin(), atom.properties.end());
  out.push_back(formulas_.atom({TypesAtom{kObject, false}, here.path, "const"}, fmt::format("T{}{}", kObject, false)));
  out.push_back(formulas_.atom({std::move(atom), here.path, "const"}));
}

Status Reader::read_numbers(const Location& here, Literals& out) {
  const JsonObject& object = here.value->get_object();
  NumberSet set;
  auto number = [&](const Json& value, std::string_view keyword) -> Result<Decimal> {
    if (!is_number(value)) {
      return param_error(here.path, "\"{}\" must be a number, not {}.", keyword, kind_name(value));
    }
    return parse_decimal(number_text(value));
  };
  const Json* multiple = object.if_contains("multipleOf");
  const Json* low = object.if_contains("minimum");
  const Json* high = object.if_contains("maximum");
  const Json* above = object.if_contains("exclusiveMinimum");
  const Json* below = object.if_contains("exclusiveMaximum");
  if (low != nullptr) {
    TRY_ASSIGN(set.minimum, number(*low, "minimum"));
  }
  if (high != nullptr) {
    TRY_ASSIGN(set.maximum, number(*high, "maximum"));
  }
  if (above != nullptr && above->is_bool()) {  // draft 4
    set.exclusive_minimum = above->get_bool();
  } else if (above != nullptr) {
    TRY_ASSIGN(Decimal bound, number(*above, "exclusiveMinimum"));
    if (!set.minimum || compare(bound, *set.minimum) >= 0) {
      set.minimum = bound;
      set.exclusive_minimum = true;
    }
  }
  if (below != nullptr && below->is_bool()) {
    set.exclusive_maximum = below->get_bool();
  } else if (below != nullptr) {
    TRY_ASSIGN(Decimal bound, number(*below, "exclusiveMaximum"));
    if (!set.maximum || compare(bound, *set.maximum) <= 0) {
      set.maximum = bound;
      set.exclusive_maximum = true;
    }
  }
  if (multiple != nullptr) {
    TRY_ASSIGN(Decimal factor, number(*multiple, "multipleOf"));
    if (is_zero(factor) || factor.negative) {
      return param_error(here.path, "\"multipleOf\" must be above 0.");
    }
    set.multiple_of = factor;
  }
  if (!set.minimum && !set.maximum && !set.multiple_of) return {};
  std::string keyword = multiple != nullptr ? "multipleOf" : set.minimum ? "minimum" : "maximum";
  out.push_back(formulas_.atom({NumbersAtom{std::move(set)}, here.path, keyword}));
  return {};
}

Status Reader::read_strings(const Location& here, Literals& out) {
  const JsonObject& object = here.value->get_object();
  LengthAtom length;
  TRY_ASSIGN(bool bounded, range(here, "minLength", "maxLength", length.min, length.max));
  if (bounded) {
    std::string key = fmt::format("L{}-{}", length.min, length.max.value_or(-1));
    out.push_back(formulas_.atom({length, here.path, length.max ? "maxLength" : "minLength"}, key));
  }
  for (std::string_view keyword : {"pattern", "format"}) {
    const Json* value = object.if_contains(keyword);
    if (value == nullptr) continue;
    if (!is_string(*value)) {
      return param_error(here.path, "\"{}\" must be a string, not {}.", keyword, kind_name(*value));
    }
    std::string text(string_text(*value));
    std::string key = fmt::format("{}{}", keyword == "pattern" ? 'P' : 'F', text);
    if (keyword == "pattern") {
      out.push_back(formulas_.atom({PatternAtom{text}, here.path, "pattern"}, key));
    } else {
      out.push_back(formulas_.atom({FormatAtom{text}, here.path, "format"}, key));
    }
  }
  return {};
}

}  // namespace weft::schema
