#include "grammar/schema_keys.h"

#include <algorithm>
#include <map>
#include <unordered_map>

namespace weft::schema {
namespace {

constexpr size_t kMaxClasses = 255;

// Bytes that none of the automata tells apart get the same class.
int32_t join_classes(const std::vector<const Dfa*>& automata, std::array<uint8_t, 256>& classes) {
<<<<<<< HEAD
  // Texts, not vectors: gcc 12 sees an overread in the comparison of byte vectors that is not there.
=======
>>>>>>> harness
  std::map<std::string, int32_t> known;
  for (size_t byte = 0; byte < 256; ++byte) {
    std::string key;
    for (const Dfa* automaton : automata) key.push_back(automaton->byte_class[byte]);
    auto [at, added] = known.emplace(std::move(key), static_cast<int32_t>(known.size()));
    classes[byte] = static_cast<uint8_t>(at->second);
  }
  return static_cast<int32_t>(known.size());
}

// States from which no labelled one can be reached become dead; the rest is renumbered. Null: nothing is left.
DfaPtr trimmed(const Dfa& automaton) {
  auto states = static_cast<size_t>(automaton.num_states());
  auto classes = static_cast<size_t>(automaton.num_classes);
  std::vector<std::vector<int32_t>> from(states);
  for (size_t i = 0; i < automaton.next.size(); ++i) {
    if (automaton.next[i] >= 0)
      from[static_cast<size_t>(automaton.next[i])].push_back(static_cast<int32_t>(i / classes));
  }
  std::vector<int32_t> id(states, Dfa::kDead), pending;
  auto mark = [&](size_t state) {
    if (id[state] == 0) return;
    id[state] = 0;
    pending.push_back(static_cast<int32_t>(state));
  };
  for (size_t i = 0; i < states; ++i) {
    if (automaton.accepting[i] != 0) mark(i);
  }
  while (!pending.empty()) {
    auto state = static_cast<size_t>(pending.back());
    pending.pop_back();
    for (int32_t source : from[state]) mark(static_cast<size_t>(source));
  }
  if (id[0] < 0) return nullptr;
  int32_t count = 0;
  for (int32_t& each : id) each = each < 0 ? Dfa::kDead : count++;
  auto out = std::make_shared<Dfa>();
  out->byte_class = automaton.byte_class;
  out->num_classes = automaton.num_classes;
  out->next.reserve(static_cast<size_t>(count) * classes);
  for (size_t i = 0; i < states; ++i) {
    if (id[i] < 0) continue;
    out->accepting.push_back(automaton.accepting[i]);
    for (size_t c = 0; c < classes; ++c) {
      int32_t to = automaton.next[i * classes + c];
      out->next.push_back(to < 0 ? Dfa::kDead : id[static_cast<size_t>(to)]);
    }
  }
  return out;
}

struct VectorHash {
  size_t operator()(const std::vector<int32_t>& values) const {
    size_t hash = values.size();
    for (int32_t value : values) hash = hash * 0x9E3779B97F4A7C15ull + static_cast<size_t>(value) + 1;
    return hash;
  }
};

}  // namespace

Result<KeyClasses> classify_keys(const std::vector<DfaPtr>& automata, const std::vector<std::string>& excluded,
                                 const std::function<Result<bool>(uint64_t)>& wanted, Budget& budget,
                                 const DfaPtr& all_texts, const GrammarLimits& limits) {
  if (automata.size() > 60)
    return make_error(ErrorCode::kGrammarTooComplex, "An object has more than 60 key patterns.");
  TRY_ASSIGN(Dfa listed, dfa::one_of(excluded, limits));
  std::vector<const Dfa*> parts;
  for (const DfaPtr& automaton : automata) parts.push_back(automaton.get());
  parts.push_back(&listed);
  parts.push_back(all_texts.get());
  size_t listed_at = parts.size() - 2, valid_at = parts.size() - 1;

  Dfa product;
  product.num_classes = join_classes(parts, product.byte_class);
  std::vector<size_t> byte_of(static_cast<size_t>(product.num_classes));
  for (size_t byte = 0; byte < 256; ++byte) byte_of[product.byte_class[byte]] = byte;

  KeyClasses out;
  std::unordered_map<uint64_t, uint8_t> label_of;
  std::unordered_map<std::vector<int32_t>, int32_t, VectorHash> ids;
  std::vector<std::vector<int32_t>> states;
  auto id_of = [&](std::vector<int32_t> state) {
    auto [at, added] = ids.emplace(state, static_cast<int32_t>(states.size()));
    if (added) states.push_back(std::move(state));
    return at->second;
  };
  id_of(std::vector<int32_t>(parts.size(), 0));
  for (size_t i = 0; i < states.size(); ++i) {
    TRY(budget.spend(static_cast<uint64_t>(product.num_classes) * parts.size()));
    if (states.size() > static_cast<size_t>(limits.max_states)) {
      return make_error(ErrorCode::kGrammarTooComplex, "The key patterns of an object need too many states.");
    }
    std::vector<int32_t> state = states[i];
    uint64_t member = 0;
    auto accepts = [&](size_t part) {
      return state[part] >= 0 && parts[part]->accepting[static_cast<size_t>(state[part])] != 0;
    };
    for (size_t part = 0; part < automata.size(); ++part) member |= accepts(part) ? uint64_t{1} << part : 0;
    uint8_t label = 0;
    if (accepts(valid_at) && !accepts(listed_at)) {
      auto known = label_of.find(member);
      if (known == label_of.end()) {
        TRY_ASSIGN(bool keep, wanted(member));
        if (keep) out.members.push_back(member);
        if (out.members.size() > kMaxClasses) {
          return make_error(ErrorCode::kGrammarTooComplex, "The key patterns of an object overlap in too many ways.");
        }
        known = label_of.emplace(member, keep ? static_cast<uint8_t>(out.members.size()) : 0).first;
      }
      label = known->second;
    }
    product.accepting.push_back(label);
    for (size_t byte : byte_of) {
      std::vector<int32_t> to(parts.size(), Dfa::kDead);
      for (size_t part = 0; part < parts.size(); ++part) {
        if (state[part] >= 0) to[part] = parts[part]->step(state[part], static_cast<uint8_t>(byte));
      }
      product.next.push_back(to[valid_at] < 0 ? Dfa::kDead : id_of(std::move(to)));
    }
  }
  out.keys = trimmed(product);
  if (out.keys == nullptr) out.members.clear();
  return out;
}

DfaPtr relabelled(const Dfa& automaton, const std::vector<uint8_t>& labels) {
  Dfa copy = automaton;
  for (uint8_t& label : copy.accepting) label = labels[label];
  return trimmed(copy);
}

// Counts paths state by state, longest first: a state on a cycle stands for endlessly many.
int64_t count_texts(const Dfa& automaton, uint8_t label, int64_t limit) {
  Dfa only = automaton;
  for (uint8_t& each : only.accepting) each = each == label ? 1 : 0;
  DfaPtr texts = trimmed(only);
  if (texts == nullptr) return 0;
  auto states = static_cast<size_t>(texts->num_states());
  std::array<int64_t, 256> width{};  // bytes of each class
  for (uint8_t c : texts->byte_class) ++width[c];
  std::vector<int64_t> count(states, -1);
  std::vector<uint8_t> open(states, 0);
  std::vector<std::pair<size_t, size_t>> stack{{0, 0}};
  auto classes = static_cast<size_t>(texts->num_classes);
  while (!stack.empty()) {
    auto& [state, next] = stack.back();
    open[state] = 1;
    while (next < classes) {
      int32_t to = texts->next[state * classes + next];
      if (to >= 0 && open[static_cast<size_t>(to)] != 0) return limit;
      if (to >= 0 && count[static_cast<size_t>(to)] < 0) break;
      ++next;
    }
    if (next < classes) {
      stack.emplace_back(static_cast<size_t>(texts->next[state * classes + next]), 0);
      continue;
    }
    int64_t sum = texts->accepting[state];
    for (size_t c = 0; c < classes; ++c) {
      int32_t to = texts->next[state * classes + c];
      if (to >= 0) sum = std::min(limit, sum + width[c] * count[static_cast<size_t>(to)]);
    }
    count[state] = sum;
    open[state] = 0;
    stack.pop_back();
  }
  return count[0];
}

}  // namespace weft::schema
