// JSON Schema's formats as regular expressions. Where a format asks for more than an automaton can know (Punycode,
// a name's total length), the language is smaller than the format, never larger.
#include <array>
#include <memory>
#include <string>
#include <utility>

#include "base/check.h"
#include "grammar/regex.h"

namespace weft {
namespace {

// RFC 3339, with real days of real months. Leap seconds where the clock shows UTC.
std::string date() {
  const std::string leap_year = R"((?:\d\d(?:0[48]|[2468][048]|[13579][26])|(?:0[48]|[2468][048]|[13579][26])00))";
  return R"((?:(?!0000)\d{4}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12]\d|3[01])|(?:0[469]|11)-(?:0[1-9]|[12]\d|30))"
         R"(|02-(?:0[1-9]|1\d|2[0-8]))|)" +
         leap_year + "-02-29)";
}
std::string time() {
  return R"((?:(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d+)?(?:[Zz]|[+\-](?:[01]\d|2[0-3]):[0-5]\d))"
         R"(|23:59:60(?:\.\d+)?(?:[Zz]|[+\-]00:00)))";
}
std::string date_time() { return date() + "[Tt]" + time(); }

// RFC 3339, appendix A.
std::string duration() {
  const std::string time_part = R"(T(?:\d+H(?:\d+M(?:\d+S)?)?|\d+M(?:\d+S)?|\d+S))";
  const std::string date_part = R"((?:\d+D|\d+M(?:\d+D)?|\d+Y(?:\d+M(?:\d+D)?)?))";
  return "P(?:" + date_part + "(?:" + time_part + ")?|" + time_part + R"(|\d+W))";
}

// RFC 5321 and 1123. "--" in the third and fourth place is that of Punycode or of nobody. The total of 253 characters
// is kept by two shapes: three long labels, or ten shorter ones.
std::string hostname() {
  const auto label = [](int inner) {
    return R"((?!\w\w--|\w---)[A-Za-z0-9](?:[A-Za-z0-9\-]{0,)" + std::to_string(inner) + "}[A-Za-z0-9])?";
  };
  return "(?:" + label(61) + R"((?:\.)" + label(61) + "){0,2}|" + label(22) + R"((?:\.)" + label(22) + "){0,9})";
}

std::string ipv4() {
  const std::string octet = R"((?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d))";
  return octet + R"((?:\.)" + octet + "){3}";
}

// RFC 4291 in RFC 3986's words.
std::string ipv6() {
  const std::string h = "[0-9A-Fa-f]{1,4}";
  const std::string end = "(?:" + h + ":" + h + "|" + ipv4() + ")";
  const auto groups = [&h](const std::string& count) { return "(?:" + h + ":){" + count + "}"; };
  const auto before = [&](int count) { return "(?:" + groups("0," + std::to_string(count)) + h + ")?::"; };
  return "(?:" + groups("6") + end + "|::" + groups("5") + end + "|(?:" + h + ")?::" + groups("4") + end + "|" +
         before(1) + groups("3") + end + "|" + before(2) + groups("2") + end + "|" + before(3) + h + ":" + end + "|" +
         before(4) + end + "|" + before(5) + h + "|" + before(6) + ")";
}

std::string uuid() { return "[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}"; }

// RFC 5321: dot-atom or quoted string before the @, a name or an address literal behind it. `more`: further
// characters of the part before the @.
std::string mailbox(const std::string& more, const std::string& domain) {
  const std::string atom = "[A-Za-z0-9!#$%&'*+/=?^_`{|}~" + more + "\\-]+";
  const std::string quoted = R"("(?:[ !#-\[\]-~)" + more + R"(]|\\[ -~])*")";
  return "(?:" + atom + "(?:\\." + atom + ")*|" + quoted + ")@(?:" + domain + R"(|\[(?:)" + ipv4() + "|IPv6:" + ipv6() +
         R"()\]))";
}
std::string email() { return mailbox("", hostname()); }

// Labels of scripts in which letters may stand in any order and case and normal form can't go wrong. With Punycode a
// letter takes up to four characters of the 63.
std::string international_label() {
  const std::string letter =
      R"(a-z0-9\u00DF-\u00F6\u00F8-\u00FF\u03AC-\u03CE\u0430-\u045F\u0904-\u0939\u0E01-\u0E30\u3005\u3007\u3041-\u3096)"
      R"(\u30A1-\u30FA\u30FC-\u30FE\u4E00-\u9FFF\uAC00-\uD7A3)";
  return R"((?![a-z0-9\-]{2}--)[)" + letter + "](?:[" + letter + R"(\-]{0,12}[)" + letter + "])?";
}
std::string idn_hostname() {
  const std::string label = international_label();
  return "(?:" + hostname() + "|" + label + R"((?:[.\u3002\uFF0E\uFF61])" + label + "){0,3})";
}
std::string idn_email() {
  const std::string label = R"([A-Za-z0-9\u00A1-\u3001\u3003-\uFF0D\uFF0F-\uFF1F\uFF21-\uFF60\uFF62-\u{10FFFF}])";
  const std::string inner = label.substr(0, label.size() - 1) + R"(\-])";
  const std::string name = label + "(?:" + inner + "{0,61}" + label + ")?";
  return mailbox(R"(\u0080-\u{10FFFF})", hostname() + "|" + name + R"((?:\.)" + name + "){0,2}");
}

// RFC 3986; RFC 3987 with the further characters that it allows.
struct UriParts {
  std::string scheme, hierarchy, relative, tail;
};
UriParts uri_parts(bool international) {
  const std::string letters = international
                                  ? R"(\u00A0-\uD7FF\uF900-\uFDCF\uFDF0-\uFFEF\u{10000}-\u{1FFFD}\u{20000}-\u{2FFFD})"
                                    R"(\u{30000}-\u{3FFFD}\u{40000}-\u{4FFFD}\u{50000}-\u{5FFFD}\u{60000}-\u{6FFFD})"
                                    R"(\u{70000}-\u{7FFFD}\u{80000}-\u{8FFFD}\u{90000}-\u{9FFFD}\u{A0000}-\u{AFFFD})"
                                    R"(\u{B0000}-\u{BFFFD}\u{C0000}-\u{CFFFD}\u{D0000}-\u{DFFFD}\u{E1000}-\u{EFFFD})"
                                  : "";
  const std::string own = international ? R"(\uE000-\uF8FF\u{F0000}-\u{FFFFD}\u{100000}-\u{10FFFD})" : "";
  const std::string plain = letters + R"(A-Za-z0-9\-._~!$&'()*+,;=)";
  const auto one_of = [](const std::string& set) { return "(?:[" + set + "]|%[0-9A-Fa-f]{2})"; };
  const std::string segment = one_of(plain + ":@") + "*";
  const std::string segment_nz = one_of(plain + ":@") + "+";
  const std::string segments = "(?:/" + segment + ")*";
  const std::string literal = R"(\[(?:)" + ipv6() + R"(|[vV][0-9A-Fa-f]+\.[A-Za-z0-9\-._~!$&'()*+,;=:]+)\])";
  const std::string authority =
      "//(?:" + one_of(plain + ":") + "*@)?(?:" + literal + "|" + one_of(plain) + R"(*)(?::\d*)?)" + segments;
  UriParts parts;
  parts.scheme = R"([A-Za-z][A-Za-z0-9+\-.]*:)";
  parts.hierarchy = "(?:" + authority + "|/(?:" + segment_nz + segments + ")?|" + segment_nz + segments + "|)";
  parts.relative =
      "(?:" + authority + "|/(?:" + segment_nz + segments + ")?|" + one_of(plain + "@") + "+" + segments + "|)";
  parts.tail = R"((?:\?)" + one_of(plain + ":@/?" + own) + "*)?(?:#" + one_of(plain + ":@/?") + "*)?";
  return parts;
}
std::string absolute_uri(bool international) {
  const UriParts parts = uri_parts(international);
  return parts.scheme + parts.hierarchy + parts.tail;
}
std::string uri_or_relative(bool international) {
  const UriParts parts = uri_parts(international);
  return "(?:" + parts.scheme + parts.hierarchy + "|" + parts.relative + ")" + parts.tail;
}
std::string uri() { return absolute_uri(false); }
std::string uri_reference() { return uri_or_relative(false); }
std::string iri() { return absolute_uri(true); }
std::string iri_reference() { return uri_or_relative(true); }

// RFC 6570.
std::string uri_template() {
  const std::string escaped = "%[0-9A-Fa-f]{2}";
  const std::string name_char = "(?:[A-Za-z0-9_]|" + escaped + ")";
  const std::string variable = name_char + R"((?:\.?)" + name_char + R"()*(?::[1-9]\d{0,3}|\*)?)";
  return R"((?:[!#$&-;=?-\[\]_a-z~\u00A0-\uD7FF\uE000-\uFDCF\uFDF0-\uFFEF\u{10000}-\u{10FFFD}]|)" + escaped +
         R"(|\{[+#./;?&]?)" + variable + "(?:," + variable + R"()*\})*)";
}

// RFC 6901 and its relative form.
std::string json_pointer() { return "(?:/(?:[^~/]|~[01])*)*"; }
std::string relative_json_pointer() { return R"((?:0|[1-9]\d*)(?:#|)" + json_pointer() + ")"; }

// ECMA-262's regular expressions that can be told without counting: groups to a depth of kDepth, ranges of letters and
// digits, no names and no references.
std::string regex() {
  constexpr int kDepth = 4;
  const std::string escape =
      R"(\\(?:[dDwWsStnvfr^$\\.*+?()\[\]{}|/\-]|c[A-Za-z]|x[0-9A-Fa-f]{2}|u[0-9A-Fa-f]{4}|p\{L[ulto]?\}))";
  std::string range;
  for (const auto& [first, last] : {std::pair{'0', '9'}, std::pair{'A', 'Z'}, std::pair{'a', 'z'}}) {
    for (char c = first; c <= last; ++c) range += fmt::format("{}-[{}-{}]|", c, c, last);
  }
  const std::string in_class = "(?:" + range + R"([^\\\]\[\-\n\r\u2028\u2029]|)" + escape + ")";
  const std::string character_class = R"(\[\^?-?)" + in_class + R"(*-?\])";
  const std::string bounds = R"(\{(?:\d{1,3},?|\d,[1-9]\d{1,2}|0,\d)\})";
  const std::string quantifier = "(?:(?:[*+?]|" + bounds + R"()\??)?)";
  const std::string single = R"((?:[^\\()\[\]{}*+?|^$\n\r\u2028\u2029]|)" + escape + "|" + character_class + ")" +
                             quantifier + R"(|[$^]|\\[bB])";
  std::string inner = "(?:" + single + ")*";
  for (int depth = 0; depth < kDepth; ++depth) {
    inner = "(?:" + single + R"(|[|]|\((?:\?:)?)" + inner + R"(\))" + quantifier + ")*";
  }
  // Assertions, which nothing may repeat, on the outermost level.
  return "(?:" + inner + R"(|\(\?<?[=!])" + inner + R"(\))*)";
}

struct Format {
  std::string_view name;
  std::string (*pattern)();
};
constexpr Format kFormats[] = {
    {"date-time", date_time},
    {"date", date},
    {"time", time},
    {"duration", duration},
    {"email", email},
    {"idn-email", idn_email},
    {"hostname", hostname},
    {"idn-hostname", idn_hostname},
    {"ipv4", ipv4},
    {"ipv6", ipv6},
    {"uri", uri},
    {"uri-reference", uri_reference},
    {"iri", iri},
    {"iri-reference", iri_reference},
    {"uuid", uuid},
    {"uri-template", uri_template},
    {"json-pointer", json_pointer},
    {"relative-json-pointer", relative_json_pointer},
    {"regex", regex},
};

DfaPtr build(std::string (*pattern)()) {
  GrammarLimits own;  // not the client's: these patterns are ours
  own.regex_bytes = 64 * 1024;
  Result<Dfa> language = compile_regex(pattern(), RegexMatch::kWhole, own);
  CHECK(language.has_value());
  return std::make_shared<const Dfa>(std::move(*language));
}

// Each is built when it is first asked for.
template <size_t kIndex>
const DfaPtr& language_of() {
  static const DfaPtr language = build(kFormats[kIndex].pattern);
  return language;
}

template <size_t... kIndex>
constexpr auto language_table(std::index_sequence<kIndex...>) {
  return std::array<const DfaPtr& (*)(), sizeof...(kIndex)>{language_of<kIndex>...};
}

}  // namespace

Result<DfaPtr> format_language(std::string_view format, const GrammarLimits& limits) {
  static constexpr auto kTable = language_table(std::make_index_sequence<std::size(kFormats)>());
  for (size_t i = 0; i < std::size(kFormats); ++i) {
    if (kFormats[i].name != format) continue;
    const DfaPtr& language = kTable[i]();
    if (language->num_states() > limits.max_states) {
      return make_error(ErrorCode::kGrammarTooComplex, "The format '{}' needs {} states; at most {} are allowed.",
                        format, language->num_states(), limits.max_states);
    }
    return language;
  }
  return DfaPtr();
}

}  // namespace weft
