// One field of "%5.1f" % x or of "{:>8}".format(x): what its notation says, and the text that a number or a text
// becomes.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "text/jinja/meter.h"

namespace weft::jinja {

// What both notations can say about a field.
struct FieldSpec {
  std::string fill = " ";
  char align = '\0';  // < > ^ = or none
  char sign = '-';
  bool has_sign = false;  // `sign` was written down
  bool alternate = false;
  bool no_negative_zero = false;
  char grouping = '\0';  // , _ or none
  size_t width = 0;
  std::optional<size_t> precision;
  char type = '\0';
};

constexpr size_t kMaxFieldPrecision = 1000;

// The number as spec.type has it, with sign, grouping and padding. `value` is a number; the type fits it.
std::string number_text(Meter& meter, const Value& value, const FieldSpec& spec);
// Text cut to the precision and padded; to the side `otherwise` where the spec says none.
std::string plain_text(Meter& meter, std::string text, const FieldSpec& spec, char otherwise);

// Reads digits at `pos`; fails beyond what a text may have.
size_t read_field_number(Meter& meter, std::string_view text, size_t& pos);
// Reads ".5" if it stands at `pos`.
void read_field_precision(Meter& meter, std::string_view text, size_t& pos, FieldSpec& spec);

bool is_real_field(char type);  // fFeEgG
// ascii(): what repr() shows beyond ASCII as escapes.
std::string ascii_only(std::string_view repr);

}  // namespace weft::jinja
