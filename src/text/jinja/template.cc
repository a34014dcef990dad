#include "text/jinja/template.h"

#include <algorithm>

#include "text/jinja/interpreter.h"
#include "text/jinja/lexer.h"
#include "text/jinja/parser.h"

namespace weft::jinja {

Result<Template> Template::parse(std::string_view source, const TemplateLimits& limits) {
  TRY_ASSIGN(Tree tree, jinja::parse(source, limits));
  return Template(std::make_shared<const Tree>(std::move(tree)), limits);
}

Result<std::string> Template::render(const JsonObject& context, std::time_t now_utc, const Clock& clock) const {
  std::vector<std::optional<Value>> variables(tree_->names.size());
  for (size_t i = 0; i < variables.size(); ++i) {
    const Json* found = context.if_contains(tree_->names[i]);
    if (!found) continue;
    Value value;
    if (!from_json(*found, value)) {
      return param_error(tree_->names[i], "The value of '{}' nests too deep for a template.", tree_->names[i]);
    }
    variables[i] = std::move(value);
  }
  Meter meter(limits_, clock);
  Interpreter interpreter(*tree_, meter, std::move(variables), now_utc);
  std::string out = interpreter.run();
  if (meter.failed()) return error_at(tree_->source, meter.offset(), meter.error());
  return out;
}

bool Template::mentions(std::string_view variable) const {
  return std::ranges::find(tree_->names, variable) != tree_->names.end();
}

}  // namespace weft::jinja
