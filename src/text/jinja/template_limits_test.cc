// Templates that try to take more than their share end with an error, within the limits.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "text/jinja/template.h"

namespace weft::jinja {
namespace {

using testing::HasSubstr;

std::string error_of(std::string_view source, const TemplateLimits& limits = {}) {
  auto parsed = Template::parse(source, limits);
  if (!parsed) return parsed.error().message;
  auto rendered = parsed->render({}, 0, ManualClock());
  return rendered ? "rendered " + std::to_string(rendered->size()) + " bytes" : rendered.error().message;
}

std::string repeated(std::string_view text, size_t count) {
  std::string out;
  for (size_t i = 0; i < count; ++i) out += text;
  return out;
}

TEST(TemplateLimits, Ranges) {
  EXPECT_THAT(error_of("{% for a in range(1000000000) %}{{ a }}{% endfor %}"), HasSubstr("Range too big"));
  EXPECT_THAT(error_of("{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}"),
              HasSubstr("steps"));
  EXPECT_THAT(error_of("{{ range(-170141183460469231731687303715884105727, 5) }}"), HasSubstr("too large"));
}

TEST(TemplateLimits, TextsAndLists) {
  EXPECT_THAT(error_of("{{ 'x' * 1000000000 }}"), HasSubstr("bytes"));
  EXPECT_THAT(error_of("{{ 'x' * 170141183460469231731687303715884105727 }}"), HasSubstr("bytes"));
  EXPECT_THAT(error_of("{{ ([0] * 1000000000)|length }}"), HasSubstr("too long"));
  EXPECT_THAT(error_of("{% for a in range(99) %}{{ 'x' * 1000000 }}{% endfor %}"), HasSubstr("bytes"));
  EXPECT_THAT(error_of("{{ 'x'.center(1000000000) }}"), HasSubstr("too long"));
  EXPECT_THAT(error_of("{{ '%1000000000d' % 1 }}"), HasSubstr("too large"));
  EXPECT_THAT(error_of("{{ '{:1000000000}'.format(1) }}"), HasSubstr("too large"));
  EXPECT_THAT(error_of("{{ ('a' * 5000000).replace('a', 'bbbbbbbb') }}"), HasSubstr("bytes"));
  EXPECT_THAT(error_of("{{ ('a' * 9000000)|replace('', 'b' * 1000) }}"), HasSubstr("bytes"));
  EXPECT_THAT(error_of("{{ ('\n' * 5000000)|indent(100, blank=true) }}"), HasSubstr("bytes"));
  EXPECT_THAT(error_of("{{ strftime_now('%100000000d') }}"), HasSubstr("too long"));
  EXPECT_THAT(error_of("{{ [1]|batch(1000000000, 0)|list }}"), HasSubstr("steps"));
  EXPECT_THAT(error_of("{{ [1]|slice(1000000000)|list }}"), HasSubstr("steps"));
  EXPECT_THAT(error_of("{{ [1]|tojson(indent=1000000000) }}"), HasSubstr("too wide"));
  EXPECT_THAT(
      error_of("{% set ns = namespace(s='ab') %}{% for i in range(99999) %}{% set ns.s = ns.s ~ ns.s %}{% endfor %}"),
      HasSubstr("bytes"));
  EXPECT_THAT(
      error_of("{% set ns = namespace(l=[]) %}{% for i in range(99999) %}{% set ns.l = ns.l + [1] %}{% endfor %}"),
      HasSubstr("steps"));
}

TEST(TemplateLimits, NestingOfTheSource) {
  constexpr size_t kDeep = 100'000;
  for (std::string_view open : {"{{ (", "{% if 1 %}", "{% for a in b %}", "{{ [", "{{ {1:", "{{ a[", "{{ f("}) {
    std::string inner(open.substr(0, 3) == "{{ " ? open.substr(3) : open);
    EXPECT_THAT(error_of(std::string(open) + repeated(inner, kDeep / inner.size())), HasSubstr("nests deeper")) << open;
  }
  for (std::string_view unit : {"not ", "- ", "1 if 1 if "}) {
    EXPECT_THAT(error_of("{{ " + repeated(unit, 10'000) + "1 }}"), HasSubstr("nests deeper")) << unit;
  }
  EXPECT_THAT(error_of("{% for " + repeated("(", 10'000)), HasSubstr("nests deeper"));
  EXPECT_THAT(error_of(repeated("x", 300'000)), HasSubstr("bytes"));
}

TEST(TemplateLimits, ChainsDoNotNest) {
  EXPECT_EQ(error_of("{{ 1" + repeated(" + 1", 20'000) + " }}"), "rendered 5 bytes");
  EXPECT_EQ(error_of("{{ 'a'" + repeated("|upper", 20'000) + " }}"), "rendered 1 bytes");
  EXPECT_EQ(error_of("{{ 1" + repeated(" if 0 else 1", 10'000) + " }}"), "rendered 1 bytes");
  EXPECT_EQ(error_of("{% if 0 %}" + repeated("{% elif 0 %}", 10'000) + "{% endif %}"), "rendered 0 bytes");
  EXPECT_EQ(error_of("{{ 1" + repeated(" < 2 and 1", 10'000) + " }}"), "rendered 1 bytes");
}

TEST(TemplateLimits, NestingOfCallsAndValues) {
  EXPECT_THAT(error_of("{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}"), HasSubstr("levels deep"));
  EXPECT_THAT(error_of("{% macro f(x) %}{% call f(x) %}{% endcall %}{{ caller }}{% endmacro %}{{ f(1) }}"),
              HasSubstr("levels deep"));
  EXPECT_THAT(error_of("{% macro f(a=f()) %}{% endmacro %}{{ f() }}"), HasSubstr("levels deep"));
  EXPECT_THAT(error_of("{% for x in [1] recursive %}{{ loop([1]) }}{% endfor %}"), HasSubstr("levels deep"));
  EXPECT_THAT(error_of("{% set ns = namespace(x=1) %}{% for i in range(9999) %}{% set ns.x = [ns.x] %}{% endfor %}"),
              HasSubstr("deeper"));
  EXPECT_THAT(error_of("{% set ns = namespace(x=1) %}{% for i in range(9999) %}{% set ns.x = {1: ns.x} %}{% endfor %}"),
              HasSubstr("deeper"));
  EXPECT_THAT(
      error_of("{% set ns = namespace(x=1) %}{% for i in range(9999) %}{% set ns.x = cycler(ns.x) %}{% endfor %}"),
      HasSubstr("deeper"));
  EXPECT_THAT(
      error_of("{% set ns = namespace(x=[1]) %}{% for i in range(9999) %}{% set ns.x = [ns.x.index] %}{% endfor %}"),
      HasSubstr("deeper"));
  EXPECT_THAT(error_of("{% set ns = namespace(x=[1]) %}{% for i in range(9999) %}{% for y in [ns.x] %}"
                       "{% set ns.x = loop %}{% endfor %}{% endfor %}"),
              HasSubstr("deeper"));
}

// A value that shares its parts is small to hold and huge to walk.
TEST(TemplateLimits, SharedValues) {
  std::string grow =
      "{% set ns = namespace(x=[1], y=[1]) %}{% for i in range(60) %}{% set ns.x = [ns.x, ns.x] %}"
      "{% set ns.y = [ns.y, ns.y] %}{% endfor %}";
  for (std::string_view use : {"{{ ns.x }}", "{{ ns.x == ns.y }}", "{{ ns.x|tojson }}", "{{ ns.x < ns.y }}"}) {
    EXPECT_THAT(error_of(grow + std::string(use)), testing::AnyOf(HasSubstr("steps"), HasSubstr("bytes"))) << use;
  }
}

TEST(TemplateLimits, NamespacesThatHoldThemselves) {
  EXPECT_THAT(error_of("{% set ns = namespace() %}{% set ns.x = [ns, ns] %}{{ ns }}"), HasSubstr("rendered"));
  EXPECT_THAT(
      error_of("{% set ns = namespace() %}{% macro f() %}{{ ns.y }}{% endmacro %}{% set ns.f = f %}{{ ns.f() }}"),
      HasSubstr("rendered 0"));
  EXPECT_THAT(error_of("{% for x in [1] %}{{ loop.changed(loop) }}{% endfor %}"), HasSubstr("rendered 4"));
}

// Moves on by itself at every look.
class RunningClock final : public Clock {
 public:
  Nanos now() const override { return now_ += 1'000'000; }

 private:
  mutable Nanos now_ = 0;
};

TEST(TemplateLimits, Time) {
  auto parsed = Template::parse("{% for a in range(1000) %}{% for b in range(1000) %}{% endfor %}{% endfor %}");
  ASSERT_TRUE(parsed.has_value());
  auto slow = parsed->render({}, 0, RunningClock());
  ASSERT_FALSE(slow.has_value());
  EXPECT_THAT(slow.error().message, HasSubstr("500 ms"));
}

TEST(TemplateLimits, NoByteSequenceBreaksTheParser) {
  for (std::string_view text : {"{",
                                "{{",
                                "{%",
                                "{{-",
                                "{%-",
                                "{%raw",
                                "{% raw %}{%",
                                "{{ '",
                                "{{ '\\",
                                "{{ '\\x",
                                "{{ 0x",
                                "{{ 1e",
                                "{{ 1.",
                                "{{ a.",
                                "{{ a|",
                                "{{ a is",
                                "{{ a is not",
                                "{% set",
                                "{% macro",
                                "{% macro f(",
                                "{% call",
                                "{% for a in",
                                "{% if a %}{% else",
                                "{% block",
                                "{% with",
                                "{% from",
                                "{{ }}",
                                "{% %}",
                                "{{ a if }}",
                                "\xFF",
                                "{{ '\xFF' }}",
                                "{{ '\\ud800' }}",
                                "{% break %}",
                                "{% endif %}",
                                "{% else %}"}) {
    auto parsed = Template::parse(text);
    if (text == "{") {
      EXPECT_TRUE(parsed.has_value());
    } else {
      EXPECT_FALSE(parsed.has_value()) << text;
    }
  }
}

}  // namespace
}  // namespace weft::jinja
