// Values with behaviour: macros, bound methods, global functions, the `loop` variable, cycler, joiner.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "text/jinja/value.h"

namespace weft::jinja {

class Interpreter;

// The arguments of one call, already evaluated.
struct CallArguments {
  std::vector<Value> positional;
  std::vector<std::pair<std::string, Value>> named;

  // Removes and returns the named argument.
  std::optional<Value> take_named(std::string_view name);
};

class Object {
 public:
  virtual ~Object() = default;
  virtual std::string_view type_name() const = 0;
  virtual std::string print() const;
  virtual bool callable() const { return true; }
  virtual Value call(Interpreter& interpreter, CallArguments arguments) = 0;
  // Nothing where there is no such attribute.
  virtual std::optional<Value> attribute(Interpreter&, std::string_view) { return std::nullopt; }
  virtual uint32_t depth() const { return 1; }  // as Value::depth
};

}  // namespace weft::jinja
