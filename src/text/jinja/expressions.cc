// Expressions: evaluation of the tree, attributes, items, calls.
#include "text/jinja/compare.h"
#include "text/jinja/interpreter.h"
#include "text/jinja/interpreter_guards.h"
#include "text/jinja/native.h"
#include "text/jinja/operators.h"
#include "text/jinja/printing.h"

namespace weft::jinja {
namespace {

// How an error names the value whose member is missing.
std::string owner_text(const Value& value) {
  if (value.is_none()) return "None";
  return fmt::format("'{} object'", type_name(value));
}

Value missing(Meter& meter, const Value& owner, const Value& key) {
  if (key.is_string()) {
    return Value::undefined(fmt::format("{} has no attribute '{}'", owner_text(owner), key.string()));
  }
  return Value::undefined(fmt::format("{} has no element {}", owner_text(owner), to_repr(meter, key)));
}

Value bound_method(const Value& self, const NativeEntry& entry) {
  return std::static_pointer_cast<Object>(std::make_shared<NativeFunction>(entry, self));
}

}  // namespace

Value Interpreter::evaluate(const Expr& expr) {
  if (!meter_.charge()) return {};
  DepthGuard depth(*this);
  if (meter_.failed()) return {};
  meter_.move_to(expr.offset);
  return evaluate_kind(expr);
}

Value Interpreter::evaluate_kind(const Expr& expr) {
  switch (expr.kind) {
    case ExprKind::kConstant:
      return expr.constant;
    case ExprKind::kName:
      return name_value(expr.name);
    case ExprKind::kList:
      return checked(meter_, Value::list(all(expr.items)));
    case ExprKind::kTuple:
      return checked(meter_, Value::tuple(all(expr.items)));
    case ExprKind::kDict:
      return dict(expr);
    case ExprKind::kNot:
      return !truth(evaluate(*expr.items[0]));
    case ExprKind::kNegate:
      return negate(meter_, evaluate(*expr.items[0]));
    case ExprKind::kPlus: {
      Value value = evaluate(*expr.items[0]);
      if (value.is(Kind::kBool)) return value.integer();
      return value.is_number() ? value : meter_.fail("bad operand type for unary +: '{}'", type_name(value));
    }
    case ExprKind::kBinary:
      return binary(expr);
    case ExprKind::kCompare:
      return comparison(expr);
    case ExprKind::kAnd:
    case ExprKind::kOr: {
      Value value;
      for (const ExprPtr& item : expr.items) {
        value = evaluate(*item);
        if (meter_.failed() || truth(value) == (expr.kind == ExprKind::kOr)) break;
      }
      return value;
    }
    case ExprKind::kConcat:
      return concatenation(expr);
    case ExprKind::kConditional:
      return conditional(expr);
    case ExprKind::kSuffixed:
      return suffixed(expr, evaluate(*expr.items[0]));
  }
  return {};
}

Value Interpreter::name_value(NameId name) {
  bool in_block = false;  // a named block looks for the template's variables as the context has them
  for (const Scope* scope = scope_; scope; scope = scope->parent) {
    if (const Value* found = scope->find(name)) return *found;
    if (!in_block && scope->hides(name)) return Value::undefined(fmt::format("'{}' is undefined", tree_.names[name]));
    in_block = in_block || scope->is_block;
  }
  if (name == self_name_) return std::static_pointer_cast<Object>(std::make_shared<SelfObject>(tree_));
  if (variables_[name]) return *variables_[name];
  if (auto global = find_global(tree_.names[name])) return *global;
  return Value::undefined(fmt::format("'{}' is undefined", tree_.names[name]));
}

std::vector<Value> Interpreter::all(const std::vector<ExprPtr>& exprs) {
  std::vector<Value> out;
  out.reserve(exprs.size());
  for (const ExprPtr& expr : exprs) {
    if (meter_.failed()) break;
    out.push_back(evaluate(*expr));
  }
  return out;
}

Value Interpreter::binary(const Expr& expr) {
  Value left = evaluate(*expr.items[0]);
  for (size_t i = 0; i < expr.operators.size(); ++i) {
    Value right = evaluate(*expr.items[i + 1]);
    if (meter_.failed()) return {};
    meter_.move_to(expr.offset);
    left = arithmetic(meter_, expr.operators[i], left, right);
  }
  return left;
}

Value Interpreter::comparison(const Expr& expr) {
  Value left = evaluate(*expr.items[0]);
  for (size_t i = 0; i < expr.operators.size(); ++i) {
    Value right = evaluate(*expr.items[i + 1]);
    if (meter_.failed()) return {};
    meter_.move_to(expr.offset);
    if (!compare(meter_, expr.operators[i], left, right)) return false;
    left = std::move(right);
  }
  return true;
}

Value Interpreter::concatenation(const Expr& expr) {
  std::string out;
  for (const ExprPtr& item : expr.items) {
    std::string text = to_text(meter_, evaluate(*item));
    if (!meter_.charge_text(out.size() + text.size())) return {};
    out += text;
  }
  return out;
}

Value Interpreter::conditional(const Expr& expr) {
  size_t i = 0;
  for (; i + 1 < expr.items.size(); i += 2) {
    bool holds = truth(evaluate(*expr.items[i + 1]));
    if (meter_.failed()) return {};
    if (holds) break;
  }
  if (i < expr.items.size()) return evaluate(*expr.items[i]);
  return Value::undefined("the inline if-expression evaluated to false and no else section was defined.");
}

Value Interpreter::dict(const Expr& expr) {
  DictData out;
  for (size_t i = 0; i + 1 < expr.items.size() && !meter_.failed(); i += 2) {
    Value key = evaluate(*expr.items[i]);
    Value value = evaluate(*expr.items[i + 1]);
    if (!is_hashable(key)) return meter_.fail("unhashable type: '{}'", type_name(key));
    out.set(std::move(key), std::move(value));
  }
  return checked(meter_, Value::dict(std::move(out)));
}

Value Interpreter::suffixed(const Expr& expr, Value base, std::optional<Value> caller) {
  for (size_t i = 0; i < expr.suffixes.size() && !meter_.failed(); ++i) {
    bool last = i + 1 == expr.suffixes.size();
    base = suffix(expr.suffixes[i], std::move(base), last ? std::move(caller) : std::nullopt);
  }
  return base;
}

Value Interpreter::suffix(const Suffix& suffix, Value base, std::optional<Value> caller) {
  meter_.move_to(suffix.offset);
  if (!meter_.charge()) return {};
  auto part = [&](const ExprPtr& expr) { return expr ? evaluate(*expr) : Value::none(); };
  switch (suffix.kind) {
    case Suffix::Kind::kAttribute:
      return attribute(base, suffix.name, suffix.key);
    case Suffix::Kind::kItem: {
      Value key = suffix.first ? evaluate(*suffix.first) : suffix.key;
      meter_.move_to(suffix.offset);
      return meter_.failed() ? Value() : item(base, key);
    }
    case Suffix::Kind::kSlice: {
      Value start = part(suffix.first);
      Value stop = part(suffix.second);
      Value step = part(suffix.third);
      meter_.move_to(suffix.offset);
      if (meter_.failed()) return {};
      if (suffix.constant && !base.is_undefined() && !is_sliceable(base))
        return Value::undefined("this value can't be sliced");
      return slice(meter_, base, start, stop, step);
    }
    default:
      break;
  }
  if (suffix.kind == Suffix::Kind::kFilter && !suffix.filter) return meter_.fail("no filter named '{}'", suffix.name);
  if (suffix.kind == Suffix::Kind::kTest && !suffix.test) return meter_.fail("no test named '{}'", suffix.name);
  CallArguments given = arguments(suffix.arguments);
  if (caller) given.named.emplace_back("caller", std::move(*caller));
  if (meter_.failed()) return {};
  meter_.move_to(suffix.offset);
  if (suffix.kind == Suffix::Kind::kFilter) return filter(*suffix.filter, std::move(base), std::move(given));
  if (suffix.kind == Suffix::Kind::kTest)
    return test(*suffix.test, std::move(base), std::move(given)) != suffix.negated;
  return call(base, std::move(given));
}

CallArguments Interpreter::arguments(const std::vector<Argument>& from) {
  CallArguments out;
  for (const Argument& argument : from) {
    Value value = evaluate(*argument.value);
    if (meter_.failed()) break;
    switch (argument.kind) {
      case Argument::Kind::kPositional:
        out.positional.push_back(std::move(value));
        break;
      case Argument::Kind::kNamed:
        out.named.emplace_back(argument.name, std::move(value));
        break;
      case Argument::Kind::kSpread:
        for (Value& item : walk(meter_, value)) out.positional.push_back(std::move(item));
        break;
      case Argument::Kind::kSpreadNamed:
        spread(value, out);
        break;
    }
  }
  return out;
}

void Interpreter::spread(const Value& value, CallArguments& out) {
  if (!value.is(Kind::kDict)) {
    meter_.fail("argument after ** must be a mapping, not {}", type_name(value));
    return;
  }
  if (!meter_.charge(value.dict().entries.size())) return;
  for (const auto& [key, item] : value.dict().entries) {
    if (!key.is_string()) {
      meter_.fail("keywords must be strings");
      return;
    }
    out.named.emplace_back(key.string(), item);
  }
}

// Order of Python: methods first, then items.
Value Interpreter::attribute(const Value& value, const std::string& name, const Value& key) {
  if (value.is_undefined()) return meter_.fail_undefined(value);
  if (const NativeEntry* method = find_method(value, name)) return bound_method(value, *method);
  if (is_mutating_method(value, name)) {
    return Value::undefined(fmt::format("access to attribute '{}' of '{}' object is unsafe.", name, type_name(value)));
  }
  if (value.is(Kind::kTuple) && value.label() == "group" && (name == "grouper" || name == "list")) {
    return value.items()[name == "list" ? 1 : 0];
  }
  if (value.is(Kind::kObject)) {
    if (auto found = value.object().attribute(*this, name)) return *found;
  } else if (value.is(Kind::kNamespace)) {
    if (const Value* found = value.names().find(name)) return *found;
  } else if (value.is(Kind::kDict)) {
    if (const Value* found = value.dict().find(std::string_view(name))) return *found;
  }
  return missing(meter_, value, key);
}

Value Interpreter::item(const Value& value, const Value& key) {
  if (value.is_undefined()) return meter_.fail_undefined(value);
  if (value.is(Kind::kDict)) {
    if (is_hashable(key)) {
      if (const Value* found = value.dict().find(key)) return *found;
    }
  } else if (key.is_integer() && (value.is_string() || (value.is_sequence() && !value.is(Kind::kDictView)))) {
    if (auto found = element(meter_, value, key.integer())) return *found;
  }
  if (key.is_string()) return attribute(value, key.string(), key);
  return missing(meter_, value, key);
}

Value Interpreter::call(const Value& callee, CallArguments arguments) {
  if (callee.is_undefined()) return meter_.fail_undefined(callee);
  if (!callee.is(Kind::kObject) || !callee.object().callable()) {
    return meter_.fail("'{}' object is not callable", type_name(callee));
  }
  DepthGuard depth(*this);
  if (meter_.failed()) return {};
  auto object = callee.object_pointer();  // which the call may release
  return checked(meter_, object->call(*this, std::move(arguments)));
}

Value Interpreter::filter(const FilterEntry& entry, Value self, CallArguments arguments) {
  if (!meter_.charge()) return {};
  DepthGuard depth(*this);
  NativeCall call{*this, meter_, entry.name, std::move(self), std::move(arguments), {}};
  return meter_.failed() ? Value() : checked(meter_, entry.function(call));
}

bool Interpreter::test(const TestEntry& entry, Value self, CallArguments arguments) {
  if (!meter_.charge()) return false;
  NativeCall call{*this, meter_, entry.name, std::move(self), std::move(arguments), {}};
  return truth(entry.function(call));
}

Value Interpreter::make_namespace(std::vector<std::pair<std::string, Value>> entries) {
  if (!meter_.charge(8 + entries.size())) return {};
  namespaces_.push_back({std::move(entries)});
  return &namespaces_.back();
}

}  // namespace weft::jinja
