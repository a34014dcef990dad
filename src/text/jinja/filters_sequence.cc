// Filters on lists, dicts and other things that can be walked.
#include <algorithm>
#include <array>

#include "text/jinja/characters.h"
#include "text/jinja/compare.h"
#include "text/jinja/filters.h"
#include "text/jinja/interpreter.h"
#include "text/jinja/operators.h"
#include "text/jinja/predicates.h"
#include "text/jinja/printing.h"

namespace weft::jinja {
namespace {

std::vector<Value> self_items(NativeCall& call) { return walk(call.meter, call.self); }

Value iterator(NativeCall& call, std::vector<Value> items) {
  return call.meter.failed() ? Value() : Value::iterator(std::move(items));
}

// The member of `item` that an attribute argument names: "a.b.0" or an index. `fallback` stands in at every step.
Value member(NativeCall& call, Value item, const Value& path, const Value* fallback = nullptr) {
  auto or_fallback = [&](Value found) { return found.is_undefined() && fallback ? *fallback : found; };
  if (!path.is_string()) return or_fallback(call.interpreter.item(item, path));
  std::string_view rest = path.string();
  while (!call.meter.failed()) {
    size_t dot = rest.find('.');
    std::string_view part = rest.substr(0, dot);
    bool number = !part.empty() && part.size() < 10 && part.find_first_not_of("0123456789") == std::string_view::npos;
    item = or_fallback(call.interpreter.item(item, number ? Value(Int{std::stoi(std::string(part))}) : Value(part)));
    if (dot == std::string_view::npos) break;
    rest.remove_prefix(dot + 1);
  }
  return item;
}

Value without_case(NativeCall& call, Value value, bool case_sensitive) {
  if (case_sensitive || !value.is_string() || !call.meter.charge_text(value.string().size())) return value;
  return to_lower(value.string());
}

Value sort_key(NativeCall& call, const Value& item, const Value* attribute, bool case_sensitive) {
  if (!attribute || attribute->is_none()) return without_case(call, item, case_sensitive);
  return without_case(call, member(call, item, *attribute), case_sensitive);
}

using Keyed = std::vector<std::pair<Value, Value>>;

// Stable, by the first of each pair. Index order breaks ties, so a comparison that fails half-way can't mislead the
// sort.
void sort_keyed(NativeCall& call, Keyed& keyed, bool reverse) {
  std::ranges::stable_sort(keyed, [&](const auto& a, const auto& b) {
    if (call.meter.failed()) return false;
    return reverse ? less(call.meter, b.first, a.first) : less(call.meter, a.first, b.first);
  });
}

std::vector<Value> second_of(Keyed keyed) {
  std::vector<Value> out;
  out.reserve(keyed.size());
  for (auto& entry : keyed) out.push_back(std::move(entry.second));
  return out;
}

// Keyed by the member that `attribute` names, or by the items themselves.
Keyed keyed_items(NativeCall& call, const Value* attribute, bool case_sensitive) {
  Keyed out;
  for (Value& item : self_items(call)) {
    if (call.meter.failed()) break;
    Value key = sort_key(call, item, attribute, case_sensitive);
    out.emplace_back(std::move(key), std::move(item));
  }
  return out;
}

// Keyed by lists of members, "a,b" naming two. Jinja makes a list even of one key, so that equal keys need no order.
Keyed keyed_by_lists(NativeCall& call, const Value* attribute, bool case_sensitive) {
  std::vector<Value> paths;
  if (attribute && attribute->is_string()) {
    std::string_view rest = attribute->string();
    for (size_t comma = rest.find(','); comma != std::string_view::npos; comma = rest.find(',')) {
      paths.emplace_back(rest.substr(0, comma));
      rest.remove_prefix(comma + 1);
    }
    paths.emplace_back(rest);
  } else {
    paths.push_back(attribute ? *attribute : Value::none());
  }
  Keyed out;
  for (Value& item : self_items(call)) {
    std::vector<Value> parts;
    for (const Value& path : paths) {
      if (call.meter.failed()) return {};
      parts.push_back(sort_key(call, item, &path, case_sensitive));
    }
    out.emplace_back(Value::list(std::move(parts)), std::move(item));
  }
  return out;
}

Value sort(NativeCall& call) {
  if (!call.bind({"reverse", "case_sensitive", "attribute"})) return {};
  Keyed keyed = keyed_by_lists(call, call.get(2), call.flag_or(1, false));
  sort_keyed(call, keyed, call.integer_or(0, 0) != 0);
  return Value::list(second_of(std::move(keyed)));
}

Value dict_sort(NativeCall& call) {
  if (!call.bind({"case_sensitive", "by", "reverse"})) return {};
  std::string by = call.text_or(1, "key");
  if (by != "key" && by != "value") return call.meter.fail("You can only sort by either \"key\" or \"value\"");
  if (!call.self.is(Kind::kDict)) return call.meter.fail("dictsort needs a dict, not {}", type_name(call.self));
  Keyed keyed;
  if (!call.meter.charge(call.self.dict().entries.size())) return {};
  for (const auto& [key, value] : call.self.dict().entries) {
    keyed.emplace_back(without_case(call, by == "key" ? key : value, call.flag_or(0, false)),
                       Value::tuple({key, value}));
  }
  sort_keyed(call, keyed, call.integer_or(2, 0) != 0);
  return Value::list(second_of(std::move(keyed)));
}

Value extreme(NativeCall& call, bool greatest) {
  if (!call.bind({"case_sensitive", "attribute"})) return {};
  Keyed keyed = keyed_items(call, call.get(1), call.flag_or(0, false));
  if (keyed.empty()) return Value::undefined("No aggregated item, sequence was empty.");
  size_t best = 0;
  for (size_t i = 1; i < keyed.size() && !call.meter.failed(); ++i) {
    const Value& low = greatest ? keyed[best].first : keyed[i].first;
    const Value& high = greatest ? keyed[i].first : keyed[best].first;
    if (less(call.meter, low, high)) best = i;
  }
  return keyed[best].second;
}

Value minimum(NativeCall& call) { return extreme(call, false); }
Value maximum(NativeCall& call) { return extreme(call, true); }

Value unique(NativeCall& call) {
  if (!call.bind({"case_sensitive", "attribute"})) return {};
  DictData seen;
  std::vector<Value> out;
  for (auto& [key, item] : keyed_items(call, call.get(1), call.flag_or(0, false))) {
    if (!is_hashable(key)) return call.meter.fail("unhashable type: '{}'", type_name(key));
    if (seen.find(key)) continue;
    seen.set(key, true);
    out.push_back(std::move(item));
  }
  return iterator(call, std::move(out));
}

Value group_by(NativeCall& call) {
  if (!call.bind({"attribute", "default", "case_sensitive"}, 1)) return {};
  bool case_sensitive = call.flag_or(2, false);
  Keyed keyed;
  for (Value& item : self_items(call)) {
    if (call.meter.failed()) return {};
    const Value* fallback = call.get(1) && !call.get(1)->is_none() ? call.get(1) : nullptr;
    Value key = member(call, item, *call.get(0), fallback);
    keyed.emplace_back(without_case(call, key, case_sensitive), Value::tuple({key, item}));
  }
  sort_keyed(call, keyed, false);
  std::vector<Value> groups;
  for (size_t i = 0; i < keyed.size() && !call.meter.failed();) {
    std::vector<Value> members;
    Value name = keyed[i].second.items()[0];
    size_t first = i;
    while (i < keyed.size() && equals(call.meter, keyed[first].first, keyed[i].first)) {
      members.push_back(keyed[i++].second.items()[1]);
    }
    if (members.empty()) break;  // the meter has failed, or the key is not equal to itself
    groups.push_back(Value::sequence(Kind::kTuple, {name, Value::list(std::move(members))}, "group"));
  }
  return Value::list(std::move(groups));
}

Value sum(NativeCall& call) {
  if (!call.bind({"attribute", "start"})) return {};
  Value total = call.value_or(1, 0);
  const Value* path = call.get(0) && !call.get(0)->is_none() ? call.get(0) : nullptr;
  for (Value& item : self_items(call)) {
    if (call.meter.failed()) break;
    total = arithmetic(call.meter, Operator::kAdd, total, path ? member(call, item, *path) : item);
  }
  return total;
}

Value join(NativeCall& call) {
  if (!call.bind({"d", "attribute"})) return {};
  std::string separator = call.get(0) ? to_text(call.meter, *call.get(0)) : "";
  const Value* path = call.get(1) && !call.get(1)->is_none() ? call.get(1) : nullptr;
  std::string out;
  bool first = true;
  for (Value& item : self_items(call)) {
    std::string text = to_text(call.meter, path ? member(call, item, *path) : item);
    size_t added = text.size() + (first ? 0 : separator.size());
    size_t total = out.size() + added;
    if (!call.meter.charge_text(total > call.meter.limits().output_bytes ? total : added)) return {};
    if (!std::exchange(first, false)) out += separator;
    out += text;
  }
  return out;
}

Value length_of(NativeCall& call) { return call.bind({}) ? Value(length(call.meter, call.self)) : Value(); }

Value list(NativeCall& call) { return call.bind({}) ? Value::list(self_items(call)) : Value(); }

Value first(NativeCall& call) {
  if (!call.bind({})) return {};
  if (call.self.is(Kind::kIterator)) {
    IteratorData& data = call.self.iterator();
    if (data.next < data.items.size()) return data.items[data.next++];
  } else {
    std::vector<Value> items = self_items(call);
    if (!items.empty()) return items[0];
  }
  return Value::undefined("No first item, sequence was empty.");
}

Value last(NativeCall& call) {
  if (!call.bind({})) return {};
  if (call.self.is(Kind::kIterator)) return call.meter.fail("'generator' object is not reversible");
  std::vector<Value> items = self_items(call);
  return items.empty() ? Value::undefined("No last item, sequence was empty.") : items.back();
}

Value reverse(NativeCall& call) {
  if (!call.bind({})) return {};
  std::vector<Value> items = self_items(call);
  std::ranges::reverse(items);
  if (call.self.is(Kind::kIterator)) return Value::list(std::move(items));
  if (!call.self.is_string()) return iterator(call, std::move(items));
  std::string out;
  for (const Value& item : items) out += item.string();
  return Value::like(call.self, std::move(out));
}

Value items(NativeCall& call) {
  if (!call.bind({})) return {};
  std::vector<Value> out;
  if (call.self.is_undefined()) return iterator(call, std::move(out));
  if (!call.self.is(Kind::kDict)) return call.meter.fail("Can only get item pairs from a mapping.");
  if (!call.meter.charge(call.self.dict().entries.size())) return {};
  for (const auto& [key, value] : call.self.dict().entries) out.push_back(Value::tuple({key, value}));
  return iterator(call, std::move(out));
}

Value batch(NativeCall& call) {
  if (!call.bind({"linecount", "fill_with"}, 1)) return {};
  // As Python, which only compares the size, unless it has to fill a row up.
  Int size = call.get(0)->is_integer() ? call.get(0)->integer() : -1;
  const Value* fill = call.get(1) && !call.get(1)->is_none() ? call.get(1) : nullptr;
  std::vector<Value> out;
  std::vector<Value> row;
  for (Value& item : self_items(call)) {
    if (static_cast<Int>(row.size()) == size) out.push_back(Value::list(std::exchange(row, {})));
    row.push_back(std::move(item));
  }
  if (!row.empty()) {
    if (fill) size = call.integer_or(0, 1);
    while (fill && static_cast<Int>(row.size()) < size && call.meter.charge()) row.push_back(*fill);
    out.push_back(Value::list(std::move(row)));
  }
  return iterator(call, std::move(out));
}

Value slice_filter(NativeCall& call) {
  if (!call.bind({"slices", "fill_with"}, 1)) return {};
  Int slices = call.integer_or(0, 1);
  if (slices <= 0) return call.meter.fail("integer division or modulo by zero");
  const Value* fill = call.get(1) && !call.get(1)->is_none() ? call.get(1) : nullptr;
  std::vector<Value> all = self_items(call);
  Int each = static_cast<Int>(all.size()) / slices;
  Int longer = static_cast<Int>(all.size()) % slices;
  std::vector<Value> out;
  size_t at = 0;
  for (Int i = 0; i < slices && call.meter.charge(); ++i) {
    std::vector<Value> part;
    for (Int k = 0; k < each + (i < longer ? 1 : 0); ++k) part.push_back(all[at++]);
    if (fill && i >= longer) part.push_back(*fill);
    out.push_back(Value::list(std::move(part)));
  }
  return iterator(call, std::move(out));
}

Value map_attribute(NativeCall& call) {
  Value path = *call.arguments.take_named("attribute");
  std::optional<Value> fallback = call.arguments.take_named("default");
  if (!call.arguments.named.empty()) {
    return call.meter.fail("Unexpected keyword argument '{}'", call.arguments.named[0].first);
  }
  std::vector<Value> out;
  for (Value& item : self_items(call)) {
    if (call.meter.failed()) break;
    out.push_back(member(call, std::move(item), path, fallback && !fallback->is_none() ? &*fallback : nullptr));
  }
  return iterator(call, std::move(out));
}

Value map(NativeCall& call) {
  auto is_attribute = [](const auto& entry) { return entry.first == "attribute"; };
  if (!truth(call.self)) return iterator(call, {});  // before anything is checked, as in Jinja
  if (call.arguments.positional.empty()) {
    if (std::ranges::any_of(call.arguments.named, is_attribute)) return map_attribute(call);
    return call.meter.fail("map requires a filter argument");
  }
  CallArguments given = std::move(call.arguments);
  Value name = given.positional[0];
  given.positional.erase(given.positional.begin());
  const FilterEntry* filter = name.is_string() ? find_filter(name.string()) : nullptr;
  if (!filter) return call.meter.fail("no filter named '{}'", to_text(call.meter, name));
  std::vector<Value> out;
  for (Value& item : self_items(call)) {
    if (call.meter.failed()) break;
    out.push_back(call.interpreter.filter(*filter, std::move(item), given));
  }
  return iterator(call, std::move(out));
}

// select, reject (no attribute) and selectattr, rejectattr: keeps the items for which the test's outcome is `wanted`.
Value pick(NativeCall& call, bool wanted, bool by_attribute) {
  if (!truth(call.self)) return iterator(call, {});
  CallArguments given = std::move(call.arguments);
  std::optional<Value> path;
  if (by_attribute) {
    if (given.positional.empty()) return call.meter.fail("Missing parameter for attribute name");
    path = given.positional[0];
    given.positional.erase(given.positional.begin());
  }
  const TestEntry* test = nullptr;
  if (!given.positional.empty()) {
    Value name = given.positional[0];
    given.positional.erase(given.positional.begin());
    test = name.is_string() ? find_test(name.string()) : nullptr;
    if (!test) return call.meter.fail("no test named '{}'", to_text(call.meter, name));
  }
  std::vector<Value> out;
  for (Value& item : self_items(call)) {
    Value subject = path ? member(call, item, *path) : item;
    if (call.meter.failed()) break;
    bool holds = test ? call.interpreter.test(*test, std::move(subject), given) : truth(subject);
    if (holds == wanted) out.push_back(std::move(item));
  }
  return iterator(call, std::move(out));
}

Value select(NativeCall& call) { return pick(call, true, false); }
Value reject(NativeCall& call) { return pick(call, false, false); }
Value select_attribute(NativeCall& call) { return pick(call, true, true); }
Value reject_attribute(NativeCall& call) { return pick(call, false, true); }

constexpr auto kFilters =
    std::to_array<FilterEntry>({{{"batch", batch}},        {{"count", length_of}},  {{"dictsort", dict_sort}},
                                {{"first", first}},        {{"groupby", group_by}}, {{"items", items}},
                                {{"join", join}},          {{"last", last}},        {{"length", length_of}},
                                {{"list", list}},          {{"map", map}},          {{"max", maximum}},
                                {{"min", minimum}},        {{"reject", reject}},    {{"rejectattr", reject_attribute}},
                                {{"reverse", reverse}},    {{"select", select}},    {{"selectattr", select_attribute}},
                                {{"slice", slice_filter}}, {{"sort", sort}},        {{"sum", sum}},
                                {{"unique", unique}}});

}  // namespace

std::span<const FilterEntry> sequence_filters() { return kFilters; }

const FilterEntry* find_filter(std::string_view name) {
  for (auto table : {text_filters(), sequence_filters(), value_filters()}) {
    for (const FilterEntry& entry : table) {
      if (entry.name == name) return &entry;
    }
  }
  return nullptr;
}

}  // namespace weft::jinja
