// Values of the template language: those of Python that templates can see. Lists and dicts are immutable and shared, as
// in the immutable sandbox that Hugging Face renders with; a namespace is the one thing that a template can change.
// A value belongs to one rendering (namespaces are borrowed from it) and to one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

#include "base/json.h"

namespace weft::jinja {

__extension__ typedef __int128 Int;  // Python's integers have no bound; beyond 127 bits we report an overflow

class Value;
class Object;
struct ListData;
struct DictData;
struct IteratorData;
struct Namespace;

// The order is that of the alternatives in Value::Storage, which has one more for marked text.
enum class Kind : uint8_t {
  kUndefined,
  kNone,
  kBool,
  kInt,
  kFloat,
  kString,
  kList,
  kTuple,
  kRange,
  kDictView,  // what d.items(), d.keys() and d.values() return: has a length, can't be indexed
  kDict,
  kIterator,  // what lazy filters return: no length, can be walked once
  kNamespace,
  kObject,  // macros, methods, the `loop` variable, cycler, joiner
};

class Value {
 public:
  Value() = default;                                                     // undefined, without a reason
  Value(bool value) : storage_(std::in_place_index<2>, value) {}         // NOLINT: implicit by design
  Value(Int value) : storage_(std::in_place_index<3>, value) {}          // NOLINT
  Value(int value) : Value(static_cast<Int>(value)) {}                   // NOLINT
  Value(size_t value) : Value(static_cast<Int>(value)) {}                // NOLINT
  Value(double value) : storage_(std::in_place_index<4>, value) {}       // NOLINT
  Value(std::string value);                                              // NOLINT
  Value(std::string_view value) : Value(std::string(value)) {}           // NOLINT
  Value(const char* value) : Value(std::string(value)) {}                // NOLINT
  Value(Namespace* value) : storage_(std::in_place_index<12>, value) {}  // NOLINT
  Value(std::shared_ptr<Object> value) : storage_(std::in_place_index<13>, std::move(value)) {}  // NOLINT

  static Value none();
  // Text marked as HTML (the `safe` and `escape` filters): joined with other text it escapes that text.
  static Value markup(std::string text);
  // `text` marked as HTML if `model` is.
  static Value like(const Value& model, std::string text);
  // `reason` is the full message of the error that using the value raises.
  static Value undefined(std::string reason);
  // A list, tuple, range or dict view; `label` is what a range or view prints as.
  static Value sequence(Kind kind, std::vector<Value> items, std::string label = {});
  static Value list(std::vector<Value> items) { return sequence(Kind::kList, std::move(items)); }
  static Value tuple(std::vector<Value> items) { return sequence(Kind::kTuple, std::move(items)); }
  static Value dict(DictData data);
  static Value iterator(std::vector<Value> items);

  Kind kind() const { return is_markup() ? Kind::kString : static_cast<Kind>(storage_.index()); }
  bool is(Kind wanted) const { return kind() == wanted; }
  bool is_undefined() const { return is(Kind::kUndefined); }
  bool is_none() const { return is(Kind::kNone); }
  bool is_string() const { return is(Kind::kString); }
  bool is_markup() const { return storage_.index() == 14; }
  bool is_number() const { return is(Kind::kBool) || is(Kind::kInt) || is(Kind::kFloat); }
  bool is_integer() const { return is(Kind::kBool) || is(Kind::kInt); }  // a bool is an int, as in Python
  bool is_sequence() const { return kind() >= Kind::kList && kind() <= Kind::kDictView; }

  // Each needs the kind that its name says.
  bool boolean() const { return std::get<2>(storage_); }
  Int integer() const { return is(Kind::kBool) ? Int{std::get<2>(storage_)} : std::get<3>(storage_); }
  double number() const { return is(Kind::kFloat) ? std::get<4>(storage_) : static_cast<double>(integer()); }
  const std::string& string() const { return is_markup() ? *std::get<14>(storage_) : *std::get<5>(storage_); }
  const std::vector<Value>& items() const;  // of any sequence
  const std::string& label() const;         // of any sequence
  const DictData& dict() const { return *std::get<10>(storage_); }
  IteratorData& iterator() const { return *std::get<11>(storage_); }
  Namespace& names() const { return *std::get<12>(storage_); }
  Object& object() const { return *std::get<13>(storage_); }
  const std::shared_ptr<Object>& object_pointer() const { return std::get<13>(storage_); }
  std::string undefined_reason() const;

  // Levels of containers below and including this one; 0 for a scalar. Bounded, so that walking and freeing may
  // recurse.
  uint32_t depth() const;
  bool same_object(const Value& other) const;

 private:
  using Sequence = std::shared_ptr<const ListData>;
  using Storage = std::variant<std::shared_ptr<const std::string>, std::monostate, bool, Int, double,
                               std::shared_ptr<const std::string>, Sequence, Sequence, Sequence, Sequence,
                               std::shared_ptr<const DictData>, std::shared_ptr<IteratorData>, Namespace*,
                               std::shared_ptr<Object>, std::shared_ptr<const std::string>>;
  const Sequence& sequence_data() const;

  Storage storage_;
};

struct ListData {
  std::vector<Value> items;
  std::string label;
  uint32_t depth = 1;
};

// Keeps the order of insertion. Keys are hashable values; equal numbers are one key whatever their type.
struct DictData {
  std::vector<std::pair<Value, Value>> entries;
  std::unordered_multimap<size_t, uint32_t> index;  // hash -> entry; used once there are more than a few entries
  uint32_t depth = 1;

  const Value* find(const Value& key) const;
  const Value* find(std::string_view key) const;
  void set(Value key, Value value);  // the first position of a key stays

 private:
  const Value* find_hashed(const Value& key, size_t hash) const;
};

struct IteratorData {
  std::vector<Value> items;
  size_t next = 0;
  uint32_t depth = 1;
};

// Owned by the rendering that made it: it may hold itself, which shared ownership could not free.
struct Namespace {
  std::vector<std::pair<std::string, Value>> entries;

  const Value* find(std::string_view name) const;
  void set(std::string_view name, Value value);
};

// Deepest container that a rendering may build; JSON inputs have at most half of it.
constexpr uint32_t kMaxValueDepth = 128;

// Hash of a hashable value; bounded work, since only tuples nest in keys.
size_t hash_value(const Value& value);
bool is_hashable(const Value& value);
// Equality of two keys; `equals` in compare.h is the general one.
bool equal_keys(const Value& a, const Value& b);

// Python's name of the value's type: "str", "int", "NoneType", "dict".
std::string_view type_name(const Value& value);

// False where JSON nests deeper than kMaxValueDepth / 2.
bool from_json(const Json& json, Value& out, uint32_t level = 0);

}  // namespace weft::jinja
