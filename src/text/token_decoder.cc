#include "text/token_decoder.h"

#include "base/utf8.h"
#include "text/byte_level.h"

namespace weft {
namespace {

void replace_all(std::string& text, std::string_view from, std::string_view to) {
  if (from.empty()) return;
  size_t at = text.find(from);
  if (at == std::string::npos) return;
  std::string out;
  size_t done = 0;
  for (; at != std::string::npos; at = text.find(from, done)) {
    out.append(text, done, at - done);
    out += to;
    done = at + from.size();
  }
  out.append(text, done);
  text = std::move(out);
}

// English punctuation and contractions, in this order, as Hugging Face's decoders do it.
void clean_up(std::string& text) {
  constexpr std::pair<std::string_view, std::string_view> kRules[] = {
      {" .", "."},   {" ?", "?"},           {" !", "!"},   {" ,", ","},     {" ' ", "'"},   {" n't", "n't"},
      {" 'm", "'m"}, {" do not", " don't"}, {" 's", "'s"}, {" 've", "'ve"}, {" 're", "'re"}};
  for (auto [from, to] : kRules) replace_all(text, from, to);
}

// A step that is one function.
template <class Function>
class FunctionStep : public DecodeStep {
 public:
  explicit FunctionStep(Function function, bool reads_added = true)
      : function_(std::move(function)), reads_added_(reads_added) {}
  void apply(std::string& text, bool first) const override { function_(text, first); }
  bool reads_added_tokens() const override { return reads_added_; }

 private:
  Function function_;
  bool reads_added_;
};

template <class Function>
std::unique_ptr<DecodeStep> make_step(Function function, bool reads_added = true) {
  return std::make_unique<FunctionStep<Function>>(std::move(function), reads_added);
}

}  // namespace

std::unique_ptr<DecodeStep> byte_level_decoding() {
  return make_step([](std::string& text, bool) { text = from_byte_level(text); }, false);
}

std::unique_ptr<DecodeStep> byte_fallback_decoding() {
  return make_step(
      [](std::string& text, bool) {
        if (int byte = byte_token_value(text); byte >= 0) text.assign(1, static_cast<char>(byte));
      },
      false);
}

std::unique_ptr<DecodeStep> metaspace_decoding(std::string mark, bool strips_first) {
  return make_step([mark = std::move(mark), strips_first](std::string& text, bool first) {
    replace_all(text, mark, first && strips_first ? "" : " ");
  });
}

std::unique_ptr<DecodeStep> word_piece_decoding(std::string prefix, bool cleanup) {
  return make_step([prefix = std::move(prefix), cleanup](std::string& text, bool first) {
    if (!first) {
      if (text.starts_with(prefix)) {
        text.erase(0, prefix.size());
      } else {
        text.insert(0, 1, ' ');
      }
    }
    if (cleanup) clean_up(text);
  });
}

std::unique_ptr<DecodeStep> word_end_decoding(std::string suffix) {
  return make_step([suffix = std::move(suffix)](std::string& text, bool) { replace_all(text, suffix, " "); });
}

std::unique_ptr<DecodeStep> ctc_decoding(std::string pad, std::string word_delimiter, bool cleanup) {
  return make_step(
      [pad = std::move(pad), word_delimiter = std::move(word_delimiter), cleanup](std::string& text, bool) {
        replace_all(text, pad, "");
        if (!cleanup) return;
        clean_up(text);
        replace_all(text, word_delimiter, " ");
      });
}

std::unique_ptr<DecodeStep> strip_decoding(std::string content, size_t start, size_t stop) {
  return make_step([content = std::move(content), start, stop](std::string& text, bool) {
    for (size_t i = 0; i < start && text.starts_with(content); ++i) text.erase(0, content.size());
    for (size_t i = 0; i < stop && text.ends_with(content); ++i) text.erase(text.size() - content.size());
  });
}

std::unique_ptr<DecodeStep> replace_decoding(std::string from, std::string to) {
  return make_step(
      [from = std::move(from), to = std::move(to)](std::string& text, bool) { replace_all(text, from, to); });
}

std::unique_ptr<DecodeStep> replace_decoding(SplitPattern from, std::string to) {
  auto pattern = std::make_shared<const SplitPattern>(std::move(from));
  return make_step([pattern, to = std::move(to)](std::string& text, bool) {
    if (is_valid_utf8(text)) text = pattern->replace_all(text, to);
  });
}

std::unique_ptr<DecodeStep> spaced_decoding() {
  return make_step([](std::string& text, bool first) {
    if (!first) text.insert(0, 1, ' ');
  });
}

std::unique_ptr<DecodeStep> leading_space_decoding() {
  return make_step([](std::string& text, bool first) {
    if (first && text.starts_with(' ')) text.erase(0, 1);
  });
}

std::unique_ptr<DecodeStep> unknown_decoding(std::string form, std::string text) {
  return make_step([form = std::move(form), to = std::move(text)](std::string& piece, bool) {
    if (piece == form) piece = to;
  });
}

TokenDecoder sentence_piece_decoder(bool strips_space) {
  TokenDecoder out;
  out.steps.push_back(metaspace_decoding("\xE2\x96\x81", false));
  if (strips_space) {
    out.steps.push_back(leading_space_decoding());  // before the bytes: "<0x20>" stays
    out.rules.start = DecodeStart::kFirstSpace;
  }
  out.steps.push_back(byte_fallback_decoding());
  out.rules.replaces_each_byte = true;
  return out;
}

void TokenTexts::Texts::add(std::string_view text) {
  bytes_ += text;
  ends_.push_back(static_cast<uint32_t>(bytes_.size()));
}

std::string_view TokenTexts::Texts::at(int32_t id) const {
  auto index = static_cast<size_t>(id);
  if (id < 0 || index >= ends_.size()) return {};
  size_t begin = id == 0 ? 0 : ends_[index - 1];
  return std::string_view(bytes_).substr(begin, ends_[index] - begin);
}

TokenTexts::TokenTexts(const Vocabulary& vocabulary, const std::vector<AddedToken>& added,
                       const TokenDecoder& decoder) {
  std::vector<const AddedToken*> by_id(static_cast<size_t>(vocabulary.size()));
  for (const AddedToken& token : added) by_id[static_cast<size_t>(token.id)] = &token;
  std::string text;
  for (bool first : {false, true}) {
    if (first && decoder.rules.start == DecodeStart::kPlain) continue;
    for (int32_t id = 0; id < vocabulary.size(); ++id) {
      const AddedToken* token = by_id[static_cast<size_t>(id)];
      text = token != nullptr ? token->text : std::string(vocabulary.form(id));
      for (const auto& step : decoder.steps) {
        if (token == nullptr || step->reads_added_tokens()) step->apply(text, first);
      }
      (first ? first_ : inner_).add(text);
    }
  }
}

}  // namespace weft
