#include "grammar/schema_uri.h"

#include <algorithm>
#include <optional>

namespace weft::schema {
namespace {

struct Uri {
  std::string_view scheme;                    // with its ':'
  std::optional<std::string_view> authority;  // with its "//"
  std::string_view path, query;               // query with its '?'
};

Uri parse(std::string_view text) {
  Uri uri;
  size_t colon = text.find_first_of(":/?#");
  if (colon != std::string_view::npos && colon > 0 && text[colon] == ':') {
    uri.scheme = text.substr(0, colon + 1);
    text.remove_prefix(colon + 1);
  }
  if (text.substr(0, 2) == "//") {
    size_t end = text.find_first_of("/?", 2);
    uri.authority = text.substr(0, end);
    text.remove_prefix(uri.authority->size());
  }
  size_t query = text.find('?');
  uri.path = text.substr(0, query);
  if (query != std::string_view::npos) uri.query = text.substr(query);
  return uri;
}

std::string without_dots(std::string_view path) {
  std::vector<std::string_view> parts;
  bool absolute = !path.empty() && path[0] == '/';
  bool ends_in_slash = false;
  for (size_t from = absolute ? 1 : 0; from <= path.size();) {
    size_t end = std::min(path.find('/', from), path.size());
    std::string_view part = path.substr(from, end - from);
    ends_in_slash = part == "." || part == "..";
    if (part == "..") {
      if (!parts.empty()) parts.pop_back();
    } else if (part != ".") {
      parts.push_back(part);
    }
    from = end + 1;
  }
  if (ends_in_slash) parts.emplace_back();
  std::string out;
  for (size_t i = 0; i < parts.size(); ++i) {
    if (i > 0 || absolute) out += '/';
    out += parts[i];
  }
  return out;
}

}  // namespace

std::string resolve_uri(std::string_view base, std::string_view reference) {
  if (reference.empty()) return std::string(base);
  Uri to = parse(reference);
  if (!to.scheme.empty()) return std::string(reference);
  Uri from = parse(base);
  std::string out(from.scheme);
  if (to.authority) return out.append(reference);
  if (from.authority) out += *from.authority;
  if (to.path.empty()) return out.append(from.path).append(to.query);
  if (to.path[0] == '/') return out.append(without_dots(to.path)).append(to.query);
  size_t slash = from.path.rfind('/');
  std::string path(slash == std::string_view::npos ? std::string_view() : from.path.substr(0, slash + 1));
  if (path.empty() && from.authority) path = "/";
  return out.append(without_dots(path.append(to.path))).append(to.query);
}

std::pair<std::string_view, std::string_view> split_fragment(std::string_view uri) {
  size_t hash = uri.find('#');
  if (hash == std::string_view::npos) return {uri, {}};
  return {uri.substr(0, hash), uri.substr(hash + 1)};
}

std::string percent_decoded(std::string_view text) {
  auto digit = [](char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
  };
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size() && digit(text[i + 1]) >= 0 && digit(text[i + 2]) >= 0) {
      out += static_cast<char>(digit(text[i + 1]) * 16 + digit(text[i + 2]));
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

std::vector<std::string> pointer_tokens(std::string_view pointer) {
  std::vector<std::string> tokens;
  for (char c : pointer) {
    if (c == '/') {
      tokens.emplace_back();
    } else if (!tokens.empty()) {
      std::string& token = tokens.back();
      bool escaped = !token.empty() && token.back() == '\0';  // '\0' stands for a '~' whose digit is still to come
      if (escaped && (c == '0' || c == '1')) {
        token.back() = c == '0' ? '~' : '/';
      } else {
        if (escaped) token.back() = '~';
        token += c == '~' ? '\0' : c;
      }
    }
  }
  return tokens;
}

std::string pointer_child(std::string_view pointer, std::string_view token) {
  std::string out(pointer);
  out += '/';
  for (char c : token) {
    if (c == '~') {
      out += "~0";
    } else if (c == '/') {
      out += "~1";
    } else {
      out += c;
    }
  }
  return out;
}

}  // namespace weft::schema
