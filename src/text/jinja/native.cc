#include "text/jinja/native.h"

#include "text/jinja/compare.h"
#include "text/jinja/interpreter.h"
#include "text/jinja/markup.h"

namespace weft::jinja {

bool NativeCall::bind(std::initializer_list<std::string_view> parameters, size_t required) {
  bound.assign(parameters.size(), std::nullopt);
  if (arguments.positional.size() > parameters.size()) {
    meter.fail("{}() takes at most {} arguments ({} given)", name, parameters.size(), arguments.positional.size());
    return false;
  }
  for (size_t i = 0; i < arguments.positional.size(); ++i) bound[i] = std::move(arguments.positional[i]);
  for (auto& [key, value] : arguments.named) {
    size_t i = 0;
    for (std::string_view parameter : parameters) {
      if (parameter == key) break;
      ++i;
    }
    if (i == parameters.size()) {
      meter.fail("{}() got an unexpected keyword argument '{}'", name, key);
      return false;
    }
    if (bound[i]) {
      meter.fail("{}() got multiple values for argument '{}'", name, key);
      return false;
    }
    bound[i] = std::move(value);
  }
  for (size_t i = 0; i < required; ++i) {
    if (bound[i]) continue;
    meter.fail("{}() missing 1 required positional argument: '{}'", name, *(parameters.begin() + i));
    return false;
  }
  return true;
}

bool NativeCall::bind_positional(size_t most, size_t required) {
  size_t given = arguments.positional.size();
  if (!arguments.named.empty()) {
    meter.fail("{}() takes no keyword arguments", name);
  } else if (given > most) {
    meter.fail("{}() expected at most {} arguments, got {}", name, most, given);
  } else if (given < required) {
    meter.fail("{}() expected at least {} arguments, got {}", name, required, given);
  }
  if (meter.failed()) return false;
  bound.assign(arguments.positional.begin(), arguments.positional.end());
  return true;
}

std::string NativeCall::text_or(size_t i, std::string_view fallback) {
  const Value* value = get(i);
  if (!value) return std::string(fallback);
  if (value->is_string()) return value->string();
  if (value->is_undefined()) {
    meter.fail_undefined(*value);
  } else {
    meter.fail("{}() argument {} must be str, not {}", name, i + 1, type_name(*value));
  }
  return {};
}

Int NativeCall::integer_or(size_t i, Int fallback) {
  const Value* value = get(i);
  if (!value) return fallback;
  if (value->is_integer()) return value->integer();
  if (value->is_undefined()) {
    meter.fail_undefined(*value);
  } else {
    meter.fail("'{}' object cannot be interpreted as an integer", type_name(*value));
  }
  return fallback;
}

bool NativeCall::flag_or(size_t i, bool fallback) const { return get(i) ? truth(*get(i)) : fallback; }

Value NativeFunction::call(Interpreter& interpreter, CallArguments arguments) {
  NativeCall call{interpreter, interpreter.meter(), entry_.name, self_, std::move(arguments), {}};
  return self_.is_markup() ? call_on_markup(entry_, call) : entry_.function(call);
}

}  // namespace weft::jinja
