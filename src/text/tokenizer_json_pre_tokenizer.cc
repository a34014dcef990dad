// The "pre_tokenizer" of tokenizer.json.
#include "base/utf8.h"
#include "text/characters.h"
#include "text/tokenizer_json_steps.h"

namespace weft {
namespace {

// \w and \s of Rust's regular expressions, as ranges of a class: word characters are letters and what behaves like
// them, marks, decimal digits, connectors and joiners.
constexpr std::string_view kWordRanges = R"(\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\x{200C}\x{200D})";
constexpr std::string_view kSpaceRanges =
    R"(\x{09}-\x{0D}\x{20}\x{85}\x{A0}\x{1680}\x{2000}-\x{200A}\x{2028}\x{2029}\x{202F}\x{205F}\x{3000})";

// Scripts of Unicode 14 by their names in patterns. Kana count as Han, and a space continues any run.
constexpr std::string_view kScripts[] = {"Adlam",
                                         "Ahom",
                                         "Anatolian_Hieroglyphs",
                                         "Arabic",
                                         "Armenian",
                                         "Avestan",
                                         "Balinese",
                                         "Bamum",
                                         "Bassa_Vah",
                                         "Batak",
                                         "Bengali",
                                         "Bhaiksuki",
                                         "Bopomofo",
                                         "Brahmi",
                                         "Braille",
                                         "Buginese",
                                         "Buhid",
                                         "Canadian_Aboriginal",
                                         "Carian",
                                         "Caucasian_Albanian",
                                         "Chakma",
                                         "Cham",
                                         "Cherokee",
                                         "Common",
                                         "Coptic",
                                         "Cuneiform",
                                         "Cypriot",
                                         "Cyrillic",
                                         "Deseret",
                                         "Devanagari",
                                         "Duployan",
                                         "Egyptian_Hieroglyphs",
                                         "Elbasan",
                                         "Ethiopic",
                                         "Georgian",
                                         "Glagolitic",
                                         "Gothic",
                                         "Grantha",
                                         "Greek",
                                         "Gujarati",
                                         "Gurmukhi",
                                         "Hangul",
                                         "Hanunoo",
                                         "Hatran",
                                         "Hebrew",
                                         "Imperial_Aramaic",
                                         "Inherited",
                                         "Inscriptional_Pahlavi",
                                         "Inscriptional_Parthian",
                                         "Javanese",
                                         "Kaithi",
                                         "Kannada",
                                         "Kayah_Li",
                                         "Kharoshthi",
                                         "Khmer",
                                         "Khojki",
                                         "Khudawadi",
                                         "Lao",
                                         "Latin",
                                         "Lepcha",
                                         "Limbu",
                                         "Linear_A",
                                         "Linear_B",
                                         "Lisu",
                                         "Lycian",
                                         "Lydian",
                                         "Mahajani",
                                         "Malayalam",
                                         "Mandaic",
                                         "Manichaean",
                                         "Marchen",
                                         "Meetei_Mayek",
                                         "Mende_Kikakui",
                                         "Meroitic_Cursive",
                                         "Meroitic_Hieroglyphs",
                                         "Miao",
                                         "Modi",
                                         "Mongolian",
                                         "Mro",
                                         "Multani",
                                         "Myanmar",
                                         "Nabataean",
                                         "Newa",
                                         "New_Tai_Lue",
                                         "Nko",
                                         "Ogham",
                                         "Old_Hungarian",
                                         "Old_Italic",
                                         "Old_North_Arabian",
                                         "Old_Permic",
                                         "Old_Persian",
                                         "Old_South_Arabian",
                                         "Old_Turkic",
                                         "Ol_Chiki",
                                         "Oriya",
                                         "Osage",
                                         "Osmanya",
                                         "Pahawh_Hmong",
                                         "Palmyrene",
                                         "Pau_Cin_Hau",
                                         "Phags_Pa",
                                         "Phoenician",
                                         "Psalter_Pahlavi",
                                         "Rejang",
                                         "Runic",
                                         "Samaritan",
                                         "Saurashtra",
                                         "Sharada",
                                         "Shavian",
                                         "Siddham",
                                         "SignWriting",
                                         "Sinhala",
                                         "Sora_Sompeng",
                                         "Sundanese",
                                         "Syloti_Nagri",
                                         "Syriac",
                                         "Tagalog",
                                         "Tagbanwa",
                                         "Tai_Le",
                                         "Tai_Tham",
                                         "Tai_Viet",
                                         "Takri",
                                         "Tamil",
                                         "Tangut",
                                         "Telugu",
                                         "Thaana",
                                         "Thai",
                                         "Tibetan",
                                         "Tifinagh",
                                         "Tirhuta",
                                         "Ugaritic",
                                         "Vai",
                                         "Warang_Citi",
                                         "Yi"};

std::string script_pattern() {
  constexpr std::string_view kHan = R"(\p{Han}\p{Hiragana}\p{Katakana}\x{30FC})";
  std::string out = fmt::format(R"([{0}][{0}\x{{20}}]*)", kHan);
  for (std::string_view script : kScripts) {
    // The prolonged sound mark and the space are Common's own.
    std::string_view without = script == "Common" ? R"((?![\x{30FC}\x{20}]))" : "";
    out += fmt::format(R"(|{0}\p{{{1}}}(?:{2}\p{{{1}}}|\x{{20}})*)", without, script,
                       script == "Common" ? R"((?!\x{30FC}))" : "");
  }
  return out;
}

Result<SplitBehavior> parse_behavior(const JsonNode& step) {
  TRY_ASSIGN(auto name, step.text_at("behavior"));
  if (name == "Removed") return SplitBehavior::kRemoved;
  if (name == "Isolated") return SplitBehavior::kIsolated;
  if (name == "MergedWithPrevious") return SplitBehavior::kMergedWithPrevious;
  if (name == "MergedWithNext") return SplitBehavior::kMergedWithNext;
  if (name == "Contiguous") return SplitBehavior::kContiguous;
  return step.unsupported("the behavior");
}

Status add_split(PreTokenizer& steps, std::string_view pattern, SplitBehavior behavior, bool invert = false) {
  TRY_ASSIGN(auto compiled, SplitPattern::compile(pattern));
  steps.push_back(split_step(std::move(compiled), behavior, invert));
  return {};
}

Status add_split_step(const JsonNode& step, PreTokenizer& steps) {
  TRY_ASSIGN(auto pattern, parse_pattern(step));
  TRY_ASSIGN(auto behavior, parse_behavior(step));
  TRY_ASSIGN(bool invert, step.boolean_or("invert", false));
  TRY_ASSIGN(auto compiled, compile_pattern(step, pattern));
  steps.push_back(split_step(std::move(compiled), behavior, invert));
  return {};
}

Status add_metaspace(const JsonNode& step, PreTokenizer& steps) {
  TRY_ASSIGN(auto replacement, step.text_at("replacement"));
  if (replacement.empty()) return step.wrong("complete: its replacement is empty");
  TRY_ASSIGN(auto prepend, parse_prepend_scheme(step));
  TRY_ASSIGN(bool split, step.boolean_or("split", true));
  steps.push_back(metaspace_step(std::string(replacement), prepend, split));
  return {};
}

Status add_byte_level(const JsonNode& step, PreTokenizer& steps) {
  TRY_ASSIGN(bool prefix, step.boolean_or("add_prefix_space", true));
  TRY_ASSIGN(bool regex, step.boolean_or("use_regex", true));
  if (prefix) steps.push_back(prefix_space_step());
  if (regex) TRY(add_split(steps, gpt2_pattern(), SplitBehavior::kIsolated));
  return {};
}

Status add_fixed_length(const JsonNode& step, PreTokenizer& steps) {
  int64_t length = 5;
  if (auto node = step.find("length")) {
    TRY_ASSIGN(length, node->integer());
  }
  if (length < 1) return step.wrong("complete: its length is below 1");
  steps.push_back(fixed_length_step(static_cast<size_t>(length)));
  return {};
}

Status add_delimiter(const JsonNode& step, PreTokenizer& steps) {
  TRY_ASSIGN(auto delimiter, step.text_at("delimiter"));
  if (utf8_sequence_length(delimiter) != delimiter.size())
    return step.wrong("complete: its delimiter is not one character");
  TRY_ASSIGN(auto pattern, SplitPattern::literal(delimiter));
  steps.push_back(split_step(std::move(pattern), SplitBehavior::kRemoved, false));
  return {};
}

Status add_punctuation(const JsonNode& step, PreTokenizer& steps) {
  auto behavior = SplitBehavior::kIsolated;
  if (step.find("behavior")) {
    TRY_ASSIGN(behavior, parse_behavior(step));
  }
  steps.push_back(character_split_step(is_punctuation, behavior));
  return {};
}

Status add_pre_tokenizer(const JsonNode& step, std::string_view type, PreTokenizer& steps) {
  if (type == "Split") return add_split_step(step, steps);
  if (type == "Metaspace") return add_metaspace(step, steps);
  if (type == "Punctuation") return add_punctuation(step, steps);
  if (type == "CharDelimiterSplit") return add_delimiter(step, steps);
  if (type == "FixedLength") return add_fixed_length(step, steps);
  if (type == "UnicodeScripts") return add_split(steps, script_pattern(), SplitBehavior::kRemoved, true);
  if (type == "Whitespace") {
    std::string words = fmt::format("[{0}]+|[^{0}{1}]+", kWordRanges, kSpaceRanges);
    return add_split(steps, words, SplitBehavior::kRemoved, true);
  }
  if (type == "WhitespaceSplit" || type == "BertPreTokenizer") {
    steps.push_back(character_split_step(is_white_space, SplitBehavior::kRemoved));
    if (type == "BertPreTokenizer") steps.push_back(character_split_step(is_punctuation, SplitBehavior::kIsolated));
    return {};
  }
  if (type == "Digits") {
    TRY_ASSIGN(bool individual, step.boolean_or("individual_digits", false));
    steps.push_back(
        character_split_step(is_numeric, individual ? SplitBehavior::kIsolated : SplitBehavior::kContiguous));
    return {};
  }
  return unsupported_type(step, type);
}

}  // namespace

Result<ParsedPreTokenizer> parse_pre_tokenizer(const JsonNode& root) {
  TRY_ASSIGN(auto steps, flat_steps(root, "pre_tokenizer", "pretokenizers"));
  ParsedPreTokenizer out;
  for (const JsonNode& step : steps) {
    TRY_ASSIGN(auto type, step.text_at("type"));
    // The alphabet is the model's affair when nothing follows; a later step sees its characters.
    if (std::exchange(out.byte_level, false)) out.steps.push_back(byte_alphabet_step());
    if (type != "ByteLevel") {
      TRY(add_pre_tokenizer(step, type, out.steps));
      continue;
    }
    TRY(add_byte_level(step, out.steps));
    out.byte_level = true;
  }
  return out;
}

}  // namespace weft
