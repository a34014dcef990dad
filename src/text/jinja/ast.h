// The parsed template. Chains (a + b + c, a.b.c|f|g, elif, x if y else z) are lists, not towers, so the tree is never
// deeper than the brackets and blocks of the source, which the parser counts: walking and freeing it may recurse.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "text/jinja/value.h"

namespace weft::jinja {

struct FilterEntry;
struct TestEntry;
struct Expr;
using ExprPtr = std::unique_ptr<Expr>;
using NameId = uint32_t;  // of a variable, index into Tree::names

enum class Operator : uint8_t {
  kAdd,
  kSub,
  kMul,
  kDiv,
  kFloorDiv,
  kMod,
  kPow,
  kEq,
  kNe,
  kLt,
  kLe,
  kGt,
  kGe,
  kIn,
  kNotIn
};

struct Argument {
  enum class Kind : uint8_t { kPositional, kNamed, kSpread, kSpreadNamed };
  Kind kind = Kind::kPositional;
  std::string name;
  ExprPtr value;
};

// What stands behind an expression: .name [item] [a:b:c] (arguments) |filter "is test".
struct Suffix {
  enum class Kind : uint8_t { kAttribute, kItem, kSlice, kCall, kFilter, kTest };
  Kind kind;
  uint32_t offset = 0;
  std::string name;                     // of the attribute, filter or test
  Value key;                            // kAttribute: `name` as a value; kItem after a dot: the integer
  const FilterEntry* filter = nullptr;  // null where no such filter exists: an error when it is reached
  const TestEntry* test = nullptr;
  bool negated = false;   // kTest: "is not"
  bool constant = false;  // kSlice of constants, which Jinja evaluates when it compiles, where no error is raised
  ExprPtr first, second, third;     // kItem: first (unless key); kSlice: start, stop, step, each may be null
  std::vector<Argument> arguments;  // kCall, kFilter, kTest
};

enum class ExprKind : uint8_t {
  kConstant,     // constant
  kName,         // name
  kList,         // items
  kTuple,        // items
  kDict,         // items: key, value, key, value...
  kNot,          // items[0]
  kNegate,       // items[0]
  kPlus,         // items[0]
  kBinary,       // items joined by operators, left to right
  kCompare,      // a < b <= c: all must hold
  kAnd,          // items
  kOr,           // items
  kConcat,       // items
  kConditional,  // value, condition, value, condition..., and perhaps a last value
  kSuffixed,     // items[0] with suffixes
};

struct Expr {
  ExprKind kind;
  uint32_t offset = 0;
  NameId name = 0;
  Value constant;  // a scalar: trees are shared between threads, and scalars are never written
  std::vector<ExprPtr> items;
  std::vector<Operator> operators;
  std::vector<Suffix> suffixes;
};

// What an assignment writes to: a name, an attribute of a namespace, or a tuple of these.
struct Target {
  enum class Kind : uint8_t { kName, kAttribute, kTuple };
  Kind kind = Kind::kName;
  uint32_t offset = 0;
  NameId name = 0;
  std::string attribute;
  std::vector<Target> parts;
};

struct Statement;
using Block = std::vector<Statement>;

struct MacroDefinition {
  std::string name;  // "caller" for the body of a call block
  struct Parameter {
    NameId name;
    ExprPtr initial;  // null when it has none
  };
  std::vector<Parameter> parameters;
  Block body;
  std::vector<NameId> unset;  // as Statement::unset, of the body
  bool is_caller = false;     // the body of a call block
  bool uses_caller = false;
  bool uses_varargs = false;
  bool uses_kwargs = false;
};

enum class StatementKind : uint8_t {
  kText,         // text
  kPrint,        // exprs[0]
  kIf,           // exprs: conditions; blocks: one for each and perhaps an else
  kFor,          // exprs: what to walk and perhaps a filter; targets[0]; blocks: body and perhaps else
  kSet,          // targets[0] = exprs[0]
  kSetBlock,     // targets[0] = blocks[0], through exprs[0]'s suffixes if there is one
  kMacro,        // macro, bound to targets[0]
  kCallBlock,    // exprs[0] is the call; macro the caller. {% generation %} has no call and prints its own macro
  kFilterBlock,  // blocks[0] through exprs[0]'s suffixes
  kWith,         // targets[i] = exprs[i] around blocks[0]
  kScope,        // blocks[0] in a scope of its own: autoescape
  kNamedBlock,   // blocks[0], which sees the template's own variables, and those around it if `scoped`
  kBreak,
  kContinue,
  kRefuse,  // a tag that needs other templates, an error when it is reached; text says which
};

struct Statement {
  StatementKind kind;
  uint32_t offset = 0;
  bool recursive = false;  // kFor
  bool scoped = false;     // kNamedBlock
  std::string text;
  std::vector<ExprPtr> exprs;
  std::vector<Target> targets;
  std::vector<Block> blocks;
  std::vector<std::vector<NameId>> unset;  // of each block that has a scope: names that it sets, which are undefined
                                           // until then and not what they are outside
  std::unique_ptr<MacroDefinition> macro;
};

struct Tree {
  std::string source;  // newlines normalised; offsets count in it
  Block body;
  std::vector<NameId> unset;  // as Statement::unset
  std::vector<std::string> names;
  std::map<std::string, const Statement*, std::less<>> named_blocks;  // inside body
};

}  // namespace weft::jinja
