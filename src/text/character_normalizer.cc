// The normalizer steps that look at one character after the other.
#include "base/utf8.h"
#include "text/byte_level.h"
#include "text/characters.h"
#include "text/normalizer.h"

namespace weft {
namespace {

// A step that writes every character anew: `write(code, out)`.
template <class Write>
class CharacterStep : public NormalizerStep {
 public:
  explicit CharacterStep(Write write) : write_(std::move(write)) {}
  void apply(std::string& text) const override {
    std::string out;
    out.reserve(text.size() + text.size() / 8);
    for (size_t pos = 0; pos < text.size();) write_(decode_utf8(text, pos), out);
    text = std::move(out);
  }

 private:
  Write write_;
};

template <class Write>
std::unique_ptr<NormalizerStep> character_step(Write write) {
  return std::make_unique<CharacterStep<Write>>(std::move(write));
}

class StripStep : public NormalizerStep {
 public:
  StripStep(bool left, bool right) : left_(left), right_(right) {}
  void apply(std::string& text) const override {
    size_t begin = 0;
    size_t end = 0;  // behind the last character that is no space
    bool leading = true;
    for (size_t pos = 0; pos < text.size();) {
      size_t at = pos;
      if (is_white_space(decode_utf8(text, pos))) continue;
      if (leading) begin = at;
      leading = false;
      end = pos;
    }
    if (leading) {
      if (left_ || right_) text.clear();
      return;
    }
    if (right_) text.erase(end);
    if (left_) text.erase(0, begin);
  }

 private:
  bool left_, right_;
};

class ByteAlphabetNormalStep : public NormalizerStep {
 public:
  void apply(std::string& text) const override { text = to_byte_level(text); }
};

// The four changes of BertNormalizer, one after the other.
class BertStep : public NormalizerStep {
 public:
  explicit BertStep(const BertNormalization& options) {
    if (options.clean_text) steps_.push_back(character_step(clean));
    if (options.handle_chinese_chars) steps_.push_back(character_step(set_apart));
    if (options.strip_accents) {
      steps_.push_back(normal_form_step(NormalForm::kNfd));
      steps_.push_back(character_step([](char32_t code, std::string& out) {
        if (!is_nonspacing_mark(code)) append_utf8(out, code);
      }));
    }
    if (options.lowercase) steps_.push_back(lowercase_step());
  }
  void apply(std::string& text) const override {
    for (const auto& step : steps_) step->apply(text);
  }

 private:
  static void clean(char32_t code, std::string& out) {
    if (code == '\t' || code == '\n' || code == '\r') {
      out += ' ';
    } else if (code == 0 || code == 0xFFFD || is_other(code)) {
      return;
    } else if (is_white_space(code)) {
      out += ' ';
    } else {
      append_utf8(out, code);
    }
  }
  static void set_apart(char32_t code, std::string& out) {
    bool ideograph = is_bert_ideograph(code);
    if (ideograph) out += ' ';
    append_utf8(out, code);
    if (ideograph) out += ' ';
  }

  std::vector<std::unique_ptr<NormalizerStep>> steps_;
};

void write_nmt(char32_t code, std::string& out) {
  bool removed = (code >= 0x01 && code <= 0x08) || code == 0x0B || (code >= 0x0E && code <= 0x1F) || code == 0x7F ||
                 code == 0x8F || code == 0x9F;
  if (removed) return;
  bool space = code == 0x09 || code == 0x0A || code == 0x0C || code == 0x0D || code == 0x1680 ||
               (code >= 0x200B && code <= 0x200F) || code == 0x2028 || code == 0x2029 || code == 0x2581 ||
               code == 0xFEFF || code == 0xFFFD;
  append_utf8(out, space ? U' ' : code);
}

}  // namespace

std::unique_ptr<NormalizerStep> strip_step(bool left, bool right) { return std::make_unique<StripStep>(left, right); }

std::unique_ptr<NormalizerStep> strip_accents_step() {
  return character_step([](char32_t code, std::string& out) {
    if (!is_mark(code)) append_utf8(out, code);
  });
}

std::unique_ptr<NormalizerStep> nmt_step() { return character_step(write_nmt); }
std::unique_ptr<NormalizerStep> byte_alphabet_normal_step() { return std::make_unique<ByteAlphabetNormalStep>(); }
std::unique_ptr<NormalizerStep> bert_step(const BertNormalization& options) {
  return std::make_unique<BertStep>(options);
}

}  // namespace weft
