// Rewrites a text before it is cut into words: the steps of tokenizer.json's "normalizer".
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace weft {

// Immutable, safe to use from many threads. Valid UTF-8 stays valid.
class NormalizerStep {
 public:
  virtual ~NormalizerStep() = default;
  virtual void apply(std::string& text) const = 0;
  // True when apply() surely leaves `text` as it is; false when that isn't known.
  virtual bool leaves(std::string_view /*text*/) const { return false; }
};

using Normalizer = std::vector<std::unique_ptr<NormalizerStep>>;

enum class NormalForm { kNfc, kNfd, kNfkc, kNfkd };

std::unique_ptr<NormalizerStep> normal_form_step(NormalForm form);
std::unique_ptr<NormalizerStep> prepend_step(std::string prefix);  // nothing is put before an empty text
std::unique_ptr<NormalizerStep> replace_step(std::string from, std::string to);
std::unique_ptr<NormalizerStep> lowercase_step();

// False when the steps surely leave `text` as it is.
bool changes(const Normalizer& normalizer, std::string_view text);
std::string normalize(const Normalizer& normalizer, std::string_view text);

}  // namespace weft
