#include <algorithm>

#include "base/utf8.h"
#include "grammar/schema_scalars.h"

namespace weft::schema {
namespace {

constexpr int64_t kLongestProduct = 2'000;  // automaton states that a length may cost
constexpr size_t kFewTexts = 1'000;

bool same_range(const StringShape& a, const StringShape& b) {
  return a.min_chars == b.min_chars && a.max_chars == b.max_chars;
}

bool is_everything(const StringShape& part) { return part.text == nullptr && part.min_chars == 0 && !part.max_chars; }

bool is_possible(const StringShape& part) {
  if (part.text != nullptr && part.text->is_empty()) return false;
  return !part.max_chars || part.min_chars <= *part.max_chars;
}

// Both without an automaton: one range where they touch.
bool join_ranges(StringShape& into, const StringShape& part) {
  const StringShape& low = into.min_chars <= part.min_chars ? into : part;
  const StringShape& high = into.min_chars <= part.min_chars ? part : into;
  if (low.max_chars && *low.max_chars + 1 < high.min_chars) return false;
  StringShape joined{nullptr, low.min_chars, {}};
  if (low.max_chars && high.max_chars) joined.max_chars = std::max(*low.max_chars, *high.max_chars);
  into = joined;
  return true;
}

int64_t count_chars(std::string_view text) {
  return std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<uint8_t>(c) & 0xC0) != 0x80; });
}

}  // namespace

Result<StringValue> StringDomain::unite(const Value& a, const Value& b) {
  Value out = a;
  for (StringShape part : b) {
    // A part that has grown may now touch another one.
    for (size_t i = 0; i < out.size();) {
      bool merged = false;
      if (is_everything(out[i]) || is_everything(part)) {
        part = StringShape{};
        merged = true;
      } else if (out[i].text == nullptr && part.text == nullptr) {
        StringShape joined = out[i];
        merged = join_ranges(joined, part);
        if (merged) part = joined;
      } else if (out[i].text != nullptr && part.text != nullptr && same_range(out[i], part)) {
        TRY_ASSIGN(part.text, automata_.unite(out[i].text, part.text));
        merged = true;
      }
      if (merged) {
        out.erase(out.begin() + static_cast<std::ptrdiff_t>(i));
        i = 0;
      } else {
        ++i;
      }
    }
    out.push_back(std::move(part));
  }
  return out;
}

Result<StringValue> StringDomain::intersect(const Value& a, const Value& b) {
  if (a.size() == 1 && is_everything(a[0])) return b;
  if (b.size() == 1 && is_everything(b[0])) return a;
  TRY(automata_.budget().spend(a.size() * b.size()));
  Value out;
  for (const StringShape& first : a) {
    for (const StringShape& second : b) {
      StringShape both;
      TRY_ASSIGN(both.text, automata_.intersect(first.text, second.text));
      both.min_chars = std::max(first.min_chars, second.min_chars);
      both.max_chars = first.max_chars;
      if (second.max_chars) both.max_chars = std::min(first.max_chars.value_or(*second.max_chars), *second.max_chars);
      if (!is_possible(both)) continue;
      TRY_ASSIGN(out, unite(out, {std::move(both)}));
    }
  }
  return out;
}

Result<StringValue> StringDomain::complement(const Value& value) {
  Value out = all();
  for (const StringShape& part : value) {
    Value others;
    if (part.text != nullptr) {
      TRY_ASSIGN(DfaPtr texts, automata_.subtract(automata_.all_texts(), part.text));
      if (!texts->is_empty()) others.push_back({std::move(texts), 0, {}});
    }
    if (part.min_chars > 0) others.push_back({nullptr, 0, part.min_chars - 1});
    if (part.max_chars) others.push_back({nullptr, *part.max_chars + 1, {}});
    TRY_ASSIGN(out, intersect(out, others));
  }
  return out;
}

bool StringDomain::disjoint(const Value& a, const Value& b) {
  Result<Value> both = intersect(a, b);
  return both && is_none(*both);
}

