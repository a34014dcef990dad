// What an interpreter enters and must leave again: scopes, levels of evaluation, output buffers.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "text/jinja/interpreter.h"

namespace weft::jinja {

// A new scope inside `parent`; a captured one is kept until the rendering ends.
class Interpreter::ScopeGuard {
 public:
  ScopeGuard(Interpreter& interpreter, Scope* parent)
      : interpreter_(interpreter), scope_(std::make_unique<Scope>()), before_(interpreter.scope_) {
    scope_->parent = parent;
    interpreter_.scope_ = scope_.get();
  }
  explicit ScopeGuard(Interpreter& interpreter) : ScopeGuard(interpreter, interpreter.scope_) {}
  ~ScopeGuard() {
    interpreter_.scope_ = before_;
    retire();
  }
  ScopeGuard(const ScopeGuard&) = delete;
  ScopeGuard& operator=(const ScopeGuard&) = delete;

  // An empty scope again, as each round of a loop has.
  void renew() {
    Scope* parent = scope_->parent;
    if (scope_->captured) {
      retire();
      scope_ = std::make_unique<Scope>();
      scope_->parent = parent;
      interpreter_.scope_ = scope_.get();
    } else {
      scope_->values.clear();
    }
  }

 private:
  void retire() {
    if (scope_->captured) interpreter_.captured_.push_back(std::move(scope_));
  }

  Interpreter& interpreter_;
  std::unique_ptr<Scope> scope_;
  Scope* before_;
};

// One level of recursion of the interpreter itself.
class Interpreter::DepthGuard {
 public:
  explicit DepthGuard(Interpreter& interpreter) : depth_(interpreter.depth_) {
    size_t most = 16 * interpreter.meter_.limits().nesting;  // a call takes several levels
    if (++depth_ > most) interpreter.meter_.fail("the template runs more than {} levels deep", most);
  }
  ~DepthGuard() { --depth_; }
  DepthGuard(const DepthGuard&) = delete;
  DepthGuard& operator=(const DepthGuard&) = delete;

 private:
  size_t& depth_;
};

// Collects what is printed in a text of its own.
class Interpreter::OutputGuard {
 public:
  explicit OutputGuard(Interpreter& interpreter)
      : interpreter_(interpreter), before_(std::exchange(interpreter.output_, &text_)) {}
  ~OutputGuard() { interpreter_.output_ = before_; }
  OutputGuard(const OutputGuard&) = delete;
  OutputGuard& operator=(const OutputGuard&) = delete;

  std::string take() { return std::move(text_); }

 private:
  Interpreter& interpreter_;
  std::string text_;
  std::string* before_;
};

}  // namespace weft::jinja
