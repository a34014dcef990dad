#include "text/jinja/value.h"

#include <algorithm>
#include <cmath>
#include <functional>

#include "base/utf8.h"
#include "text/jinja/object.h"

namespace weft::jinja {
namespace {

constexpr size_t kLinearSearch = 8;  // up to here comparing all keys beats hashing

uint32_t deepest(const std::vector<Value>& items) {
  uint32_t depth = 0;
  for (const Value& item : items) depth = std::max(depth, item.depth());
  return depth;
}

}  // namespace

Value::Value(std::string value)
    : storage_(std::in_place_index<5>, std::make_shared<const std::string>(std::move(value))) {}

Value Value::none() {
  Value out;
  out.storage_.emplace<1>();
  return out;
}

Value Value::markup(std::string text) {
  Value out;
  out.storage_.emplace<14>(std::make_shared<const std::string>(std::move(text)));
  return out;
}

Value Value::like(const Value& model, std::string text) {
  return model.is_markup() ? markup(std::move(text)) : Value(std::move(text));
}

Value Value::undefined(std::string reason) {
  Value out;
  out.storage_.emplace<0>(std::make_shared<const std::string>(std::move(reason)));
  return out;
}

Value Value::sequence(Kind kind, std::vector<Value> items, std::string label) {
  auto data = std::make_shared<ListData>();
  data->depth = 1 + deepest(items);
  data->items = std::move(items);
  data->label = std::move(label);
  Value out;
  switch (kind) {
    case Kind::kList:
      out.storage_.emplace<6>(std::move(data));
      break;
    case Kind::kTuple:
      out.storage_.emplace<7>(std::move(data));
      break;
    case Kind::kRange:
      out.storage_.emplace<8>(std::move(data));
      break;
    default:
      out.storage_.emplace<9>(std::move(data));
      break;
  }
  return out;
}

Value Value::dict(DictData data) {
  Value out;
  out.storage_.emplace<10>(std::make_shared<const DictData>(std::move(data)));
  return out;
}

Value Value::iterator(std::vector<Value> items) {
  auto data = std::make_shared<IteratorData>();
  data->depth = 1 + deepest(items);
  data->items = std::move(items);
  Value out;
  out.storage_.emplace<11>(std::move(data));
  return out;
}

const Value::Sequence& Value::sequence_data() const {
  switch (kind()) {
    case Kind::kList:
      return std::get<6>(storage_);
    case Kind::kTuple:
      return std::get<7>(storage_);
    case Kind::kRange:
      return std::get<8>(storage_);
    default:
      return std::get<9>(storage_);
  }
}

const std::vector<Value>& Value::items() const { return sequence_data()->items; }
const std::string& Value::label() const { return sequence_data()->label; }

std::string Value::undefined_reason() const {
  const auto& reason = std::get<0>(storage_);
  return reason ? *reason : "the value is undefined";
}

uint32_t Value::depth() const {
  if (is_sequence()) return sequence_data()->depth;
  if (is(Kind::kDict)) return dict().depth;
  if (is(Kind::kIterator)) return iterator().depth;
  if (is(Kind::kObject)) return object().depth();
  return 0;
}

bool Value::same_object(const Value& other) const {
  if (kind() != other.kind()) return false;
  if (is_sequence()) return sequence_data() == other.sequence_data();
  switch (kind()) {
    case Kind::kUndefined:
      return std::get<0>(storage_) == std::get<0>(other.storage_);
    case Kind::kNone:
      return true;
    case Kind::kBool:
      return boolean() == other.boolean();
    case Kind::kInt:
      return integer() == other.integer();
    case Kind::kFloat:
      return number() == other.number();
    case Kind::kString:
      return string() == other.string();
    case Kind::kDict:
      return &dict() == &other.dict();
    case Kind::kIterator:
      return &iterator() == &other.iterator();
    case Kind::kNamespace:
      return &names() == &other.names();
    default:
      return &object() == &other.object();
  }
}

const Value* DictData::find_hashed(const Value& key, size_t hash) const {
  auto [first, last] = index.equal_range(hash);
  for (; first != last; ++first) {
    const auto& entry = entries[first->second];
    if (equal_keys(entry.first, key)) return &entry.second;
  }
  return nullptr;
}

const Value* DictData::find(const Value& key) const {
  if (entries.size() > kLinearSearch) return find_hashed(key, hash_value(key));
  for (const auto& entry : entries) {
    if (equal_keys(entry.first, key)) return &entry.second;
  }
  return nullptr;
}

const Value* DictData::find(std::string_view key) const {
  if (entries.size() > kLinearSearch) return find_hashed(Value(key), std::hash<std::string_view>{}(key));
  for (const auto& entry : entries) {
    if (entry.first.is_string() && entry.first.string() == key) return &entry.second;
  }
  return nullptr;
}

void DictData::set(Value key, Value value) {
  depth = std::max({depth, 1 + key.depth(), 1 + value.depth()});
  if (const Value* old = find(key)) {
    *const_cast<Value*>(old) = std::move(value);  // an entry of this very object
    return;
  }
  entries.emplace_back(std::move(key), std::move(value));
  if (entries.size() <= kLinearSearch) return;
  size_t first = index.empty() ? 0 : entries.size() - 1;
  for (size_t i = first; i < entries.size(); ++i) index.emplace(hash_value(entries[i].first), i);
}

const Value* Namespace::find(std::string_view name) const {
  for (const auto& entry : entries) {
    if (entry.first == name) return &entry.second;
  }
  return nullptr;
}

void Namespace::set(std::string_view name, Value value) {
  if (const Value* old = find(name)) {
    *const_cast<Value*>(old) = std::move(value);
  } else {
    entries.emplace_back(name, std::move(value));
  }
}

size_t hash_value(const Value& value) {
  switch (value.kind()) {
    case Kind::kBool:
    case Kind::kInt:
    case Kind::kFloat:
      return std::hash<double>{}(value.number());
    case Kind::kString:
      return std::hash<std::string_view>{}(value.string());
    case Kind::kTuple:
      return 0x7u + value.items().size();  // tuples as keys are few
    default:
      return static_cast<size_t>(value.kind());
  }
}

bool is_hashable(const Value& value) {
  // A tuple is a key only when it is flat, which bounds the work of comparing keys.
  if (value.is(Kind::kTuple)) {
    return std::ranges::all_of(value.items(), [](const Value& item) { return item.depth() == 0 && is_hashable(item); });
  }
  return !value.is(Kind::kList) && !value.is(Kind::kDict) && !value.is(Kind::kDictView);
}

bool equal_keys(const Value& a, const Value& b) {
  if (a.is_integer() && b.is_integer()) return a.integer() == b.integer();
  if (a.is_number() && b.is_number()) return a.number() == b.number();
  if (a.kind() != b.kind()) return false;
  if (a.is(Kind::kTuple)) {
    return std::equal(a.items().begin(), a.items().end(), b.items().begin(), b.items().end(), equal_keys);
  }
  return a.is_undefined() || a.same_object(b);
}

std::string_view type_name(const Value& value) {
  switch (value.kind()) {
    case Kind::kUndefined:
      return "Undefined";
    case Kind::kNone:
      return "NoneType";
    case Kind::kBool:
      return "bool";
    case Kind::kInt:
      return "int";
    case Kind::kFloat:
      return "float";
    case Kind::kString:
      return "str";
    case Kind::kList:
      return "list";
    case Kind::kTuple:
      return "tuple";
    case Kind::kRange:
      return "range";
    case Kind::kDictView:
      return value.label();
    case Kind::kDict:
      return "dict";
    case Kind::kIterator:
      return "generator";
    case Kind::kNamespace:
      return "Namespace";
    case Kind::kObject:
      return value.object().type_name();
  }
  return "object";
}

namespace {

bool array_from_json(const JsonArray& array, Value& out, uint32_t level) {
  std::vector<Value> items(array.size());
  for (size_t i = 0; i < array.size(); ++i) {
    if (!from_json(array[i], items[i], level + 1)) return false;
  }
  out = Value::list(std::move(items));
  return true;
}

// Everything that walks text relies on it being UTF-8.
std::string text_from_json(std::string_view text) {
  return is_valid_utf8(text) ? std::string(text) : replace_invalid_utf8(text);
}

bool object_from_json(const JsonObject& object, Value& out, uint32_t level) {
  DictData data;
  data.entries.reserve(object.size());
  for (const auto& member : object) {
    Value value;
    if (!from_json(member.value(), value, level + 1)) return false;
    data.set(text_from_json(member.key()), std::move(value));
  }
  out = Value::dict(std::move(data));
  return true;
}

}  // namespace

bool from_json(const Json& json, Value& out, uint32_t level) {
  if (level > kMaxValueDepth / 2) return false;
  switch (json.kind()) {
    case boost::json::kind::null:
      out = Value::none();
      return true;
    case boost::json::kind::bool_:
      out = json.get_bool();
      return true;
    case boost::json::kind::int64:
      out = Int{json.get_int64()};
      return true;
    case boost::json::kind::uint64:
      out = Int{json.get_uint64()};
      return true;
    case boost::json::kind::double_:
      out = json.get_double();
      return true;
    case boost::json::kind::string:
      out = text_from_json(json.get_string());
      return true;
    case boost::json::kind::array:
      return array_from_json(json.get_array(), out, level);
    case boost::json::kind::object:
      return object_from_json(json.get_object(), out, level);
  }
  return false;
}

std::optional<Value> CallArguments::take_named(std::string_view name) {
  for (auto it = named.begin(); it != named.end(); ++it) {
    if (it->first != name) continue;
    Value out = std::move(it->second);
    named.erase(it);
    return out;
  }
  return std::nullopt;
}

std::string Object::print() const { return "<" + std::string(type_name()) + " object>"; }

}  // namespace weft::jinja
