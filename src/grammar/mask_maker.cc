#include "grammar/mask_maker.h"

#include <algorithm>

#include "grammar/word_count.h"

namespace weft {

namespace {

// Strings whose text is any text have the same slices in all grammars.
constexpr uint64_t kAllGrammars = 0;
constexpr int32_t kTextMode = 3;  // beside the SliceModes

bool takes_bytes(const Frame& frame) { return frame.kind != FrameKind::kEnd && frame.kind != FrameKind::kToken; }

}  // namespace

Status MaskMaker::fill(Machine& machine, std::span<const Frame> threads, std::span<uint32_t> mask) {
  machine_ = &machine;
  mask_ = mask;
  std::fill(mask.begin(), mask.end(), 0);
  StateArena::Mark mark = machine.arena().mark();
  walked_.clear();
  for (const Frame& thread : threads) {
    switch (thread.kind) {
      case FrameKind::kEnd:
        for (TokenId id : vocabulary_->end_ids()) set_token(mask, id);
        break;
      case FrameKind::kToken:
        if (thread.x >= 0 && thread.x < vocabulary_->size()) set_token(mask, thread.x);
        break;
      case FrameKind::kString:
        add_string(thread);
        break;
      case FrameKind::kText:
        add_text(thread);
        break;
      case FrameKind::kKey:
        add_key(thread);
        break;
      default:
        walked_.push_back(thread);
    }
  }
  if (!walked_.empty()) walk(vocabulary_->trie(), 0, walked_);
  machine.take_back(mark);
  if (machine.overflowed()) {
    return make_error(ErrorCode::kGrammarTooComplex, "The grammar is too ambiguous here: more than {} readings.",
                      machine.tables().limits().threads);
  }
  if (std::all_of(mask.begin(), mask.end(), [](uint32_t word) { return word == 0; })) {
    return make_error(ErrorCode::kInternalError, "No token of the vocabulary continues the text in its grammar.");
  }
  return {};
}

void MaskMaker::fill_by_walk(Machine& machine, std::span<const Frame> threads, std::span<uint32_t> mask) {
  machine_ = &machine;
  mask_ = mask;
  std::fill(mask.begin(), mask.end(), 0);
  StateArena::Mark mark = machine.arena().mark();
  for (const Frame& thread : threads) {
    if (thread.kind == FrameKind::kToken && thread.x < vocabulary_->size()) set_token(mask, thread.x);
  }
  if (machine.can_end(threads)) {
    for (TokenId id : vocabulary_->end_ids()) set_token(mask, id);
  }
  walk(vocabulary_->trie(), 0, threads, false);
  machine.take_back(mark);
}

void MaskMaker::walk(const TokenTrie& trie, int32_t from, std::span<const Frame> threads, bool take_short_ways) {
  if (trie.empty()) return;
  Machine& machine = *machine_;
  const uint16_t base = trie.node(from).depth;
  const int32_t end = trie.node(from).skip;
  if (levels_.size() <= static_cast<size_t>(trie.max_depth())) {
    levels_.resize(static_cast<size_t>(trie.max_depth()) + 1);
    marks_.resize(levels_.size());
  }
  levels_[0].assign(threads.begin(), threads.end());
  marks_[0] = machine.arena().mark();
  for (int32_t n = from + 1; n < end;) {
    const TokenTrie::Node& node = trie.node(n);
    auto level = static_cast<size_t>(node.depth - base);
    machine.take_back(marks_[level - 1]);
    std::vector<Frame>& at = levels_[level];
    machine.step(levels_[level - 1], node.byte, at);
    if (at.empty()) {
      n = node.skip;
      continue;
    }
    if (take_short_ways && node.skip > n + 1 && at.size() == 1 && all_stay(at[0], trie, n)) {
      for (TokenId token : trie.subtree_tokens(n)) set_token(mask_, token);
      n = node.skip;
      continue;
    }
    for (TokenId token : trie.own_tokens(node)) set_token(mask_, token);
    marks_[level] = machine.arena().mark();
    ++n;
  }
  machine.take_back(marks_[0]);
}

// Any token below the node stays inside the string or key on top of the thread.
bool MaskMaker::all_stay(const Frame& thread, const TokenTrie& trie, int32_t node) {
  const MachineTables& tables = machine_->tables();
  if (thread.kind == FrameKind::kString && thread.z == 0) {
    const StringTable& table = tables.string(thread.x);
    if (table.ranged || (thread.record >= 0 && tables.words_left(table.automaton, thread.y) < kManyWords)) return false;
    return loops_.cover(tables.automaton(table.automaton), thread.y, trie, node);
  }
  if (thread.kind == FrameKind::kKey && thread.z == 0 && thread.y >= 0) {
    const Frame& object = machine_->arena().frame(thread.parent);
    const Dfa& dfa = tables.automaton(tables.object(object.x).other_automaton);
    return loops_.cover(dfa, thread.y, trie, node) && machine_->other_keys_are_free(object);
  }
  return false;
}

std::shared_ptr<const Slice> MaskMaker::string_slice(int32_t automaton, const StringTable& table, const StringState& at,
                                                     SliceMode mode) {
  const MachineTables& tables = machine_->tables();
  bool any_text = automaton == tables.any_text();
  SliceCache::Key key{.grammar = any_text ? kAllGrammars : grammar_,
                      .automaton = any_text ? 0 : automaton,
                      .state = at.state,
                      .escape = at.escape,
                      .mode = static_cast<int32_t>(mode)};
  if (table.ranged) {
    int64_t longest = vocabulary_->trie().max_depth() + 1;
    key.min_chars = std::clamp<int64_t>(table.min_chars - at.chars, 0, any_text ? longest : INT64_MAX);
    key.max_chars = table.max_chars ? *table.max_chars - at.chars : -1;
    if (any_text && key.max_chars > longest) key.max_chars = -1;
    if (key.min_chars == 0 && key.max_chars == -1) {
      StringTable free{.automaton = automaton};
      return string_slice(automaton, free, {at.state, at.escape, 0}, mode);
    }
  }
  SliceCache& cache = vocabulary_->slices();
  if (auto known = cache.find(key)) return known;
  auto slice = make_string_slice(*vocabulary_, tables, table, at, mode);
  cache.add(key, slice);
  return slice;
}

void MaskMaker::add_string(const Frame& thread) {
  const StringTable& table = machine_->tables().string(thread.x);
  bool recorded = thread.record >= 0;
  if (recorded && machine_->tables().words_left(table.automaton, thread.y) < kManyWords) {  // they may be used up
    walked_.push_back(thread);
    return;
  }
  auto slice = string_slice(table.automaton, table, {thread.y, thread.z, thread.w},
                            recorded ? SliceMode::kStringWalk : SliceMode::kString);
  slice->inside.add_to(mask_);
  walk(slice->to_walk, 0, std::span(&thread, 1));
  if (slice->exits.empty()) return;
  machine_->end_top(thread, after_);
  std::vector<Frame> after = after_;
  for (const Slice::Exit& exit : slice->exits) walk(exit.rest, 0, after);
}

ByteMask MaskMaker::bytes_after(std::span<const Frame> threads) {
  ByteMask bytes{};
  if (std::none_of(threads.begin(), threads.end(), takes_bytes)) return bytes;
  StateArena::Mark mark = machine_->arena().mark();
  std::vector<Frame> after;
  for (size_t byte = 0; byte < 256; ++byte) {
    machine_->step(threads, static_cast<uint8_t>(byte), after);
    if (!after.empty()) bytes[byte / 64] |= uint64_t{1} << (byte % 64);
    machine_->take_back(mark);
  }
  return bytes;
}

void MaskMaker::add_text(const Frame& thread) {
  machine_->end_top(thread, after_);
  std::vector<Frame> after = after_;
  SliceCache::Key key{
      .grammar = grammar_, .automaton = thread.x, .state = thread.y, .mode = kTextMode, .follow = bytes_after(after)};
  SliceCache& cache = vocabulary_->slices();
  auto slice = cache.find(key);
  if (slice == nullptr) {
    slice = make_text_slice(*vocabulary_, machine_->tables().automaton(thread.x), thread.y, key.follow);
    cache.add(key, slice);
  }
  slice->inside.add_to(mask_);
  for (const Slice::Exit& exit : slice->exits) walk(exit.rest, 0, after);
}

// Keys that are no property all end alike, by their class; properties and keys that the object has are judged one by
// one. The answers replace those that the class gave.
void MaskMaker::add_key(const Frame& thread) {
  Frame object = machine_->arena().frame(thread.parent);
  const MachineTables& tables = machine_->tables();
  if (thread.y < 0 || thread.record >= 0 || !machine_->other_keys_are_free(object)) {
    walked_.push_back(thread);
    return;
  }
  int32_t automaton = tables.object(object.x).other_automaton;
  if (thread.x >= 0 && automaton != tables.any_text()) {  // what only properties begin with
    walked_.push_back(thread);
    walked_.back().y = -1;
    walked_.back().w = kNoCell;
  }
  StringTable text{.automaton = automaton};
  auto slice = string_slice(automaton, text, {thread.y, thread.z, 0}, SliceMode::kKey);
  std::span<uint32_t> whole = mask_;
  key_mask_.assign(whole.size(), 0);
  mask_ = key_mask_;
  slice->inside.add_to(mask_);
  for (const Slice::Exit& exit : slice->exits) {
    for (TokenId token : exit.rest.own_tokens(exit.rest.node(0))) set_token(mask_, token);
    Frame colon{.kind = FrameKind::kColon,
                .depth = thread.depth,
                .parent = thread.parent,
                .record = thread.record,
                .x = -exit.label,
                .w = thread.w};
    walk(exit.rest, 0, std::span(&colon, 1));
  }
  walk(slice->to_walk, 0, std::span(&thread, 1));
  correct_known_keys(thread, object);
  mask_ = whole;
  for (size_t w = 0; w < whole.size(); ++w) whole[w] |= key_mask_[w];
}

void MaskMaker::correct_known_keys(const Frame& thread, const Frame& object) {
  if (thread.z != 0) return;  // the rest of the escape is in the way: such tokens are walked
  const ObjectTable& table = machine_->tables().object(object.x);
  const StateArena& arena = machine_->arena();
  size_t length = 0;
  for (int32_t cell = thread.w; cell > 0; cell = arena.cell(cell).next) ++length;
  if (thread.x >= 0) {
    const KeyTrie::Node& node = table.keys.nodes[static_cast<size_t>(thread.x)];
    for (int32_t i = node.first; i < node.last; ++i) {
      judge_key(thread, std::string_view(table.shape.properties[static_cast<size_t>(i)].key).substr(length));
    }
  }
  for (int32_t key = object.u; key >= 0; key = arena.cell(key).next) {
    std::string rest;
    int32_t cell = arena.cell(key).a;
    for (; cell > 0 && cell != thread.w; cell = arena.cell(cell).next) rest += static_cast<char>(arena.cell(cell).a);
    if (cell != thread.w) continue;  // another beginning
    std::reverse(rest.begin(), rest.end());
    judge_key(thread, rest);
  }
}

// The tokens that end the key after `rest`.
void MaskMaker::judge_key(const Frame& thread, std::string_view rest) {
  const TokenTrie& trie = vocabulary_->trie();
  int32_t at = trie.find(rest);
  if (at >= 0) at = trie.child(at, '"');
  if (at < 0) return;
  for (TokenId token : trie.subtree_tokens(at)) {
    mask_[static_cast<size_t>(token) / 32] &= ~(uint32_t{1} << (static_cast<uint32_t>(token) % 32));
  }
  std::vector<Frame> threads = {thread}, next;
  StateArena::Mark mark = machine_->arena().mark();
  for (size_t i = 0; i <= rest.size() && !threads.empty(); ++i) {
    machine_->step(threads, i < rest.size() ? static_cast<uint8_t>(rest[i]) : static_cast<uint8_t>('"'), next);
    std::swap(threads, next);
  }
  if (!threads.empty()) {
    for (TokenId token : trie.own_tokens(trie.node(at))) set_token(mask_, token);
    walk(trie, at, threads);
  }
  machine_->take_back(mark);
}

}  // namespace weft
