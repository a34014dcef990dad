#include "evaluate/teacher.h"

#include <algorithm>
#include <limits>
#include <numeric>
#include <vector>

#include "base/json.h"

namespace weft {
namespace {

constexpr size_t kTopTokens = 200;

Result<std::vector<int32_t>> integers(const JsonObject& object, std::string_view key) {
  const Json* value = object.if_contains(key);
  std::vector<int32_t> out;
  if (value == nullptr || !value->is_array()) return param_error(key, "The line needs a list \"{}\".", key);
  for (const Json& item : value->get_array()) {
    if (!item.is_int64() || item.get_int64() < 0 || item.get_int64() > std::numeric_limits<int32_t>::max()) {
      return param_error(key, "\"{}\" must hold token ids or positions, not {}.", key, write_json(item));
    }
    out.push_back(static_cast<int32_t>(item.get_int64()));
  }
  return out;
}

JsonArray top_tokens(std::span<const float> logits) {
  std::vector<int32_t> order(logits.size());
  std::iota(order.begin(), order.end(), 0);
  auto count = static_cast<std::ptrdiff_t>(std::min(kTopTokens, order.size()));
  std::partial_sort(order.begin(), order.begin() + count, order.end(),
                    [&](int32_t a, int32_t b) { return logits[a] != logits[b] ? logits[a] > logits[b] : a < b; });
  double first = log_probability(logits, order[0]);
  JsonArray top;
  for (std::ptrdiff_t i = 0; i < count; ++i) {
    top.push_back(JsonArray{order[i], first + (double{logits[order[i]]} - logits[order[0]])});
  }
  return top;
}

}  // namespace

Result<std::string> teacher_line(ModelRunner& runner, std::string_view line) {
  TRY_ASSIGN(Json parsed, parse_json(line));
  if (!parsed.is_object()) return make_error(ErrorCode::kInvalidJson, "The line must be a JSON object.");
  TRY_ASSIGN(std::vector<int32_t> ids, integers(parsed.get_object(), "ids"));
  TRY_ASSIGN(std::vector<int32_t> positions, integers(parsed.get_object(), "positions"));
  if (!std::is_sorted(positions.begin(), positions.end()) ||
      (!positions.empty() && positions.back() >= static_cast<int64_t>(ids.size()))) {
    return param_error("positions", "\"positions\" must ascend within the {} tokens of \"ids\".", ids.size());
  }
  std::vector<int32_t> all(ids.size());
  std::iota(all.begin(), all.end(), 0);
  JsonArray nll, top;
  SequenceScorer scorer(runner);
  TRY(scorer.score(ids, all, [&](int32_t position, std::span<const float> logits) {
    if (position + 1 < static_cast<int64_t>(ids.size())) nll.push_back(-log_probability(logits, ids[position + 1]));
    if (std::binary_search(positions.begin(), positions.end(), position)) top.push_back(top_tokens(logits));
  }));
  return write_json(JsonObject{{"nll", std::move(nll)}, {"top", std::move(top)}});
}

}  // namespace weft
