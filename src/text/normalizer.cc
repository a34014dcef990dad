#include "text/normalizer.h"

#include <utf8proc.h>

#include <algorithm>

#include "base/check.h"
#include "base/utf8.h"
#include "text/nfc_check.h"

namespace weft {
namespace {

bool is_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

// Unicode normalisation (UAX #15) by utf8proc's tables. Runs of combining marks are sorted here: utf8proc's own sort is
// quadratic in the length of a run, which a text can choose.
class NormalFormStep : public NormalizerStep {
 public:
  explicit NormalFormStep(NormalForm form)
      : compose_(form == NormalForm::kNfc || form == NormalForm::kNfkc),
        compatible_(form == NormalForm::kNfkc || form == NormalForm::kNfkd) {}

  bool leaves(std::string_view text) const override {
    return compose_ && !compatible_ ? is_surely_nfc(text) : is_ascii(text);
  }

  void apply(std::string& text) const override {
    if (leaves(text)) return;
    std::vector<utf8proc_int32_t> points = decompose(text);
    sort_marks(points);
    auto count = static_cast<utf8proc_ssize_t>(points.size());
    if (compose_) {
      count = utf8proc_normalize_utf32(points.data(), count,
                                       static_cast<utf8proc_option_t>(UTF8PROC_COMPOSE | UTF8PROC_STABLE));
      CHECK(count >= 0);
    }
    text.clear();
    for (utf8proc_ssize_t i = 0; i < count; ++i)
      append_utf8(text, static_cast<char32_t>(points[static_cast<size_t>(i)]));
  }

 private:
  std::vector<utf8proc_int32_t> decompose(std::string_view text) const {
    int options = UTF8PROC_DECOMPOSE | UTF8PROC_STABLE | (compatible_ ? UTF8PROC_COMPAT : 0);
    std::vector<utf8proc_int32_t> out;
    out.reserve(text.size());
    utf8proc_int32_t parts[32];  // the longest decomposition has 18 code points
    for (size_t pos = 0; pos < text.size();) {
      int boundary = 0;
      auto code = static_cast<utf8proc_int32_t>(decode_utf8(text, pos));
      utf8proc_ssize_t n =
          utf8proc_decompose_char(code, parts, std::size(parts), static_cast<utf8proc_option_t>(options), &boundary);
      CHECK(n >= 0 && n <= static_cast<utf8proc_ssize_t>(std::size(parts)));
      out.insert(out.end(), parts, parts + n);
    }
    return out;
  }

  static int combining_class(utf8proc_int32_t code) { return utf8proc_get_property(code)->combining_class; }

  static void sort_marks(std::vector<utf8proc_int32_t>& points) {
    for (size_t i = 0; i < points.size(); ++i) {
      if (combining_class(points[i]) == 0) continue;
      size_t end = i;
      while (end < points.size() && combining_class(points[end]) != 0) ++end;
      std::stable_sort(points.begin() + static_cast<ptrdiff_t>(i), points.begin() + static_cast<ptrdiff_t>(end),
                       [](auto a, auto b) { return combining_class(a) < combining_class(b); });
      i = end - 1;
    }
  }

  bool compose_;
  bool compatible_;
};

class PrependStep : public NormalizerStep {
 public:
  explicit PrependStep(std::string prefix) : prefix_(std::move(prefix)) {}
  void apply(std::string& text) const override {
    if (!text.empty()) text.insert(0, prefix_);
  }

 private:
  std::string prefix_;
};

class ReplaceStep : public NormalizerStep {
 public:
  ReplaceStep(std::string from, std::string to) : from_(std::move(from)), to_(std::move(to)) {}
  void apply(std::string& text) const override {
    size_t at = text.find(from_);
    if (at == std::string::npos || from_.empty()) return;
    std::string out;
    out.reserve(text.size() + text.size() / 4);
    size_t done = 0;
    for (; at != std::string::npos; at = text.find(from_, done)) {
      out.append(text, done, at - done);
      out += to_;
      done = at + from_.size();
    }
    out.append(text, done);
    text = std::move(out);
  }

 private:
  std::string from_, to_;
};

class ReplacePatternStep : public NormalizerStep {
 public:
  ReplacePatternStep(SplitPattern from, std::string to) : from_(std::move(from)), to_(std::move(to)) {}
  void apply(std::string& text) const override { text = from_.replace_all(text, to_); }

 private:
  SplitPattern from_;
  std::string to_;
};

class LowercaseStep : public NormalizerStep {
 public:
  void apply(std::string& text) const override {
    std::string out;
    out.reserve(text.size());
    for (size_t pos = 0; pos < text.size();) {
      auto code = static_cast<utf8proc_int32_t>(decode_utf8(text, pos));
      if (code == 0x130) {  // the one letter whose lower case is two characters
        out += "i\xCC\x87";
      } else {
        append_utf8(out, static_cast<char32_t>(utf8proc_tolower(code)));
      }
    }
    text = std::move(out);
  }
};

}  // namespace

std::unique_ptr<NormalizerStep> normal_form_step(NormalForm form) { return std::make_unique<NormalFormStep>(form); }
std::unique_ptr<NormalizerStep> prepend_step(std::string prefix) {
  return std::make_unique<PrependStep>(std::move(prefix));
}
std::unique_ptr<NormalizerStep> replace_step(std::string from, std::string to) {
  return std::make_unique<ReplaceStep>(std::move(from), std::move(to));
}
std::unique_ptr<NormalizerStep> replace_step(SplitPattern from, std::string to) {
  return std::make_unique<ReplacePatternStep>(std::move(from), std::move(to));
}
std::unique_ptr<NormalizerStep> lowercase_step() { return std::make_unique<LowercaseStep>(); }

bool changes(const Normalizer& normalizer, std::string_view text) {
  return !std::all_of(normalizer.begin(), normalizer.end(), [text](const auto& step) { return step->leaves(text); });
}

std::string normalize(const Normalizer& normalizer, std::string_view text) {
  std::string out(text);
  for (const auto& step : normalizer) step->apply(out);
  return out;
}

}  // namespace weft
