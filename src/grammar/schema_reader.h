// Reads a schema document's keywords into formulas (schema_formula.h). Only what the root reaches is read.
#pragma once

#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/limits.h"
#include "grammar/json_schema.h"
#include "grammar/schema_automata.h"
#include "grammar/schema_document.h"
#include "grammar/schema_formula.h"

namespace weft::schema {

class Reader {
 public:
  Reader(const Document& document, Formulas& formulas, Automata& automata, const SchemaOptions& options,
         const GrammarLimits& limits, std::vector<UnenforcedKeyword>& unenforced)
      : document_(document),
        formulas_(formulas),
        automata_(automata),
        options_(options),
        limits_(limits),
        unenforced_(unenforced) {}

  // kInvalidValue: a keyword's value is of the wrong kind (param: its path).
  Result<Literal> read();

 private:
  struct Task {
    Location here;
    Literal slot;
    bool is_constant;  // a const's array or object instead of a schema
  };

  // One schema object: what each group of keywords adds to the conjunction.
  Status read_object(const Location& here, Literals& out);
  Status read_references(const Location& here, Literals& out);
  Status read_combinators(const Location& here, Literals& out);
  Status read_values(const Location& here, Literals& out);      // type, enum, const
  Status read_numbers(const Location& here, Literals& out);     // minimum ...
  Status read_strings(const Location& here, Literals& out);     // minLength ...
  Status read_properties(const Location& here, Literals& out);  // properties ...
  Status read_presence(const Location& here, Literals& out);    // required, minProperties, propertyNames
  Status read_dependencies(const Location& here, Literals& out);
  Status read_items(const Location& here, Literals& out);
  Status read_contains(const Location& here, Literals& out);
  Status read_unevaluated(const Location& here, Literals& out);

  Result<Literal> schema(const Location& here);
  Result<Literal> schema_at(const Location& parent, const Json& value, std::string_view keyword);
  Result<Literals> schema_array(const Location& parent, const Json& value, std::string_view keyword);
  Result<Literal> constant(const Location& here);
  void read_constant(const Location& here, Literals& out);
  Literal scalar(const Json& value);
  Result<Literal> dependency(const Location& here, const std::string& key, const Json& value, std::string_view keyword);
  Result<std::vector<std::string>> strings(const Location& here, const Json& value, std::string_view keyword);
  // The counts of `min_keyword` and `max_keyword`; false where neither says anything.
  Result<bool> range(const Location& here, const char* min_keyword, const char* max_keyword, int64_t& min,
                     std::optional<int64_t>& max);
  Result<int64_t> count(const Location& here, const Json& value, std::string_view keyword);

  struct Evaluated;
  Result<bool> evaluated_by(const Location& here, bool is_top, int depth, std::vector<Evaluated>& cases);
  Result<bool> evaluated_by_arm(const Location& arm, Literal present, int depth, std::vector<Evaluated>& cases);
  Result<bool> evaluated_by_one(const Location& here, const JsonArray& arms, int depth, std::vector<Evaluated>& cases);
  Result<bool> evaluated_by_if(const Location& here, int depth, std::vector<Evaluated>& cases);
  Result<Evaluated> evaluated_here(const Location& here, bool is_top);
  static bool multiply(std::vector<Evaluated>& cases, const std::vector<Evaluated>& more);
  Literal object_type(const Location& here);

  // Ignores a keyword, and says so; what it would say of `types` is not known.
  void give_up(const Location& here, std::string_view keyword, TypeMask types, std::string reason, Literals& out);
  // Whether the keyword belongs to the document's draft.
  bool since(Draft draft) const { return document_.draft() >= draft; }  // kUnion is the last

  const Document& document_;
  Formulas& formulas_;
  Automata& automata_;
  const SchemaOptions& options_;
  const GrammarLimits& limits_;
  std::vector<UnenforcedKeyword>& unenforced_;
  std::unordered_map<const Json*, Literal> schemas_;
  std::unordered_map<std::string, Literal> constants_;  // arrays and objects, by append_canonical
  std::vector<Task> tasks_;
  size_t properties_ = 0;
};

}  // namespace weft::schema
