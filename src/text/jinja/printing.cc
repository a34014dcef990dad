#include "text/jinja/printing.h"

#include <algorithm>
#include <cmath>

#include "base/utf8.h"
#include "text/jinja/characters.h"
#include "text/jinja/compare.h"
#include "text/jinja/object.h"

namespace weft::jinja {
namespace {

// A namespace may hold itself, so its printing counts levels by itself.
constexpr int kMaxNamespacePrint = 8;

class Printer {
 public:
  explicit Printer(Meter& meter) : meter_(meter) {}

  std::string take() { return std::move(out_); }

  void repr(const Value& value) {
    if (!meter_.charge()) return;
    switch (value.kind()) {
      case Kind::kUndefined:
        add("Undefined");
        break;
      case Kind::kNone:
        add("None");
        break;
      case Kind::kBool:
        add(value.boolean() ? "True" : "False");
        break;
      case Kind::kInt:
        add(integer_text(value.integer()));
        break;
      case Kind::kFloat:
        add(float_text(value.number()));
        break;
      case Kind::kString:
        if (value.is_markup()) add("Markup(");
        quoted(value.string());
        if (value.is_markup()) add(")");
        break;
      case Kind::kList:
        items("[", value.items(), "]");
        break;
      case Kind::kTuple:
        items("(", value.items(), value.items().size() == 1 ? ",)" : ")");
        break;
      case Kind::kRange:
        add(value.label());
        break;
      case Kind::kDictView:
        items(value.label() + "([", value.items(), "])");
        break;
      case Kind::kDict:
        dict(value.dict());
        break;
      case Kind::kIterator:
        add("<generator object>");
        break;
      case Kind::kNamespace:
        names(value.names());
        break;
      case Kind::kObject:
        add(value.object().print());
        break;
    }
  }

 private:
  void add(std::string_view text) {
    if (meter_.charge_text(out_.size() + text.size() > meter_.limits().output_bytes ? out_.size() + text.size()
                                                                                    : text.size())) {
      out_ += text;
    }
  }

  void items(std::string_view open, const std::vector<Value>& values, std::string_view close) {
    add(open);
    for (size_t i = 0; i < values.size() && !meter_.failed(); ++i) {
      if (i > 0) add(", ");
      repr(values[i]);
    }
    add(close);
  }

  void dict(const DictData& data) {
    add("{");
    for (size_t i = 0; i < data.entries.size() && !meter_.failed(); ++i) {
      if (i > 0) add(", ");
      repr(data.entries[i].first);
      add(": ");
      repr(data.entries[i].second);
    }
    add("}");
  }

  void names(const Namespace& data) {
    if (namespaces_ == kMaxNamespacePrint) return add("...");
    ++namespaces_;
    add("<Namespace {");
    for (size_t i = 0; i < data.entries.size() && !meter_.failed(); ++i) {
      if (i > 0) add(", ");
      quoted(data.entries[i].first);
      add(": ");
      repr(data.entries[i].second);
    }
    add("}>");
    --namespaces_;
  }

  void quoted(std::string_view text) {
    if (!meter_.charge_text(text.size())) return;
    bool has_single = text.find('\'') != std::string_view::npos;
    char quote = has_single && text.find('"') == std::string_view::npos ? '"' : '\'';
    std::string out(1, quote);
    for (size_t pos = 0; pos < text.size();) {
      size_t start = pos;
      char32_t c = next_character(text, pos);
      if (c == static_cast<unsigned char>(quote) || c == '\\') {
        out += '\\';
        out += static_cast<char>(c);
      } else if (c == '\n' || c == '\r' || c == '\t') {
        out += c == '\n' ? "\\n" : c == '\r' ? "\\r" : "\\t";
      } else if (is_printable(c)) {
        out += text.substr(start, pos - start);
      } else {
        append_escape(out, c);
      }
    }
    out += quote;
    add(out);
  }

  Meter& meter_;
  std::string out_;
  int namespaces_ = 0;
};

class JsonPrinter {
 public:
  JsonPrinter(Meter& meter, const JsonStyle& style) : meter_(meter), style_(style) {}

  std::string take() { return std::move(out_); }

  void value(const Value& value, uint32_t level = 0) {
    if (!meter_.charge()) return;
    switch (value.kind()) {
      case Kind::kString:
        quoted(value.string());
        break;
      case Kind::kList:
      case Kind::kTuple:
        array(value.items(), level);
        break;
      case Kind::kDict:
        object(value.dict(), level);
        break;
      case Kind::kNone:
      case Kind::kBool:
      case Kind::kInt:
      case Kind::kFloat:
        add(scalar(value));
        break;
      default:
        meter_.fail("Object of type {} is not JSON serializable", type_name(value));
    }
  }

