// \p{..}: general categories from utf8proc's tables; scripts and yes-or-no properties as PCRE2 knows them.
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <utf8proc.h>

#include <algorithm>
#include <array>
#include <memory>
#include <string>

#include "base/utf8.h"
#include "grammar/code_point_set.h"

namespace weft {

const CodePointSet& digit_set() {
  static const CodePointSet set{{'0', '9'}};
  return set;
}
const CodePointSet& word_set() {
  static const CodePointSet set{{'0', '9'}, {'A', 'Z'}, {'_', '_'}, {'a', 'z'}};
  return set;
}
const CodePointSet& space_set() {
  static const CodePointSet set{{0x09, 0x0D},     {0x20, 0x20},     {0xA0, 0xA0},     {0x1680, 0x1680},
                                {0x2000, 0x200A}, {0x2028, 0x2029}, {0x202F, 0x202F}, {0x205F, 0x205F},
                                {0x3000, 0x3000}, {0xFEFF, 0xFEFF}};
  return set;
}
const CodePointSet& not_newline_set() {
  static const CodePointSet set = CodePointSet{{'\n', '\n'}, {'\r', '\r'}, {0x2028, 0x2029}}.complement();
  return set;
}

namespace {

// In utf8proc's order of categories.
constexpr std::array<std::string_view, 30> kCategories = {"Cn", "Lu", "Ll", "Lt", "Lm", "Lo", "Mn", "Mc", "Me", "Nd",
                                                          "Nl", "No", "Pc", "Pd", "Ps", "Pe", "Pi", "Pf", "Po", "Sm",
                                                          "Sc", "Sk", "So", "Zs", "Zl", "Zp", "Cc", "Cf", "Cs", "Co"};

const std::array<CodePointSet, kCategories.size()>& category_sets() {
  static const std::array<CodePointSet, kCategories.size()> sets = [] {
    std::array<CodePointSet, kCategories.size()> out;
    char32_t first = 0;
    int category = utf8proc_category(0);
    for (char32_t c = 1; c <= CodePointSet::kMax + 1; ++c) {
      const int here = c <= CodePointSet::kMax ? static_cast<int>(utf8proc_category(static_cast<int32_t>(c))) : -1;
      if (here == category) continue;
      out[static_cast<size_t>(category)].add(first, c - 1);
      first = c;
      category = here;
    }
    return out;
  }();
  return sets;
}

struct LongName {
  std::string_view name, code;  // a code of one letter stands for all that begin with it
};
constexpr LongName kLongNames[] = {
    {"Letter", "L"},
    {"Cased_Letter", "LC"},
    {"Uppercase_Letter", "Lu"},
    {"Lowercase_Letter", "Ll"},
    {"Titlecase_Letter", "Lt"},
    {"Modifier_Letter", "Lm"},
    {"Other_Letter", "Lo"},
    {"Mark", "M"},
    {"Combining_Mark", "M"},
    {"Nonspacing_Mark", "Mn"},
    {"Spacing_Mark", "Mc"},
    {"Enclosing_Mark", "Me"},
    {"Number", "N"},
    {"Decimal_Number", "Nd"},
    {"digit", "Nd"},
    {"Letter_Number", "Nl"},
    {"Other_Number", "No"},
    {"Punctuation", "P"},
    {"punct", "P"},
    {"Connector_Punctuation", "Pc"},
    {"Dash_Punctuation", "Pd"},
    {"Open_Punctuation", "Ps"},
    {"Close_Punctuation", "Pe"},
    {"Initial_Punctuation", "Pi"},
    {"Final_Punctuation", "Pf"},
    {"Other_Punctuation", "Po"},
    {"Symbol", "S"},
    {"Math_Symbol", "Sm"},
    {"Currency_Symbol", "Sc"},
    {"Modifier_Symbol", "Sk"},
    {"Other_Symbol", "So"},
    {"Separator", "Z"},
    {"Space_Separator", "Zs"},
    {"Line_Separator", "Zl"},
    {"Paragraph_Separator", "Zp"},
    {"Other", "C"},
    {"Control", "Cc"},
    {"cntrl", "Cc"},
    {"Format", "Cf"},
    {"Surrogate", "Cs"},
    {"Private_Use", "Co"},
    {"Unassigned", "Cn"},
};

// False when there is no such category.
bool add_category(std::string_view name, CodePointSet& out) {
  for (const LongName& long_name : kLongNames) {
    if (name == long_name.name) name = long_name.code;
  }
  bool found = false;
  for (size_t i = 0; i < kCategories.size(); ++i) {
    const std::string_view code = kCategories[i];
    const bool cased = name == "LC" && (code == "Lu" || code == "Ll" || code == "Lt");
    if (!cased && code != name && !(name.size() == 1 && code.front() == name.front())) continue;
    out.add(category_sets()[i]);
    found = true;
  }
  return found;
}

// Every character once, in order: what a property is asked of.
const std::string& all_characters() {
  static const std::string text = [] {
    std::string out;
    for (char32_t c = 0; c <= CodePointSet::kMax; ++c) {
      if (c < 0xD800 || c > 0xDFFF) append_utf8(out, c);
    }
    return out;
  }();
  return text;
}

struct FreeCode {
  void operator()(pcre2_code* code) const { pcre2_code_free(code); }
};
struct FreeMatch {
  void operator()(pcre2_match_data* match) const { pcre2_match_data_free(match); }
};

// `property`: letters, digits, '_', '=' and ':' only. A run of characters is one match, so that no step backtracks.
bool add_pcre2_property(const std::string& property, CodePointSet& out) {
  const std::string pattern = "\\p{" + property + "}++";
  int code_number = 0;
  PCRE2_SIZE offset = 0;
  const std::unique_ptr<pcre2_code, FreeCode> code(pcre2_compile(reinterpret_cast<PCRE2_SPTR>(pattern.data()),
                                                                 pattern.size(), PCRE2_UTF | PCRE2_NO_UTF_CHECK,
                                                                 &code_number, &offset, nullptr));
  if (code == nullptr) return false;
  pcre2_jit_compile(code.get(), PCRE2_JIT_COMPLETE);  // without it the same, slower
  const std::unique_ptr<pcre2_match_data, FreeMatch> match(pcre2_match_data_create(1, nullptr));
  if (match == nullptr) return false;
  const std::string& text = all_characters();
  size_t at = 0;
  while (at < text.size() && pcre2_match(code.get(), reinterpret_cast<PCRE2_SPTR>(text.data()), text.size(), at,
                                         PCRE2_NO_UTF_CHECK, match.get(), nullptr) > 0) {
    const PCRE2_SIZE* span = pcre2_get_ovector_pointer(match.get());
    size_t first = span[0];
    size_t last = span[1] - 1;
    while ((static_cast<uint8_t>(text[last]) & 0xC0) == 0x80) --last;
    const char32_t from = decode_utf8(text, first);
    const char32_t to = decode_utf8(text, last);
    // One run may go over the gap of the surrogates, which have no properties of interest.
    out.add(from, to);
    at = span[1];
  }
  return true;
}

bool is_name(std::string_view name) {
  return !name.empty() && name.size() <= 64 && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  });
}

}  // namespace

Result<CodePointSet> unicode_property(std::string_view name, std::string_view value) {
  CodePointSet out;
  const auto unknown = [&] {
    return make_error(ErrorCode::kInvalidValue, "There is no Unicode property {}{}{}.", name, value.empty() ? "" : "=",
                      value);
  };
  if (!is_name(name) || (!value.empty() && !is_name(value))) return unknown();
  if (value.empty()) {
    if (name == "Any") return CodePointSet{{0, CodePointSet::kMax}};
    if (name == "Assigned") {
      CodePointSet unassigned;
      add_category("Cn", unassigned);
      return unassigned.complement();
    }
    if (add_category(name, out)) return out;
    // PCRE2's own names (Xan, L&) are nobody else's.
    if (name.front() != 'X' && add_pcre2_property(std::string(name), out)) return out;
    return unknown();
  }
  if (name == "General_Category" || name == "gc") {
    if (add_category(value, out)) return out;
    return unknown();
  }
  std::string_view kind;
  if (name == "Script" || name == "sc") kind = "sc:";
  if (name == "Script_Extensions" || name == "scx") kind = "scx:";
  if (kind.empty() || !add_pcre2_property(std::string(kind) + std::string(value), out)) return unknown();
  return out;
}

}  // namespace weft
