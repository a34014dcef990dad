#include "text/jinja/text_layout.h"

#include <algorithm>
#include <limits>

#include "text/jinja/characters.h"

namespace weft::jinja {
namespace {

bool is_line_end(char32_t c) {
  return (c >= 0x0A && c <= 0x0D) || (c >= 0x1C && c <= 0x1E) || c == 0x85 || c == 0x2028 || c == 0x2029;
}

size_t count_matches(std::string_view text, std::string_view from) {
  if (from.empty()) return count_characters(text) + 1;
  size_t count = 0;
  for (size_t pos = text.find(from); pos != std::string_view::npos; pos = text.find(from, pos + from.size())) ++count;
  return count;
}

// Words with the white space between them, as separate pieces; words also end after an inner hyphen.
std::vector<std::string_view> wrap_pieces(std::string_view line) {
  std::vector<std::string_view> out;
  size_t start = 0;
  bool space = false;
  for (size_t pos = 0; pos < line.size();) {
    size_t at = pos;
    char32_t c = next_character(line, pos);
    bool now_space = is_space(c);
    if (at > start && now_space != space) {
      out.push_back(line.substr(start, at - start));
      start = at;
    }
    space = now_space;
    if (c == '-' && at > start && pos < line.size()) {
      size_t before = at;
      size_t after = pos;
      if (is_letter(previous_character(line, before)) && is_letter(next_character(line, after))) {
        out.push_back(line.substr(start, pos - start));
        start = pos;
      }
    }
  }
  if (start < line.size()) out.push_back(line.substr(start));
  return out;
}

class Wrapper {
 public:
  Wrapper(Meter& meter, size_t width, bool break_words, std::string_view newline)
      : meter_(meter), width_(width), break_words_(break_words), newline_(newline) {}

  void line(std::string_view text) {
    if (!first_) add(newline_);
    first_ = false;
    std::string current;
    size_t size = 0;
    bool written = false;
    auto flush = [&](bool keeps_space = false) {
      std::string_view kept = keeps_space ? std::string_view(current) : strip_right(current);
      if (!kept.empty()) {
        if (written) add(newline_);
        add(kept);
        written = true;
      }
      current.clear();
      size = 0;
    };
    for (std::string_view piece : wrap_pieces(text)) {
      if (!meter_.charge()) return;
      bool blank = strip(piece).empty();
      if (blank && size == 0 && written) continue;
      size_t length = count_characters(piece);
      if (size + length > width_ && !blank && length > width_ && break_words_) {
        break_word(piece, length, current, size, flush);
        continue;
      }
      if (size + length > width_) flush();
      if (blank && size == 0 && written) continue;
      current += piece;
      size += length;
    }
    flush();
  }

  std::string take() { return std::move(out_); }

 private:
  template <class Flush>
  void break_word(std::string_view piece, size_t length, std::string& current, size_t& size, Flush& flush) {
    while (size + length > width_ && meter_.charge()) {
      if (size >= width_) flush(true);  // Python's textwrap takes an empty part of the word for the line's last
      size_t room = width_ - size;
      size_t cut = offset_of_character(piece, room);
      current += piece.substr(0, cut);
      piece.remove_prefix(cut);
      length -= room;
      flush();
    }
    current += piece;
    size += length;
  }

  void add(std::string_view text) {
    if (meter_.charge_text(text.size()) && meter_.charge_text(std::min(out_.size(), size_t{1}))) out_ += text;
  }

  Meter& meter_;
  size_t width_;
  bool break_words_;
  std::string_view newline_;
  std::string out_;
  bool first_ = true;
};

}  // namespace

Value replaced(Meter& meter, std::string_view text, std::string_view from, std::string_view to, Int count) {
  if (!meter.charge_text(text.size())) return {};
  size_t matches = count_matches(text, from);
  size_t times = count < 0 ? matches : static_cast<size_t>(std::min<Int>(count, Int{matches}));
  Int size = Int{text.size()} + Int{times} * (Int{to.size()} - Int{from.size()});
  if (size > Int{meter.limits().output_bytes} || !meter.charge_text(static_cast<size_t>(size))) {
    return meter.fail("the template makes a text of more than {} bytes", meter.limits().output_bytes);
  }
  std::string out;
  out.reserve(static_cast<size_t>(size));
  replace_all(out, text, from, to, times);
  return out;
}

Value justified(Meter& meter, std::string_view text, Int width, std::string_view fill, Justify how) {
  Int size = static_cast<Int>(count_characters(text));
  if (size >= width) return text;
  if (width > Int{meter.limits().output_bytes}) return meter.fail("a text of width {} is too long", width);
  size_t missing = static_cast<size_t>(width - size);
  if (!meter.charge_text(text.size() + missing * fill.size())) return {};
  // Python puts the odd blank of a centred text to the left when the width is odd.
  size_t left = how == Justify::kLeft ? 0 : how == Justify::kRight ? missing : missing / 2;
  if (how == Justify::kCenter) left += missing & static_cast<size_t>(width) & 1;
  std::string out;
  for (size_t i = 0; i < left; ++i) out += fill;
  out += text;
  for (size_t i = left; i < missing; ++i) out += fill;
  return out;
}

Value indented(Meter& meter, std::string_view text, std::string_view prefix, bool first, bool blank) {
  std::vector<std::string_view> lines = split_lines(text, false);
  // A newline at the end starts one more line, which is blank.
  if (text.empty() || is_line_end(static_cast<unsigned char>(text.back()))) lines.emplace_back();
  Int size = Int{text.size()} + Int{lines.size()} * Int{prefix.size() + 1};
  if (size > Int{meter.limits().output_bytes} || !meter.charge_text(static_cast<size_t>(size))) {
    return meter.fail("the template makes a text of more than {} bytes", meter.limits().output_bytes);
  }
  std::string out;
  for (size_t i = 0; i < lines.size(); ++i) {
    if (i > 0) out += '\n';
    if (i == 0 ? first : blank || !lines[i].empty()) out += prefix;
    out += lines[i];
  }
  return out;
}

Value wrapped(Meter& meter, std::string_view text, size_t width, bool break_words, std::string_view newline) {
  Wrapper wrapper(meter, width, break_words, newline);
  for (std::string_view line : split_lines(text, false)) wrapper.line(line);
  return wrapper.take();
}

std::vector<std::string_view> split_lines(std::string_view text, bool keep_ends) {
  std::vector<std::string_view> out;
  size_t start = 0;
  for (size_t pos = 0; pos < text.size();) {
    size_t at = pos;
    char32_t c = next_character(text, pos);
    if (!is_line_end(c)) continue;
    if (c == '\r' && pos < text.size() && text[pos] == '\n') ++pos;
    out.push_back(text.substr(start, (keep_ends ? pos : at) - start));
    start = pos;
  }
  if (start < text.size()) out.push_back(text.substr(start));
  return out;
}

}  // namespace weft::jinja
