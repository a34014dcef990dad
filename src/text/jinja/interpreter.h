// Runs a parsed template once. Not shared between threads; the tree may be.
#pragma once

#include <algorithm>
#include <ctime>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "text/jinja/ast.h"
#include "text/jinja/meter.h"
#include "text/jinja/object.h"

namespace weft::jinja {

struct Scope {
  std::vector<std::pair<NameId, Value>> values;
  Scope* parent = nullptr;
  bool captured = false;                       // a macro that was made in it may outlive it
  bool is_block = false;                       // of a named block
  const std::vector<NameId>* unset = nullptr;  // names that are undefined in here until they are set

  const Value* find(NameId name) const;
  void set(NameId name, Value value);
  bool hides(NameId name) const { return unset && std::ranges::find(*unset, name) != unset->end(); }
};

class Interpreter {
 public:
  // `variables` by NameId. Borrows tree and meter.
  Interpreter(const Tree& tree, Meter& meter, std::vector<std::optional<Value>> variables, std::time_t now);

  // The text, unless the meter has failed.
  std::string run();

  Meter& meter() { return meter_; }
  std::time_t now() const { return now_; }

  // What `value.name` and `value[key]` are; undefined where there is no such thing.
  Value attribute(const Value& value, const std::string& name, const Value& key);
  Value item(const Value& value, const Value& key);
  Value call(const Value& callee, CallArguments arguments);
  Value filter(const FilterEntry& entry, Value self, CallArguments arguments);
  bool test(const TestEntry& entry, Value self, CallArguments arguments);
  Value make_namespace(std::vector<std::pair<std::string, Value>> entries);

  // The text that a macro or a loop makes; called by their objects.
  Value call_macro(const MacroDefinition& macro, Scope* closure, CallArguments arguments);
  Value named_block_text(const Statement& block);
  Value loop_text(const Statement& loop, Scope* outer, const Value& walked, int depth);

 private:
  enum class Flow { kNext, kBreak, kContinue };
  class ScopeGuard;
  class DepthGuard;
  class OutputGuard;

  Flow run_block(const Block& block);
  Flow run_statement(const Statement& statement);
  // Block i of the statement, in a scope of its own.
  Flow run_in_scope(const Statement& statement, size_t i);
  Flow run_if(const Statement& statement);
  Flow run_for(const Statement& statement, const Value& walked, int depth);
  std::vector<Value> filtered(const Statement& loop, std::vector<Value> items);
  Value repacked(const Target& target, Value item);
  Flow run_set(const Statement& statement);
  void run_call_block(const Statement& statement);
  Flow run_filter_block(const Statement& statement);
  Flow run_with(const Statement& statement);
  Flow block_text(const Statement& statement, std::string& out);
  // What a tag makes of its body must be text.
  void emit_result(const Value& value);
  void assign(const Target& target, const Value& value);
  void emit(std::string_view text);
  void bind_parameters(const MacroDefinition& macro, CallArguments& arguments);

  Value evaluate(const Expr& expr);
  Value evaluate_kind(const Expr& expr);
  Value name_value(NameId name);
  Value binary(const Expr& expr);
  Value comparison(const Expr& expr);
  Value concatenation(const Expr& expr);
  Value conditional(const Expr& expr);
  Value dict(const Expr& expr);
  std::vector<Value> all(const std::vector<ExprPtr>& exprs);
  Value suffixed(const Expr& expr, Value base, std::optional<Value> caller = std::nullopt);
  Value suffix(const Suffix& suffix, Value base, std::optional<Value> caller);
  CallArguments arguments(const std::vector<Argument>& from);
  void spread(const Value& value, CallArguments& out);
  Value macro_object(const MacroDefinition& macro);

  const Tree& tree_;
  Meter& meter_;
  std::vector<std::optional<Value>> variables_;
  std::time_t now_;
  Scope* scope_ = nullptr;
  Scope* root_ = nullptr;
  std::string* output_ = nullptr;
  size_t depth_ = 0;  // of nested evaluations: bounds the stack
  size_t calls_ = 0;  // of nested macros and recursive loops
  std::optional<NameId> loop_name_, caller_name_, varargs_name_, kwargs_name_, self_name_;
  std::vector<std::unique_ptr<Scope>> captured_;
  std::deque<Namespace> namespaces_;  // stable addresses; freed last among what may point to them
};

// The `loop` variable.
class LoopObject final : public Object {
 public:
  LoopObject(const Statement& loop, Scope* outer, std::vector<Value> items, int depth);
  std::string_view type_name() const override { return "LoopContext"; }
  std::string print() const override { return fmt::format("<LoopContext {}/{}>", index + 1, items.size()); }
  bool callable() const override { return true; }
  Value call(Interpreter& interpreter, CallArguments arguments) override;
  std::optional<Value> attribute(Interpreter& interpreter, std::string_view name) override;
  uint32_t depth() const override { return container_depth_; }

  size_t index = 0;
  std::vector<Value> items;
  std::optional<Value> last_changed;

 private:
  const Statement& loop_;
  Scope* outer_;
  int loop_depth_;
  uint32_t container_depth_ = 1;
};

// `self`, whose attributes are the template's named blocks.
class SelfObject final : public Object {
 public:
  explicit SelfObject(const Tree& tree) : tree_(tree) {}
  std::string_view type_name() const override { return "TemplateReference"; }
  std::string print() const override { return "<TemplateReference None>"; }
  bool callable() const override { return false; }
  Value call(Interpreter& interpreter, CallArguments) override {
    return interpreter.meter().fail("'TemplateReference' object is not callable");
  }
  std::optional<Value> attribute(Interpreter& interpreter, std::string_view name) override;

 private:
  const Tree& tree_;
};

class BlockObject final : public Object {
 public:
  explicit BlockObject(const Statement& block) : block_(block) {}
  std::string_view type_name() const override { return "BlockReference"; }
  Value call(Interpreter& interpreter, CallArguments arguments) override;

 private:
  const Statement& block_;
};

class MacroObject final : public Object {
 public:
  MacroObject(const MacroDefinition& macro, Scope* closure) : macro_(macro), closure_(closure) {}
  std::string_view type_name() const override { return "Macro"; }
  std::string print() const override;
  Value call(Interpreter& interpreter, CallArguments arguments) override {
    return interpreter.call_macro(macro_, closure_, std::move(arguments));
  }
  std::optional<Value> attribute(Interpreter& interpreter, std::string_view name) override;

 private:
  const MacroDefinition& macro_;
  Scope* closure_;
};

}  // namespace weft::jinja
