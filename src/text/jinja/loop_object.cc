#include <algorithm>

#include "text/jinja/compare.h"
#include "text/jinja/interpreter.h"
#include "text/jinja/native.h"
#include "text/jinja/operators.h"

namespace weft::jinja {
namespace {

LoopObject& loop_of(NativeCall& call) { return static_cast<LoopObject&>(call.self.object()); }

Value cycle(NativeCall& call) {
  const auto& choices = call.arguments.positional;
  if (choices.empty()) return call.meter.fail("no items for cycling given");
  return choices[loop_of(call).index % choices.size()];
}

Value changed(NativeCall& call) {
  Value now = checked(call.meter, Value::tuple(call.arguments.positional));
  LoopObject& loop = loop_of(call);
  if (loop.last_changed && equals(call.meter, *loop.last_changed, now)) return false;
  loop.last_changed = std::move(now);
  return true;
}

constexpr NativeEntry kCycle = {"cycle", cycle};
constexpr NativeEntry kChanged = {"changed", changed};

}  // namespace

LoopObject::LoopObject(const Statement& loop, Scope* outer, std::vector<Value> walked, int depth)
    : items(std::move(walked)), loop_(loop), outer_(outer), loop_depth_(depth) {
  for (const Value& item : items) container_depth_ = std::max(container_depth_, 1 + item.depth());
}

Value LoopObject::call(Interpreter& interpreter, CallArguments arguments) {
  Meter& meter = interpreter.meter();
  if (!loop_.recursive) {
    return meter.fail("The loop must have the 'recursive' marker to be called recursively.");
  }
  if (arguments.positional.size() != 1 || !arguments.named.empty()) {
    return meter.fail("loop() takes exactly one argument");
  }
  return interpreter.loop_text(loop_, outer_, arguments.positional[0], loop_depth_ + 1);
}

std::optional<Value> LoopObject::attribute(Interpreter&, std::string_view name) {
  size_t size = items.size();
  if (name == "index") return Value(index + 1);
  if (name == "index0") return Value(index);
  if (name == "first") return Value(index == 0);
  if (name == "last") return Value(index + 1 == size);
  if (name == "length") return Value(size);
  if (name == "revindex") return Value(size - std::min(index, size));
  if (name == "revindex0") return Value(Int{size} - Int{index} - 1);
  if (name == "depth") return Value(loop_depth_ + 1);
  if (name == "depth0") return Value(loop_depth_);
  if (name == "previtem") return index > 0 ? items[index - 1] : Value::undefined("there is no previous item");
  if (name == "nextitem") return index + 1 < size ? items[index + 1] : Value::undefined("there is no next item");
  return std::nullopt;
}

std::string MacroObject::print() const {
  return macro_.is_caller ? "<Macro anonymous>" : fmt::format("<Macro '{}'>", macro_.name);
}

std::optional<Value> MacroObject::attribute(Interpreter&, std::string_view name) {
  if (name == "name") return macro_.is_caller ? Value::none() : Value(macro_.name);
  if (name == "catch_varargs") return Value(macro_.uses_varargs);
  if (name == "catch_kwargs") return Value(macro_.uses_kwargs);
  if (name == "caller") return Value(macro_.uses_caller);
  return std::nullopt;
}

std::optional<Value> SelfObject::attribute(Interpreter&, std::string_view name) {
  auto it = tree_.named_blocks.find(name);
  if (it == tree_.named_blocks.end()) return std::nullopt;
  return Value(std::static_pointer_cast<Object>(std::make_shared<BlockObject>(*it->second)));
}

Value BlockObject::call(Interpreter& interpreter, CallArguments arguments) {
  if (!arguments.positional.empty() || !arguments.named.empty()) {
    return interpreter.meter().fail("a block takes no arguments");
  }
  return interpreter.named_block_text(block_);
}

const NativeEntry* find_loop_method(std::string_view name) {
  return name == "cycle" ? &kCycle : name == "changed" ? &kChanged : nullptr;
}

}  // namespace weft::jinja
