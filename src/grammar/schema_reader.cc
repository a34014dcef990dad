#include "grammar/schema_reader.h"

#include <algorithm>

#include "grammar/schema_json.h"

namespace weft::schema {

Result<Literal> Reader::read() {
  TRY_ASSIGN(Literal root, schema(document_.root()));
  while (!tasks_.empty()) {
    Task task = std::move(tasks_.back());
    tasks_.pop_back();
    Literals parts;
    if (task.is_constant) {
      read_constant(task.here, parts);
    } else {
      TRY(read_object(task.here, parts));
    }
    formulas_.define(task.slot, std::move(parts));
  }
  if (formulas_.find_cycle()) {
    return param_error("", "The schema refers to itself without going down into a value, which means nothing.");
  }
  return root;
}

Result<Literal> Reader::schema(const Location& here) {
  const Json& value = *here.value;
  if (value.is_bool()) return value.get_bool() ? kTrue : kFalse;
  if (!value.is_object()) {
    return param_error(here.path, "A schema must be an object or a boolean, not {}.", kind_name(value));
  }
  auto found = schemas_.find(&value);
  if (found != schemas_.end()) return found->second;
  Literal slot = value.get_object().empty() ? kTrue : formulas_.reserve();
  schemas_.emplace(&value, slot);
  if (slot != kTrue) tasks_.push_back({here, slot, false});
  return slot;
}

Result<Literal> Reader::schema_at(const Location& parent, const Json& value, std::string_view keyword) {
  return schema(document_.child(parent, value, keyword));
}

Result<Literals> Reader::schema_array(const Location& parent, const Json& value, std::string_view keyword) {
  Location here = document_.child(parent, value, keyword);
  if (!value.is_array()) {
    return param_error(here.path, "\"{}\" must be an array of schemas, not {}.", keyword, kind_name(value));
  }
  Literals out;
  size_t i = 0;
  for (const Json& item : value.get_array()) {
    TRY_ASSIGN(Literal literal, schema(document_.child(here, item, std::to_string(i++))));
    out.push_back(literal);
  }
  return out;
}

Status Reader::read_object(const Location& here, Literals& out) {
  TRY(read_references(here, out));
  if (here.value->get_object().if_contains("$ref") != nullptr && document_.draft() <= Draft::kDraft7) return {};
  TRY(read_combinators(here, out));
  TRY(read_values(here, out));
  TRY(read_numbers(here, out));
  TRY(read_strings(here, out));
  TRY(read_properties(here, out));
  TRY(read_presence(here, out));
  TRY(read_dependencies(here, out));
  TRY(read_items(here, out));
  TRY(read_contains(here, out));
  return read_unevaluated(here, out);
}

Status Reader::read_references(const Location& here, Literals& out) {
  const JsonObject& object = here.value->get_object();
  for (std::string_view keyword : {"$ref", "$dynamicRef", "$recursiveRef"}) {
    const Json* value = object.if_contains(keyword);
    if (value == nullptr) continue;
    if (keyword == "$dynamicRef" && !since(Draft::k2020)) continue;
    if (keyword == "$recursiveRef" && !since(Draft::k2019)) continue;
    if (!is_string(*value)) {
      return param_error(here.path, "\"{}\" must be a string, not {}.", keyword, kind_name(*value));
    }
    Result<Location> target = keyword == "$ref"          ? document_.resolve(here, string_text(*value))
                              : keyword == "$dynamicRef" ? document_.resolve_dynamic(here, string_text(*value))
                                                         : document_.resolve_recursive(here);
    if (target) {
      TRY_ASSIGN(Literal literal, schema(*target));
      out.push_back(literal);
    } else if (target.error().code == ErrorCode::kUnsupported) {
      give_up(here, keyword, kEveryType, target.error().message, out);
    } else {
      return param_error(here.path, "{}", target.error().message);
    }
  }
  return {};
}

Status Reader::read_combinators(const Location& here, Literals& out) {
  const JsonObject& object = here.value->get_object();
  for (std::string_view keyword : {"allOf", "anyOf", "oneOf"}) {
    const Json* value = object.if_contains(keyword);
    if (value == nullptr) continue;
    TRY_ASSIGN(Literals arms, schema_array(here, *value, keyword));
    if (arms.empty()) return param_error(here.path, "\"{}\" must have at least one schema.", keyword);
    if (keyword == "allOf") {
      out.insert(out.end(), arms.begin(), arms.end());
      continue;
    }
    if (arms.size() > limits_.union_arms) {
      return make_error(ErrorCode::kGrammarTooComplex, "\"{}\" at \"{}\" has {} schemas; the limit is {}.", keyword,
                        here.path, arms.size(), limits_.union_arms);
    }
    out.push_back(keyword == "anyOf" ? formulas_.disjunction(std::move(arms))
                                     : formulas_.combine(Formula::Kind::kOneOf, std::move(arms)));
  }
  if (const Json* value = object.if_contains("not")) {
    TRY_ASSIGN(Literal inner, schema_at(here, *value, "not"));
    out.push_back(!inner);
  }
  const Json* condition = since(Draft::kDraft7) ? object.if_contains("if") : nullptr;
  const Json* then_value = object.if_contains("then");
  const Json* else_value = object.if_contains("else");
  if (condition != nullptr && (then_value != nullptr || else_value != nullptr)) {
    Literal yes = kTrue, no = kTrue;
    TRY_ASSIGN(Literal test, schema_at(here, *condition, "if"));
    if (then_value != nullptr) {
      TRY_ASSIGN(yes, schema_at(here, *then_value, "then"));
    }
    if (else_value != nullptr) {
      TRY_ASSIGN(no, schema_at(here, *else_value, "else"));
    }
    out.push_back(formulas_.combine(Formula::Kind::kIfThenElse, {test, yes, no}));
  }
  return {};
}

void Reader::give_up(const Location& here, std::string_view keyword, TypeMask types, std::string reason,
                     Literals& out) {
  unenforced_.push_back({here.path, std::string(keyword), std::move(reason)});
  out.push_back(formulas_.atom({UnknownAtom{types}, here.path, std::string(keyword)}));
}

Result<std::vector<std::string>> Reader::strings(const Location& here, const Json& value, std::string_view keyword) {
  std::vector<std::string> out;
  bool good = value.is_array();
  if (good) {
    for (const Json& item : value.get_array()) {
      good = good && is_string(item);
      if (good) out.emplace_back(string_text(item));
    }
  }
  if (!good) return param_error(here.path, "\"{}\" must be an array of strings.", keyword);
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

Result<int64_t> Reader::count(const Location& here, const Json& value, std::string_view keyword) {
  constexpr int64_t kEnough = 1'000'000'000'000'000;
  if (is_number(value)) {
    TRY_ASSIGN(Decimal number, parse_decimal(number_text(value)));
    bool whole = number.exponent >= 0 || is_zero(number);
    if (whole && (!number.negative || is_zero(number))) {
      if (is_zero(number)) return int64_t{0};
      if (static_cast<int64_t>(number.digits.size()) + number.exponent > 15) return kEnough;
      return static_cast<int64_t>(std::stoll(number.digits + std::string(static_cast<size_t>(number.exponent), '0')));
    }
  }
  return param_error(here.path, "\"{}\" must be an integer of at least 0.", keyword);
}

Result<bool> Reader::range(const Location& here, const char* min_keyword, const char* max_keyword, int64_t& min,
                           std::optional<int64_t>& max) {
  const JsonObject& object = here.value->get_object();
  if (const Json* value = object.if_contains(min_keyword)) {
    TRY_ASSIGN(min, count(here, *value, min_keyword));
  }
  if (const Json* value = object.if_contains(max_keyword)) {
    TRY_ASSIGN(max, count(here, *value, max_keyword));
  }
  return min > 0 || max.has_value();
}

}  // namespace weft::schema
