#include "text/json_node.h"

namespace weft {
namespace {

template <class T>
Result<T> read(const JsonNode& node, simdjson::dom::element value, std::string_view wanted) {
  T out;
  if (value.get(out)) return node.wrong(wanted);
  return out;
}

}  // namespace

std::optional<JsonNode> JsonNode::find(std::string_view key) const {
  simdjson::dom::object members;
  simdjson::dom::element member;
  if (value_.get(members) || members.at_key(key).get(member) || member.is_null()) return std::nullopt;
  return JsonNode(member, place_.empty() ? std::string(key) : fmt::format("{}.{}", place_, key));
}

Result<JsonNode> JsonNode::at(std::string_view key) const {
  auto member = find(key);
  if (!member)
    return make_error(ErrorCode::kCorruptFile, "{} has no \"{}\"", place_.empty() ? "the file" : place_, key);
  return *member;
}

JsonNode JsonNode::element(simdjson::dom::element value, size_t index) const {
  return {value, fmt::format("{}[{}]", place_, index)};
}

Result<simdjson::dom::object> JsonNode::object() const {
  return read<simdjson::dom::object>(*this, value_, "an object");
}
Result<simdjson::dom::array> JsonNode::array() const { return read<simdjson::dom::array>(*this, value_, "an array"); }
Result<std::string_view> JsonNode::text() const { return read<std::string_view>(*this, value_, "a string"); }
Result<int64_t> JsonNode::integer() const { return read<int64_t>(*this, value_, "an integer"); }
Result<bool> JsonNode::boolean() const { return read<bool>(*this, value_, "true or false"); }
Result<double> JsonNode::real() const { return read<double>(*this, value_, "a number"); }

Result<std::string_view> JsonNode::text_at(std::string_view key) const {
  TRY_ASSIGN(auto member, at(key));
  return member.text();
}

Result<bool> JsonNode::boolean_or(std::string_view key, bool fallback) const {
  auto member = find(key);
  if (!member) return fallback;
  return member->boolean();
}

Error JsonNode::wrong(std::string_view wanted) const {
  return make_error(ErrorCode::kCorruptFile, "{} is not {}", place_.empty() ? "the file" : place_, wanted);
}
Error JsonNode::unsupported(std::string_view what) const {
  return make_error(ErrorCode::kUnsupported, "{}: {} is not supported", place_, what);
}

}  // namespace weft
