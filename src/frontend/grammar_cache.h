// Compiled grammars of one model, so that a client that asks for the same structure again does not wait for it again.
#pragma once

#include <cstddef>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

#include "base/status.h"
#include "grammar/compile.h"

namespace weft {

// Thread-safe. Two threads that miss the same grammar both compile it; one result stays.
class GrammarCache {
 public:
  using Compile = std::function<Result<CompiledGrammar>(const GrammarSpec& spec)>;
  static constexpr size_t kDefaultBytes = size_t{256} << 20;

  explicit GrammarCache(Compile compile, size_t max_bytes = kDefaultBytes)
      : compile_(std::move(compile)), max_bytes_(max_bytes) {}

  // compile_grammar()'s errors.
  Result<std::shared_ptr<const CompiledGrammar>> get(const GrammarSpec& spec);

  size_t memory_bytes() const;
  size_t size() const;

 private:
  struct Entry {
    std::string key;
    std::shared_ptr<const CompiledGrammar> grammar;
    size_t bytes = 0;
  };

  Compile compile_;
  size_t max_bytes_;
  mutable std::mutex mutex_;
  std::list<Entry> entries_;  // the one used last first
  std::unordered_map<std::string, std::list<Entry>::iterator> by_key_;
  size_t bytes_ = 0;
};

}  // namespace weft