Result<StringValue> StringDomain::positive(const Atom& atom) {
  if (const auto* types = std::get_if<TypesAtom>(&atom.what)) {
    return (types->types & kString) == 0 ? none() : all();
  }
  if (const auto* scalars = std::get_if<ScalarsAtom>(&atom.what)) {
    if (scalars->strings.empty()) return none();
    TRY_ASSIGN(DfaPtr texts, automata_.texts(scalars->strings));
    return Value{{std::move(texts), 0, {}}};
  }
  if (const auto* length = std::get_if<LengthAtom>(&atom.what)) {
    StringShape part{nullptr, length->min, length->max};
    return is_possible(part) ? Value{part} : none();
  }
  return all();
}

Result<StringValue> StringDomain::atom(const Atom& atom, Literal literal) {
  const auto* pattern = std::get_if<PatternAtom>(&atom.what);
  const auto* format = std::get_if<FormatAtom>(&atom.what);
  Value value;
  if (pattern != nullptr || format != nullptr) {
    Result<DfaPtr> texts = pattern != nullptr ? automata_.pattern(pattern->pattern) : automata_.format(format->format);
    if (!texts) {
      TRY(automata_.budget().spend(1));  // rather than the pattern's fault
      unenforced_.add(atom, texts.error().message);
      return all();
    }
    StringShape part{*texts, 0, {}};
    if (is_possible(part)) value.push_back(std::move(part));
  } else if (std::holds_alternative<UnknownAtom>(atom.what)) {
    return all();
  } else {
    TRY_ASSIGN(value, positive(atom));
  }
  if (!literal.negative()) return value;
  Result<Value> others = complement(value);
  if (others) return others;
  TRY(automata_.budget().spend(1));
  unenforced_.add(atom, others.error().message);
  return all();
}

Status StringDomain::finish(StringShape part, Value& out) {
  bool bounded = part.min_chars > 0 || part.max_chars;
  if (part.text == nullptr || !bounded) {
    out.push_back(std::move(part));
    return {};
  }
  dfa::LengthRange lengths = dfa::char_lengths(*part.text);
  if (lengths.min >= part.min_chars) part.min_chars = 0;
  if (part.max_chars && lengths.max && *lengths.max <= *part.max_chars) part.max_chars.reset();
  if (part.max_chars && lengths.min > *part.max_chars) return {};
  if (lengths.max && *lengths.max < part.min_chars) return {};
  if (part.min_chars == 0 && !part.max_chars) {
    out.push_back(std::move(part));
    return {};
  }
  if (auto texts = dfa::enumerate(*part.text, kFewTexts)) {
    std::erase_if(*texts, [&](const std::string& text) {
      int64_t chars = count_chars(text);
      return chars < part.min_chars || (part.max_chars && chars > *part.max_chars);
    });
    if (texts->empty()) return {};
    TRY_ASSIGN(DfaPtr some, automata_.texts(*texts));
    out.push_back({std::move(some), 0, {}});
    return {};
  }
  // Beside an automaton, a bound may leave nothing although it is between the shortest and the longest text.
  int64_t longest = std::max(part.min_chars, part.max_chars.value_or(0));
  if (longest * part.text->num_states() > kLongestProduct) {
    TRY_ASSIGN(bool holds_some, automata_.has_length(*part.text, part.min_chars, part.max_chars));
    if (holds_some) out.push_back(std::move(part));
    return {};
  }
  TRY_ASSIGN(DfaPtr length, automata_.length(part.min_chars, part.max_chars));
  TRY_ASSIGN(DfaPtr both, automata_.intersect(part.text, length));
  if (!both->is_empty()) out.push_back({std::move(both), 0, {}});
  return {};
}

Result<StringValue> StringDomain::finished(const Value& value) {
  Value out;
  for (const StringShape& part : value) TRY(finish(part, out));
  Value merged;
  for (StringShape& part : out) {
    TRY_ASSIGN(merged, unite(merged, {std::move(part)}));
  }
  return merged;
}

Result<DfaPtr> StringDomain::automaton(const Value& value) {
  DfaPtr sum = std::make_shared<const Dfa>(dfa::nothing());
  for (const StringShape& part : value) {
    if (is_everything(part)) return DfaPtr();
    DfaPtr texts = part.text;
    if (part.min_chars > 0 || part.max_chars) {
      TRY_ASSIGN(DfaPtr length, automata_.length(part.min_chars, part.max_chars));
      TRY_ASSIGN(texts, automata_.intersect(part.text, length));
    }
    TRY_ASSIGN(sum, automata_.unite(sum, texts));
  }
  return sum;
}

}  // namespace weft::schema
