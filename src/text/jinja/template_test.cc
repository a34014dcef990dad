// The language, rule by rule; every expectation is what Python's Jinja2 3.1 gives under the same configuration.
#include "text/jinja/template.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace weft::jinja {
namespace {

constexpr std::time_t kNow = 1752148800;  // 2025-07-10T12:00:00Z

std::string render(std::string_view source, std::string_view context = "{}") {
  auto json = parse_json(context);
  auto parsed = Template::parse(source);
  if (!json || !parsed) return "parse: " + (json ? parsed.error().message : json.error().message);
  auto rendered = parsed->render(json->as_object(), kNow);
  return rendered ? *rendered : "error: " + rendered.error().message;
}

TEST(Template, WhitespaceControl) {
  EXPECT_EQ(render("a\n  {% if 1 %}\n  b\n  {% endif %}\nc\n"), "a\n  b\nc");
  EXPECT_EQ(render("a\n  {%+ if 1 %}b{% endif +%}\nc"), "a\n  b\nc");
  EXPECT_EQ(render("a \n {%- if 1 -%} \n b \n {%- endif -%} \n c"), "abc");
  EXPECT_EQ(render("a\n  {{ 1 }}\n  {# note #}\nb"), "a\n  1\nb");
  EXPECT_EQ(render("{% raw %}{{ x }}{% y %}{% endraw %}"), "{{ x }}{% y %}");
  EXPECT_EQ(render("a\r\nb\rc\n\n"), "a\nb\nc\n");
}

TEST(Template, Scopes) {
  EXPECT_EQ(render("{% set x = 0 %}{% for i in [1, 2] %}{{ x }}{% set x = x + i %}{{ x }};{% endfor %}{{ x }}"),
            "01;02;0");
  EXPECT_EQ(
      render("{% set ns = namespace(n=0) %}{% for i in range(4) %}{% set ns.n = ns.n + i %}{% endfor %}{{ ns.n }}"),
      "6");
  EXPECT_EQ(render("{% if 1 %}{% set x = 1 %}{% endif %}{{ x }}"), "1");
  EXPECT_EQ(render("{% with a = 1, b = 2 %}{{ a + b }}{% endwith %}{{ a is defined }}"), "3False");
  EXPECT_EQ(render("{% macro f() %}{{ x }}{% endmacro %}{% set x = 1 %}{{ f() }}"), "1");
  EXPECT_EQ(render("{% set a, (b, c) = 1, [2, 3] %}{{ a }}{{ b }}{{ c }}"), "123");
  EXPECT_EQ(render("{% set x | upper | trim %} a{{ 1 }} {% endset %}[{{ x }}]"), "[A1]");
}

// A name that a scope sets is that scope's own from its beginning, for the loops and macros inside of it.
TEST(Template, NamesBelongToTheScopeThatSetsThem) {
  EXPECT_EQ(render("{% for i in [1] %}{{ x is defined }}{% endfor %}{% set x = 2 %}{{ x }}", R"({"x": 1})"), "False2");
  EXPECT_EQ(render("{{ x }}{% for i in [1] %}{{ x }}{% endfor %}{% set x = 2 %}", R"({"x": 1})"), "11");
  EXPECT_EQ(render("{% if 0 %}{% set x = 2 %}{% endif %}{{ x }}", R"({"x": 1})"), "1");
  EXPECT_EQ(render("{% macro f() %}{{ x }}{% endmacro %}{{ f() }}{% set x = 2 %}{{ f() }}", R"({"x": 1})"), "2");
}

TEST(Template, NamedBlocks) {
  EXPECT_EQ(render("{% set x = 1 %}{% block a %}<{{ x }}>{% endblock a %}{{ self.a() }}"), "<1><1>");
  EXPECT_EQ(render("{% for i in [1] %}{% block a scoped %}{{ i }}{% endblock %}{% endfor %}"), "1");
  EXPECT_EQ(render("{% for i in [1] %}{% block a %}{{ i is defined }}{% endblock %}{% endfor %}"), "False");
  EXPECT_THAT(render("{% block a %}{% endblock b %}"), testing::HasSubstr("line 1, column 26"));
  EXPECT_THAT(render("{% block a %}{% endblock %}{% block a %}{% endblock %}"), testing::HasSubstr("twice"));
  EXPECT_THAT(render("{% block a %}{{ self.a() }}{% endblock %}"), testing::HasSubstr("levels deep"));
}

TEST(Template, Loops) {
  EXPECT_EQ(render("{% for x in 'abc' %}{{ loop.index }}{{ loop.revindex0 }}{{ loop.first }}{{ loop.last }}"
                   "{{ loop.previtem }}{{ loop.nextitem }}{{ loop.cycle(1, 2) }};{% endfor %}"),
            "12TrueFalseb1;21FalseFalseac2;30FalseTrueb1;");
  EXPECT_EQ(render("{% for x in [] %}a{% else %}none{% endfor %}"), "none");
  EXPECT_EQ(render("{% for x in [1, 2] %}{{ x }}{% break %}{% else %}none{% endfor %}"), "1none");
  EXPECT_EQ(render("{% for x in range(9) if x is odd %}{{ loop.length }}{{ x }}{% endfor %}"), "41434547");
  EXPECT_EQ(render("{% for x in [[1, [2]], 3] recursive %}{% if x is iterable %}({{ loop(x) }}){% else %}"
                   "{{ x }}@{{ loop.depth }}{% endif %}{% endfor %}"),
            "(1@2(2@3))3@1");
  EXPECT_EQ(render("{% for a in range(5) %}{% if a == 1 %}{% continue %}{% elif a == 3 %}{% break %}{% endif %}{{ a }}"
                   "{% endfor %}"),
            "02");
}

TEST(Template, Macros) {
  EXPECT_EQ(render("{% macro f(a, b=2, c=a) %}{{ a }}{{ b }}{{ c }}{{ varargs }}{{ kwargs }}{% endmacro %}"
                   "{{ f(1) }}{{ f(1, c=3) }}{{ f(1, 2, 3, 4, z=5) }}"),
            "121(){}123(){}123(4,){'z': 5}");
  EXPECT_EQ(render("{% macro f() %}<{{ caller('x') }}>{% endmacro %}{% call(y) f() %}{{ y }}!{% endcall %}"), "<x!>");
  EXPECT_EQ(render("{% macro f(a) %}{{ a is defined }}{% endmacro %}{{ f() }}"), "False");
  EXPECT_THAT(render("{% macro f(a) %}{% endmacro %}{{ f(1, 2) }}"), testing::HasSubstr("not more than 1"));
}

TEST(Template, Printing) {
  EXPECT_EQ(render("{{ [1, 1.0, 'a', \"it's\", none, true, (1,), {'k': 'v\\n'}] }}"),
            "[1, 1.0, 'a', \"it's\", None, True, (1,), {'k': 'v\\n'}]");
  EXPECT_EQ(render("{{ 1e16 }} {{ 0.0001 }} {{ 0.00001 }} {{ 1e15 }} {{ 7 / 2 }} {{ 2 ** 100 }}"),
            "1e+16 0.0001 1e-05 1000000000000000.0 3.5 1267650600228229401496703205376");
  EXPECT_EQ(render("{{ x }}", R"({"x": [18446744073709551615, "\u00e9\u200b\ud83e\udd17"]})"),
            "[18446744073709551615, 'é\\u200b🤗']");
  EXPECT_EQ(render("{{ x|tojson }}", R"({"x": {"a": "<é'>", "b": [1.5, null]}})"),
            R"({"a": "<é'>", "b": [1.5, null]})");
}

TEST(Template, Undefined) {
  EXPECT_EQ(render("{{ x }}{{ x is defined }}{{ x|default('d') }}{{ {}.x }}{{ x|length }}"), "Falsed0");
  EXPECT_EQ(render("{{ x.y }}"), "error: line 1, column 5: 'x' is undefined");
  EXPECT_EQ(render("a\n{{ 'a' + x }}"), "error: line 2, column 8: 'x' is undefined");
  EXPECT_EQ(render("{{ m.a.b }}", R"({"m": {}})"), "error: line 1, column 7: 'dict object' has no attribute 'a'");
  EXPECT_EQ(render("{{ f() }}"), "error: line 1, column 5: 'f' is undefined");
}

TEST(Template, LazyFiltersAreWalkedOnce) {
  EXPECT_EQ(render("{% set g = [1, 2]|select %}{{ g|list }}{{ g|list }}{{ 'yes' if g }}"), "[1, 2][]yes");
  EXPECT_THAT(render("{{ ([1]|map('string'))|length }}"), testing::HasSubstr("has no len()"));
}

TEST(Template, TheSandbox) {
  EXPECT_THAT(render("{% set _ = x.append(1) %}", R"({"x": []})"), testing::HasSubstr("unsafe"));
  EXPECT_EQ(render("{{ ''.__class__ is defined }}"), "False");
  EXPECT_EQ(render("{{ '{0.x}{0.__class__}{1[a]}'.format(1, {'a': 2}) }}"), "2");
  EXPECT_THAT(render("{% set ns = namespace() %}{% set ns._x = 1 %}"), testing::HasSubstr("underscore"));
  EXPECT_THAT(render("{% include 'x' %}"), testing::HasSubstr("another template"));
}

TEST(Template, HuggingFaceAdditions) {
  EXPECT_EQ(render("{{ strftime_now('%Y-%m-%d %H:%M %b') }}"), "2025-07-10 12:00 Jul");
  EXPECT_EQ(render("{{ strftime_now('') }}{{ strftime_now('%Z%%Z%f') }}"), "%Z000000");
  EXPECT_EQ(render("ab{{ raise_exception('no ' ~ 1) }}"), "error: line 1, column 21: no 1");
  EXPECT_EQ(render("{% generation %}{% set x = 1 %}{{ x }}{% endgeneration %}{{ x }}"), "1");
}

TEST(Template, MentionsTellsWhatATemplateLooksAt) {
  auto parsed = Template::parse("{% if tools %}{% endif %}");
  ASSERT_TRUE(parsed.has_value());
  EXPECT_TRUE(parsed->mentions("tools"));
  EXPECT_FALSE(parsed->mentions("documents"));
}

}  // namespace
}  // namespace weft::jinja
