#include "text/jinja/scoping.h"

#include <algorithm>
#include <set>

namespace weft::jinja {
namespace {

// The names that one scope knows. Recursion below follows the nesting of the source, which the parser bounds.
struct Symbols {
  const Symbols* parent = nullptr;
  std::set<NameId> known;     // read or set in this scope
  std::vector<NameId> unset;  // set before anything else, and unknown around

  bool finds(NameId name) const {
    for (const Symbols* at = this; at; at = at->parent) {
      if (at->known.contains(name)) return true;
    }
    return false;
  }
  void load(NameId name) {
    if (!finds(name)) known.insert(name);
  }
  void store(NameId name) {
    if (!finds(name)) unset.push_back(name);
    known.insert(name);
  }
};

class Analyst {
 public:
  explicit Analyst(Tree& tree) : tree_(tree) {}

  void run() {
    Symbols root;
    visit_block(tree_.body, root);
    tree_.unset = root.unset;
    enter_scopes(tree_.body, root);
  }

 private:
  void load(const std::vector<ExprPtr>& exprs, Symbols& symbols) {
    for (const ExprPtr& expr : exprs) load(expr, symbols);
  }
  void load(const std::vector<Argument>& arguments, Symbols& symbols) {
    for (const Argument& argument : arguments) load(argument.value, symbols);
  }
  void load(const ExprPtr& expr, Symbols& symbols) {
    if (!expr) return;
    if (expr->kind == ExprKind::kName) symbols.load(expr->name);
    load(expr->items, symbols);
    for (const Suffix& suffix : expr->suffixes) {
      for (const ExprPtr* part : {&suffix.first, &suffix.second, &suffix.third}) load(*part, symbols);
      load(suffix.arguments, symbols);
    }
  }

  static void assign(const Target& target, Symbols& symbols) {
    if (target.kind == Target::Kind::kName) symbols.store(target.name);
    if (target.kind == Target::Kind::kAttribute) symbols.load(target.name);
    for (const Target& part : target.parts) assign(part, symbols);
  }
  static void declare(const Target& target, Symbols& symbols) {
    if (target.kind == Target::Kind::kName) symbols.known.insert(target.name);
    if (target.kind == Target::Kind::kAttribute) symbols.load(target.name);
    for (const Target& part : target.parts) declare(part, symbols);
  }

  // What the statements of a block do to the scope that they stand in, without the scopes inside of it.
  void visit_block(const Block& block, Symbols& symbols) {
    for (const Statement& statement : block) visit(statement, symbols);
  }

  void visit(const Statement& statement, Symbols& symbols) {
    switch (statement.kind) {
      case StatementKind::kIf: {
        // What only a branch sets stays what it is outside where that branch is not taken.
        size_t unset = symbols.unset.size();
        load(statement.exprs, symbols);
        for (const Block& block : statement.blocks) visit_block(block, symbols);
        symbols.unset.resize(unset);
        break;
      }
      case StatementKind::kFor:
        load(statement.exprs[0], symbols);
        break;
      case StatementKind::kSet:
        load(statement.exprs, symbols);
        assign(statement.targets[0], symbols);
        break;
      case StatementKind::kSetBlock:
      case StatementKind::kMacro:
        assign(statement.targets[0], symbols);
        break;
      case StatementKind::kScope:
      case StatementKind::kNamedBlock:
        break;
      default:
        load(statement.exprs, symbols);
    }
  }

  void enter_scopes(Block& block, const Symbols& symbols) {
    for (Statement& statement : block) enter(statement, symbols);
  }

  // Adds the names of one block with a scope, in which `parameters` are set already.
  void add_scope(Statement& statement, Block& block, Symbols symbols) {
    visit_block(block, symbols);
    statement.unset.push_back(symbols.unset);
    enter_scopes(block, symbols);
  }

  void enter(Statement& statement, const Symbols& outer) {
    if (statement.macro) enter_macro(*statement.macro, outer);
    if (statement.kind == StatementKind::kIf) {
      for (Block& block : statement.blocks) enter_scopes(block, outer);
      return;
    }
    for (size_t i = 0; i < statement.blocks.size(); ++i) {
      Symbols symbols{&outer, {}, {}};
      if (statement.kind == StatementKind::kNamedBlock) symbols.parent = nullptr;
      if (i == 0 && (statement.kind == StatementKind::kFor || statement.kind == StatementKind::kWith)) {
        for (const Target& target : statement.targets) declare(target, symbols);
      }
      add_scope(statement, statement.blocks[i], std::move(symbols));
    }
    if (statement.kind == StatementKind::kNamedBlock) tree_.named_blocks.emplace(statement.text, &statement);
  }

  void enter_macro(MacroDefinition& macro, const Symbols& outer) {
    Symbols symbols{&outer, {}, {}};
    for (const auto& parameter : macro.parameters) symbols.known.insert(parameter.name);
    for (const auto& parameter : macro.parameters) load(parameter.initial, symbols);
    visit_block(macro.body, symbols);
    macro.unset = symbols.unset;
    enter_scopes(macro.body, symbols);
  }

  Tree& tree_;
};

}  // namespace

void find_unset_names(Tree& tree) { Analyst(tree).run(); }

}  // namespace weft::jinja
