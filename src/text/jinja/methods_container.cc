// Methods of lists, tuples and dicts, and the one place that finds a method of any value.
#include <algorithm>
#include <array>
#include <span>

#include "text/jinja/compare.h"
#include "text/jinja/interpreter.h"
#include "text/jinja/native.h"
#include "text/jinja/printing.h"

namespace weft::jinja {

const NativeEntry* find_loop_method(std::string_view name);

namespace {

Value view(std::string_view label, std::vector<Value> items) {
  return Value::sequence(Kind::kDictView, std::move(items), std::string(label));
}

Value items(NativeCall& call) {
  if (!call.bind_positional(0) || !call.meter.charge(call.self.dict().entries.size())) return {};
  std::vector<Value> out;
  for (const auto& [key, value] : call.self.dict().entries) out.push_back(Value::tuple({key, value}));
  return view("dict_items", std::move(out));
}

Value keys(NativeCall& call) {
  if (!call.bind_positional(0) || !call.meter.charge(call.self.dict().entries.size())) return {};
  std::vector<Value> out;
  for (const auto& [key, value] : call.self.dict().entries) out.push_back(key);
  return view("dict_keys", std::move(out));
}

Value values(NativeCall& call) {
  if (!call.bind_positional(0) || !call.meter.charge(call.self.dict().entries.size())) return {};
  std::vector<Value> out;
  for (const auto& [key, value] : call.self.dict().entries) out.push_back(value);
  return view("dict_values", std::move(out));
}

Value get(NativeCall& call) {
  if (!call.bind_positional(2, 1)) return {};
  const Value& key = *call.get(0);
  if (!is_hashable(key)) return call.meter.fail("unhashable type: '{}'", type_name(key));
  const Value* found = call.self.dict().find(key);
  return found ? *found : call.value_or(1, Value::none());
}

Value copy(NativeCall& call) { return call.bind_positional(0) ? call.self : Value(); }

Value count(NativeCall& call) {
  if (!call.bind_positional(1, 1)) return {};
  size_t out = 0;
  for (const Value& item : call.self.items()) out += equals(call.meter, item, *call.get(0));
  return out;
}

Value index(NativeCall& call) {
  if (!call.bind_positional(3, 1)) return {};
  const auto& all = call.self.items();
  Int size = static_cast<Int>(all.size());
  Int first = call.integer_or(1, 0);
  Int last = call.integer_or(2, size);
  first = std::clamp<Int>(first < 0 ? first + size : first, 0, size);
  last = std::clamp<Int>(last < 0 ? last + size : last, 0, size);
  for (Int i = first; i < last && !call.meter.failed(); ++i) {
    if (equals(call.meter, all[static_cast<size_t>(i)], *call.get(0))) return i;
  }
  return call.meter.fail("{} is not in list", to_repr(call.meter, *call.get(0)));
}

constexpr auto kDictMethods =
    std::to_array<NativeEntry>({{"copy", copy}, {"get", get}, {"items", items}, {"keys", keys}, {"values", values}});
constexpr auto kListMethods = std::to_array<NativeEntry>({{"copy", copy}, {"count", count}, {"index", index}});
constexpr auto kTupleMethods = std::to_array<NativeEntry>({{"count", count}, {"index", index}});

constexpr std::array<std::string_view, 5> kDictChanges = {"clear", "pop", "popitem", "setdefault", "update"};
constexpr std::array<std::string_view, 8> kListChanges = {"append", "clear",  "extend",  "insert",
                                                          "pop",    "remove", "reverse", "sort"};

const NativeEntry* find_in(std::span<const NativeEntry> table, std::string_view name) {
  auto it = std::ranges::find(table, name, &NativeEntry::name);
  return it == table.end() ? nullptr : &*it;
}

}  // namespace

const NativeEntry* find_method(const Value& self, std::string_view name) {
  switch (self.kind()) {
    case Kind::kString:
      return find_string_method(name);
    case Kind::kDict:
      return find_in(kDictMethods, name);
    case Kind::kList:
      return find_in(kListMethods, name);
    case Kind::kTuple:
    case Kind::kRange:
      return find_in(kTupleMethods, name);
    case Kind::kObject:
      return dynamic_cast<LoopObject*>(&self.object()) ? find_loop_method(name) : nullptr;
    default:
      return nullptr;
  }
}

bool is_mutating_method(const Value& self, std::string_view name) {
  if (self.is(Kind::kDict)) return std::ranges::find(kDictChanges, name) != kDictChanges.end();
  if (self.is(Kind::kList)) return std::ranges::find(kListChanges, name) != kListChanges.end();
  return false;
}

}  // namespace weft::jinja
