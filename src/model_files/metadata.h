// Metadata of a model by name, the same view for GGUF key-values and Hugging Face's JSON.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/status.h"

namespace weft {

using MetadataValue = std::variant<bool, int64_t, uint64_t, double, std::string, std::vector<int64_t>,
                                   std::vector<double>, std::vector<std::string>, std::vector<bool>>;

// Names are tried in order, so that one line of a model's parse_config serves both formats:
//   metadata.integer({"hidden_size", "llama.embedding_length"})
class Metadata {
 public:
  using Names = std::initializer_list<std::string_view>;

  void set(std::string key, MetadataValue value) { values_[std::move(key)] = std::move(value); }
  const MetadataValue* find(std::string_view key) const;
  const MetadataValue* find(Names names) const;

  // The value of the first name that is there. kNotFound names all that were tried; kCorruptFile for a wrong type or a
  // number out of range.
  Result<int64_t> integer(Names names) const;
  Result<double> real(Names names) const;  // integers convert
  Result<std::string> text(Names names) const;
  Result<bool> boolean(Names names) const;

  // The same with a fallback for a missing name; a wrong type is still an error.
  Result<int64_t> integer_or(Names names, int64_t fallback) const;
  Result<double> real_or(Names names, double fallback) const;
  Result<std::string> text_or(Names names, std::string fallback) const;
  Result<bool> boolean_or(Names names, bool fallback) const;

  const std::map<std::string, MetadataValue, std::less<>>& all() const { return values_; }

 private:
  std::map<std::string, MetadataValue, std::less<>> values_;
};

}  // namespace weft
