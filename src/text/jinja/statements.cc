// Statements of a template, macros and loops.
#include <algorithm>
#include <optional>

#include "text/jinja/compare.h"
#include "text/jinja/interpreter.h"
#include "text/jinja/interpreter_guards.h"
#include "text/jinja/operators.h"
#include "text/jinja/printing.h"

namespace weft::jinja {

const Value* Scope::find(NameId name) const {
  for (const auto& entry : values) {
    if (entry.first == name) return &entry.second;
  }
  return nullptr;
}

void Scope::set(NameId name, Value value) {
  for (auto& entry : values) {
    if (entry.first != name) continue;
    entry.second = std::move(value);
    return;
  }
  values.emplace_back(name, std::move(value));
}

Interpreter::Interpreter(const Tree& tree, Meter& meter, std::vector<std::optional<Value>> variables, std::time_t now)
    : tree_(tree), meter_(meter), variables_(std::move(variables)), now_(now) {
  auto find = [&](std::string_view name) -> std::optional<NameId> {
    auto it = std::ranges::find(tree.names, name);
    if (it == tree.names.end()) return std::nullopt;
    return static_cast<NameId>(it - tree.names.begin());
  };
  loop_name_ = find("loop");
  caller_name_ = find("caller");
  varargs_name_ = find("varargs");
  kwargs_name_ = find("kwargs");
  self_name_ = find("self");
}

std::string Interpreter::run() {
  std::string out;
  output_ = &out;
  ScopeGuard scope(*this, nullptr);
  root_ = scope_;
  scope_->unset = &tree_.unset;
  run_block(tree_.body);
  return out;
}

void Interpreter::emit(std::string_view text) {
  size_t total = output_->size() + text.size();
  if (meter_.charge_text(total > meter_.limits().output_bytes ? total : text.size())) *output_ += text;
}

Interpreter::Flow Interpreter::run_block(const Block& block) {
  DepthGuard depth(*this);
  for (const Statement& statement : block) {
    meter_.move_to(statement.offset);
    if (!meter_.charge()) return Flow::kBreak;
    Flow flow = run_statement(statement);
    if (meter_.failed()) return Flow::kBreak;
    if (flow != Flow::kNext) return flow;
  }
  return Flow::kNext;
}

Interpreter::Flow Interpreter::run_in_scope(const Statement& statement, size_t i) {
  ScopeGuard scope(*this);
  scope_->unset = &statement.unset[i];
  return run_block(statement.blocks[i]);
}

Interpreter::Flow Interpreter::run_statement(const Statement& statement) {
  switch (statement.kind) {
    case StatementKind::kText:
      emit(statement.text);
      break;
    case StatementKind::kPrint: {
      Value value = evaluate(*statement.exprs[0]);
      if (value.is_string()) {
        emit(value.string());
      } else {
        emit(to_text(meter_, value));
      }
      break;
    }
    case StatementKind::kIf:
      return run_if(statement);
    case StatementKind::kFor:
      return run_for(statement, evaluate(*statement.exprs[0]), 0);
    case StatementKind::kSet:
    case StatementKind::kSetBlock:
      return run_set(statement);
    case StatementKind::kMacro:
      assign(statement.targets[0], macro_object(*statement.macro));
      break;
    case StatementKind::kCallBlock:
      run_call_block(statement);
      break;
    case StatementKind::kFilterBlock:
      return run_filter_block(statement);
    case StatementKind::kWith:
      return run_with(statement);
    case StatementKind::kScope:
      return run_in_scope(statement, 0);
    case StatementKind::kNamedBlock: {
      ScopeGuard scope(*this, statement.scoped ? scope_ : root_);
      scope_->unset = &statement.unset[0];
      scope_->is_block = true;
      return run_block(statement.blocks[0]);
    }
    case StatementKind::kBreak:
      return Flow::kBreak;
    case StatementKind::kContinue:
      return Flow::kContinue;
    case StatementKind::kRefuse:
      meter_.fail("'{}' needs another template, and there is none", statement.text);
      break;
  }
  return Flow::kNext;
}

Interpreter::Flow Interpreter::run_if(const Statement& statement) {
  size_t i = 0;
  while (i < statement.exprs.size()) {
    bool holds = truth(evaluate(*statement.exprs[i]));
    if (meter_.failed()) return Flow::kBreak;
    if (holds) break;
    ++i;
  }
  return i < statement.blocks.size() ? run_block(statement.blocks[i]) : Flow::kNext;
}

Interpreter::Flow Interpreter::block_text(const Statement& statement, std::string& out) {
  OutputGuard output(*this);
  Flow flow = run_in_scope(statement, 0);
  out = output.take();
  return flow;
}

Interpreter::Flow Interpreter::run_set(const Statement& statement) {
  if (statement.kind == StatementKind::kSet) {
    Value value = evaluate(*statement.exprs[0]);
    assign(statement.targets[0], value);
    return Flow::kNext;
  }
  std::string text;
  Flow flow = block_text(statement, text);
  if (flow != Flow::kNext) return flow;
  Value value = std::move(text);
  if (!statement.exprs.empty()) value = suffixed(*statement.exprs[0], std::move(value));
  assign(statement.targets[0], value);
  return Flow::kNext;
}

Interpreter::Flow Interpreter::run_filter_block(const Statement& statement) {
  std::string text;
  Flow flow = block_text(statement, text);
  if (flow == Flow::kNext) emit_result(suffixed(*statement.exprs[0], std::move(text)));
  return flow;
}

void Interpreter::emit_result(const Value& value) {
  if (meter_.failed()) return;
  if (value.is_string()) {
    emit(value.string());
  } else {
    meter_.fail("sequence item 0: expected str instance, {} found", type_name(value));
  }
}

Interpreter::Flow Interpreter::run_with(const Statement& statement) {
  std::vector<Value> values = all(statement.exprs);
  ScopeGuard scope(*this);
  scope_->unset = &statement.unset[0];
  for (size_t i = 0; i < values.size(); ++i) assign(statement.targets[i], values[i]);
  return run_block(statement.blocks[0]);
}

void Interpreter::assign(const Target& target, const Value& value) {
  if (meter_.failed()) return;
  switch (target.kind) {
    case Target::Kind::kName:
      scope_->set(target.name, value);
      return;
    case Target::Kind::kAttribute: {
      Value object = name_value(target.name);
      meter_.move_to(target.offset);
      if (object.is(Kind::kNamespace)) {
        if (target.attribute.starts_with('_')) {
          meter_.fail("a namespace can't have the attribute '{}': it begins with an underscore", target.attribute);
        }
        object.names().set(target.attribute, value);
      } else {
        meter_.fail("cannot assign attribute on non-namespace object");
      }
      return;
    }
    case Target::Kind::kTuple: {
      std::vector<Value> items = walk(meter_, value);
      meter_.move_to(target.offset);
      if (items.size() != target.parts.size()) {
        meter_.fail("{} values to unpack (expected {}, got {})",
                    items.size() > target.parts.size() ? "too many" : "not enough", target.parts.size(), items.size());
      }
      for (size_t i = 0; i < items.size() && !meter_.failed(); ++i) assign(target.parts[i], items[i]);
    }
  }
}

// What a loop with an `if` hands on: items that fill several names arrive as tuples of these.
Value Interpreter::repacked(const Target& target, Value item) {
  if (target.kind != Target::Kind::kTuple || meter_.failed()) return item;
  std::vector<Value> parts = walk(meter_, item);
  for (size_t i = 0; i < parts.size() && i < target.parts.size(); ++i) {
    parts[i] = repacked(target.parts[i], std::move(parts[i]));
  }
  return Value::tuple(std::move(parts));
}

// The items for which the loop's own `if` holds.
std::vector<Value> Interpreter::filtered(const Statement& loop, std::vector<Value> items) {
  if (loop.exprs.size() < 2) return items;
  std::vector<Value> out;
  ScopeGuard scope(*this);
  for (Value& item : items) {
    if (meter_.failed()) break;
    scope.renew();
    assign(loop.targets[0], item);
    if (truth(evaluate(*loop.exprs[1]))) out.push_back(repacked(loop.targets[0], std::move(item)));
  }
  return out;
}

Interpreter::Flow Interpreter::run_for(const Statement& statement, const Value& walked, int depth) {
  std::vector<Value> items = filtered(statement, walk(meter_, walked));
  if (meter_.failed()) return Flow::kBreak;
  size_t count = items.size();
  bool finished_any = false;
  auto loop = std::make_shared<LoopObject>(statement, scope_, std::move(items), depth);
  if (loop->depth() > kMaxValueDepth) {
    meter_.fail("the template nests lists deeper than {}", kMaxValueDepth);
    return Flow::kBreak;
  }
  std::optional<ScopeGuard> scope(std::in_place, *this);
  for (; loop->index < count && meter_.charge(); ++loop->index) {
    scope->renew();
    scope_->unset = &statement.unset[0];
    if (loop_name_) scope_->set(*loop_name_, std::static_pointer_cast<Object>(loop));
    meter_.move_to(statement.offset);
    assign(statement.targets[0], loop->items[loop->index]);
    Flow flow = run_block(statement.blocks[0]);
    if (flow == Flow::kBreak) break;
    finished_any = finished_any || flow == Flow::kNext;
  }
  loop->last_changed.reset();  // which may hold the loop itself
  scope.reset();
  // Jinja counts rounds that reach their end: one that ends with break or continue leaves the else to run.
  bool runs_else = !finished_any && statement.blocks.size() > 1 && !meter_.failed();
  return runs_else ? run_in_scope(statement, 1) : Flow::kNext;
}

Value Interpreter::loop_text(const Statement& loop, Scope* outer, const Value& walked, int depth) {
  DepthGuard guard(*this);
  if (++calls_ > meter_.limits().nesting) meter_.fail("loops call themselves more than {} levels deep", calls_ - 1);
  OutputGuard output(*this);
  ScopeGuard scope(*this, outer);
  if (!meter_.failed()) run_for(loop, walked, depth);
  --calls_;
  return output.take();
}

Value Interpreter::macro_object(const MacroDefinition& macro) {
  for (Scope* scope = scope_; scope && !scope->captured; scope = scope->parent) scope->captured = true;
  return std::static_pointer_cast<Object>(std::make_shared<MacroObject>(macro, scope_));
}

void Interpreter::run_call_block(const Statement& statement) {
  ScopeGuard scope(*this);
  if (statement.exprs.empty()) return emit_result(call_macro(*statement.macro, scope_, {}));
  const Expr& call = *statement.exprs[0];
  Value base = evaluate(*call.items[0]);
  emit_result(suffixed(call, std::move(base), macro_object(*statement.macro)));
}

Value Interpreter::named_block_text(const Statement& block) {
  DepthGuard guard(*this);
  if (++calls_ > meter_.limits().nesting) meter_.fail("blocks call themselves more than {} levels deep", calls_ - 1);
  OutputGuard output(*this);
  ScopeGuard scope(*this, root_);
  scope_->unset = &block.unset[0];
  scope_->is_block = true;
  if (!meter_.failed()) run_block(block.blocks[0]);
  --calls_;
  return output.take();
}

Value Interpreter::call_macro(const MacroDefinition& macro, Scope* closure, CallArguments arguments) {
  DepthGuard guard(*this);
  uint32_t offset = meter_.offset();
  if (++calls_ > meter_.limits().nesting) meter_.fail("macros call macros more than {} levels deep", calls_ - 1);
  OutputGuard output(*this);
  ScopeGuard scope(*this, closure);
  scope_->unset = &macro.unset;
  if (!meter_.failed()) bind_parameters(macro, arguments);
  if (!meter_.failed()) run_block(macro.body);
  --calls_;
  if (!meter_.failed()) meter_.move_to(offset);
  return output.take();
}

void Interpreter::bind_parameters(const MacroDefinition& macro, CallArguments& arguments) {
  size_t given = arguments.positional.size();
  size_t count = macro.parameters.size();
  if (macro.uses_caller) {
    auto caller = arguments.take_named("caller");
    scope_->set(*caller_name_, caller ? std::move(*caller) : Value::undefined("No caller defined"));
  }
  if (given > count && !macro.uses_varargs) {
    meter_.fail("macro '{}' takes not more than {} argument(s)", macro.name, count);
    return;
  }
  for (size_t i = 0; i < count && !meter_.failed(); ++i) {
    const auto& parameter = macro.parameters[i];
    const std::string& name = tree_.names[parameter.name];
    auto named = arguments.take_named(name);
    if (i < given && named) {
      meter_.fail("macro '{}' got multiple values for argument '{}'", macro.name, name);
    } else if (i < given) {
      scope_->set(parameter.name, arguments.positional[i]);
    } else if (named) {
      scope_->set(parameter.name, std::move(*named));
    } else if (parameter.initial) {
      scope_->set(parameter.name, evaluate(*parameter.initial));
    } else {
      scope_->set(parameter.name, Value::undefined(fmt::format("parameter '{}' was not provided", name)));
    }
  }
  if (macro.uses_varargs) {
    std::vector<Value> rest;
    for (size_t i = count; i < given; ++i) rest.push_back(std::move(arguments.positional[i]));
    scope_->set(*varargs_name_, checked(meter_, Value::tuple(std::move(rest))));
  }
  if (macro.uses_kwargs) {
    DictData rest;
    for (auto& [name, value] : arguments.named) rest.set(name, std::move(value));
    scope_->set(*kwargs_name_, checked(meter_, Value::dict(std::move(rest))));
  } else if (!arguments.named.empty()) {
    meter_.fail("macro '{}' takes no keyword argument '{}'", macro.name, arguments.named[0].first);
  }
}

}  // namespace weft::jinja
