// A Jinja2 template as Hugging Face's transformers configures the language: trim_blocks, lstrip_blocks, break and
// continue, immutable lists and dicts, `tojson` without HTML escapes, raise_exception, strftime_now, {% generation %}.
#pragma once

#include <ctime>
#include <memory>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/status.h"

namespace weft::jinja {

struct Tree;

class Template {
 public:
  // Errors (kInvalidValue) name line and column.
  static Result<Template> parse(std::string_view source, const TemplateLimits& limits = {});

  // `context` holds the variables. Bounded by the limits in steps, time, depth and output; errors name line and column.
  // Any thread.
  Result<std::string> render(const JsonObject& context, std::time_t now_utc) const {
    return render(context, now_utc, SteadyClock());
  }
  Result<std::string> render(const JsonObject& context, std::time_t now_utc, const Clock& clock) const;

  // Whether the source mentions a variable of this name: "tools", "enable_thinking".
  bool mentions(std::string_view variable) const;

 private:
  Template(std::shared_ptr<const Tree> tree, const TemplateLimits& limits) : tree_(std::move(tree)), limits_(limits) {}

  std::shared_ptr<const Tree> tree_;  // shared by copies of the template; never written after parse
  TemplateLimits limits_;
};

}  // namespace weft::jinja
