// How the functions, filters, tests and methods that the language brings along see a call.
#pragma once

#include <initializer_list>
#include <optional>
#include <string_view>

#include "text/jinja/meter.h"
#include "text/jinja/object.h"

namespace weft::jinja {

struct NativeCall {
  Interpreter& interpreter;
  Meter& meter;
  std::string_view name;
  Value self;  // what the filter, test or method is applied to
  CallArguments arguments;

  // Sorts the arguments into parameters, of which the first `required` must be there. False after a failure.
  bool bind(std::initializer_list<std::string_view> parameters, size_t required = 0);
  // The same without names: what Python's built-in methods accept.
  bool bind_positional(size_t most, size_t required = 0);

  // Bound parameter i; a null pointer when it was not given.
  const Value* get(size_t i) const { return i < bound.size() && bound[i] ? &*bound[i] : nullptr; }
  Value value_or(size_t i, Value fallback) const { return get(i) ? *get(i) : std::move(fallback); }
  // These fail for another type.
  std::string text_or(size_t i, std::string_view fallback);
  Int integer_or(size_t i, Int fallback);
  bool flag_or(size_t i, bool fallback) const;

  std::vector<std::optional<Value>> bound;
};

using Native = Value (*)(NativeCall&);

struct NativeEntry {
  std::string_view name;
  Native function;
};
struct FilterEntry : NativeEntry {};
struct TestEntry : NativeEntry {};

// A function of the language, or a method with the value it belongs to.
class NativeFunction final : public Object {
 public:
  NativeFunction(const NativeEntry& entry, Value self) : entry_(entry), self_(std::move(self)) {}
  std::string_view type_name() const override { return "builtin_function_or_method"; }
  Value call(Interpreter& interpreter, CallArguments arguments) override;
  uint32_t depth() const override { return 1 + self_.depth(); }

 private:
  NativeEntry entry_;
  Value self_;
};

// range, dict, namespace, raise_exception...; nothing where there is none of that name.
std::optional<Value> find_global(std::string_view name);
// The method `name` of a string, list, tuple or dict.
const NativeEntry* find_method(const Value& self, std::string_view name);
const NativeEntry* find_string_method(std::string_view name);
// Methods that would change their list or dict, which templates may not.
bool is_mutating_method(const Value& self, std::string_view name);

}  // namespace weft::jinja