 private:
  void add(std::string_view text) {
    size_t total = out_.size() + text.size();
    if (meter_.charge_text(total > meter_.limits().output_bytes ? total : text.size())) out_ += text;
  }

  static std::string scalar(const Value& value) {
    if (value.is_none()) return "null";
    if (value.is(Kind::kBool)) return value.boolean() ? "true" : "false";
    if (value.is(Kind::kInt)) return integer_text(value.integer());
    double number = value.number();
    if (std::isnan(number)) return "NaN";
    if (std::isinf(number)) return number > 0 ? "Infinity" : "-Infinity";
    return float_text(number);
  }

  void new_line(uint32_t level) {
    if (!style_.indent) return;
    add("\n");
    for (uint32_t i = 0; i < level && !meter_.failed(); ++i) add(*style_.indent);
  }

  void array(const std::vector<Value>& items, uint32_t level) {
    if (items.empty()) return add("[]");
    add("[");
    for (size_t i = 0; i < items.size() && !meter_.failed(); ++i) {
      if (i > 0) add(style_.item_separator);
      new_line(level + 1);
      value(items[i], level + 1);
    }
    new_line(level);
    add("]");
  }

  void object(const DictData& data, uint32_t level) {
    if (data.entries.empty()) return add("{}");
    std::vector<const std::pair<Value, Value>*> entries;
    if (!meter_.charge(data.entries.size())) return;
    for (const auto& entry : data.entries) entries.push_back(&entry);
    if (style_.sort_keys) {
      std::ranges::stable_sort(entries, [&](auto* a, auto* b) { return less(meter_, a->first, b->first); });
    }
    add("{");
    for (size_t i = 0; i < entries.size() && !meter_.failed(); ++i) {
      if (i > 0) add(style_.item_separator);
      new_line(level + 1);
      key(entries[i]->first);
      add(style_.key_separator);
      value(entries[i]->second, level + 1);
    }
    new_line(level);
    add("}");
  }

  void key(const Value& key) {
    if (key.is_string()) return quoted(key.string());
    if (!key.is_none() && !key.is_number()) {
      meter_.fail("keys must be str, int, float, bool or None, not {}", type_name(key));
      return;
    }
    quoted(scalar(key));
  }

  void escaped(std::string& out, char32_t c) const {
    if (c > 0xFFFF) {
      c -= 0x10000;
      out += fmt::format("\\u{:04x}\\u{:04x}", 0xD800 + (static_cast<uint32_t>(c) >> 10), 0xDC00 + (c & 0x3FF));
    } else {
      out += fmt::format("\\u{:04x}", static_cast<uint32_t>(c));
    }
  }

  void quoted(std::string_view text) {
    if (!meter_.charge_text(text.size())) return;
    constexpr std::string_view kSpecial = "\"\\\n\r\t\b\f";
    constexpr std::string_view kLetters = "\"\\nrtbf";
    std::string out = "\"";
    for (size_t pos = 0; pos < text.size();) {
      size_t start = pos;
      char32_t c = next_character(text, pos);
      size_t special = c < 0x80 ? kSpecial.find(static_cast<char>(c)) : std::string_view::npos;
      if (special != std::string_view::npos) {
        out += '\\';
        out += kLetters[special];
      } else if (c < 0x20 || (style_.ensure_ascii && c > 0x7E)) {
        escaped(out, c);
      } else {
        out += text.substr(start, pos - start);
      }
    }
    out += '"';
    add(out);
  }

  Meter& meter_;
  const JsonStyle& style_;
  std::string out_;
};

}  // namespace

void append_escape(std::string& out, char32_t c) {
  auto code = static_cast<uint32_t>(c);
  out += c < 0x100     ? fmt::format("\\x{:02x}", code)
         : c < 0x10000 ? fmt::format("\\u{:04x}", code)
                       : fmt::format("\\U{:08x}", code);
}

std::string integer_text(Int value) { return fmt::format("{}", value); }

std::string float_text(double value) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value > 0 ? "inf" : "-inf";
  std::string out = fmt::format("{}", value);
  if (out.find_first_of(".e") == std::string::npos) out += ".0";
  return out;
}

std::string to_repr(Meter& meter, const Value& value) {
  Printer printer(meter);
  printer.repr(value);
  return printer.take();
}

std::string to_text(Meter& meter, const Value& value) {
  if (value.is_undefined()) return {};
  if (!value.is_string()) return to_repr(meter, value);
  return meter.charge_text(value.string().size()) ? value.string() : std::string();
}

std::string to_json(Meter& meter, const Value& value, const JsonStyle& style) {
  JsonPrinter printer(meter, style);
  printer.value(value);
  return printer.take();
}

}  // namespace weft::jinja
