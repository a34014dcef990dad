#include "grammar/mask_maker.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>

#include "base/mapped_file.h"
#include "base/rng.h"
#include "base/test_data.h"
#include "grammar/grammar_samples.h"
#include "grammar/token_grammar.h"
#include "text/tokenizer_json.h"

namespace weft {
namespace {

using Mask = std::vector<uint32_t>;

bool has(const Mask& mask, TokenId token) {
  return ((mask[static_cast<size_t>(token) / 32] >> (static_cast<uint32_t>(token) % 32)) & 1) != 0;
}

std::vector<TokenId> tokens_of(const Mask& mask) {
  std::vector<TokenId> tokens;
  for (size_t w = 0; w < mask.size(); ++w) {
    for (uint32_t word = mask[w]; word != 0; word &= word - 1) {
      tokens.push_back(static_cast<TokenId>(w * 32 + static_cast<size_t>(std::countr_zero(word))));
    }
  }
  return tokens;
}

// All single bytes, and random strings of pieces that JSON is made of. Token 0 ends the text, 1 and 2 are special.
std::shared_ptr<const TokenVocabulary> random_vocabulary(Rng& rng) {
  const std::vector<std::string> pieces = {"\"",    "\\",   "a",   "b",        "ab",       ":",    ",",       "{",
                                           "}",     "[",    "]",   " ",        "1",        "0",    "\n",      ".",
                                           "\\u00", "61",   "e",   "-",        "c",        "\xC3", "\xA9",    "tr",
                                           "ue",    "null", "\\n", "\xF0\x9F", "\x98\x80", "d83d", "\\ude00", "x"};
  std::vector<std::string> texts(3);
  for (int byte = 0; byte < 256; ++byte) texts.emplace_back(1, static_cast<char>(byte));
  for (int i = 0; i < 1500; ++i) {
    std::string text;
    for (uint64_t n = 1 + rng.next() % 5; n > 0; --n) text += pieces[rng.next() % pieces.size()];
    texts.push_back(text);
  }
  return std::make_shared<const TokenVocabulary>(std::move(texts), std::vector<TokenId>{0});
}

// Keys of "1" and "0" only are of class 1, those of "x" of class 2.
DfaPtr labelled_keys() {
  Dfa bits = *dfa::repeat(*dfa::one_of({"0", "1"}, {}), 1, std::nullopt, {});
  Dfa crosses = *dfa::repeat(dfa::literal("x"), 2, std::nullopt, {});
  Dfa both = *dfa::unite(bits, crosses, {});
  for (size_t s = 0; s < both.accepting.size(); ++s) {
    auto state = static_cast<int32_t>(s);
    if (both.accepting[s] != 0) both.accepting[s] = both.step(state, 'x') >= 0 ? 2 : 1;
  }
  return std::make_shared<const Dfa>(std::move(both));
}

// Closed and open objects, arrays of all kinds, strings with patterns and lengths, a special token behind it.
Grammar mixed_grammar() {
  GrammarBuilderSample g;
  g.grammar.values = any_value_sample();
  auto& values = g.grammar.values.values;
  auto add = [&](ValueShape shape) {
    values.push_back(std::move(shape));
    return static_cast<ValueId>(values.size()) - 1;
  };
  ValueShape string, number, enumeration, unique, counted, open, closed;
  string.strings.push_back({.text = nullptr, .min_chars = 2, .max_chars = 4});
  string.strings.push_back({.text = automaton({"ab", "a\"b", "\xC3\xA9", "abab", "\n1"})});
  number.number = number_sample();
  number.null = true;
  enumeration.strings.push_back({.text = automaton({"a", "ab", "b", "1"})});
  enumeration.true_value = true;
  ValueId text = add(string), digits = add(number), choice = add(enumeration);
  unique.arrays.push_back({.rest = {{0, 0}}, .unique = true});
  counted.arrays.push_back({.prefix = {{{digits, 0}}, {{text, 0}}},
                            .rest = {{choice, 1}, {digits, 0}},
                            .max_items = 5,
                            .conditions = {{1, 2}}});
  ValueId all_different = add(unique), some = add(counted);
  ObjectShape object;
  object.properties = {
      {"a", {{text, 0}}, true}, {"ab", {{all_different, 0}}, false}, {"abc", {}, false},
      {"b", {{some, 0}}, true}, {"c\"", {{choice, 0}}, false},       {"\xC3\xA9", {{digits, 0}}, false}};
  closed.objects.push_back(object);
  object.classes = {{{choice, 0}, {digits, 0}}};
  open.objects.push_back(object);
  object.max_properties = 4;
  open.objects.push_back(object);
  object.max_properties.reset();
  object.other_keys = labelled_keys();
  object.classes = {{{choice, 0}}, {{digits, 0}}};
  ValueShape patterns;
  patterns.objects.push_back(object);
  ValueId third = add(patterns);
  ValueId one = add(open), other = add(closed);
  auto body = g.choice({g.value(one), g.value(other), g.value(third), g.value(0)});
  auto list = g.rule();
  g.define(list, g.choice({g.sequence({g.call(list), g.text({" ", ",\n"}), body}), body}));
  return g.finish(g.sequence({g.repeat(g.token(2), 0, 1), g.call(list), g.repeat(g.text({"}", "a\"", "{ab"}), 0, 2),
                              g.choice({g.token(1), g.sequence({})})}));
}

std::unique_ptr<GrammarState> state_of(Grammar grammar, const std::shared_ptr<const TokenVocabulary>& vocabulary) {
  auto tables = MachineTables::build(std::move(grammar), {});
  CHECK(tables.has_value());
  return std::make_unique<GrammarState>(*tables, vocabulary, vocabulary->slices().new_grammar());
}

// What a mask is by definition: the tokens that a copy of the state accepts.
Mask by_definition(const GrammarState& state, int32_t size) {
  Mask mask((static_cast<size_t>(size) + 31) / 32);
  for (TokenId token = 0; token < size; ++token) {
    auto copy = state.clone();
    if (copy->accept(token).ok()) set_token(mask, token);
  }
  return mask;
}

// Follows random legal tokens, long ones preferred now and then; returns false at the end.
bool take_random(GrammarState& state, const TokenVocabulary& vocabulary, const Mask& mask, Rng& rng) {
  std::vector<TokenId> tokens = tokens_of(mask);
  TokenId chosen = tokens[rng.next() % tokens.size()];
  for (int i = 0; i < 3; ++i) {
    TokenId other = tokens[rng.next() % tokens.size()];
    if (vocabulary.text(other).size() > vocabulary.text(chosen).size()) chosen = other;
  }
  if (vocabulary.is_end(chosen)) return false;
  EXPECT_TRUE(state.accept(chosen).ok());
  return true;
}

TEST(MaskMaker, MasksAreWhatIsAccepted) {
  Rng rng(7);
  for (int round = 0; round < 3; ++round) {
    auto vocabulary = random_vocabulary(rng);
    Mask mask((static_cast<size_t>(vocabulary->size()) + 31) / 32, ~0u);
    for (int text = 0; text < 4; ++text) {
      auto state = state_of(mixed_grammar(), vocabulary);
      for (int step = 0; step < 12; ++step) {
        ASSERT_TRUE(state->fill_mask(mask).ok());
        ASSERT_EQ(mask, by_definition(*state, vocabulary->size())) << "step " << step;
        if (!take_random(*state, *vocabulary, mask, rng)) break;
      }
    }
  }
}

TEST(MaskMaker, MasksAreWhatAWalkFinds) {
  Rng rng(11);
  for (int round = 0; round < 20; ++round) {
    auto vocabulary = random_vocabulary(rng);
    Mask mask((static_cast<size_t>(vocabulary->size()) + 31) / 32, ~0u), walked = mask;
    auto state = state_of(round % 2 == 0 ? mixed_grammar() : value_sample(any_value_sample()), vocabulary);
    MaskMaker maker(vocabulary, 0);
    for (int step = 0; step < 60; ++step) {
      ASSERT_TRUE(state->fill_mask(mask).ok());
      maker.fill_by_walk(state->machine(), state->threads(), walked);
      for (TokenId t = 0; t < vocabulary->size(); ++t) {
        ASSERT_EQ(has(mask, t), has(walked, t))
            << "round " << round << " step " << step << " token " << vocabulary->text(t);
      }
      if (!take_random(*state, *vocabulary, mask, rng)) break;
    }
  }
}

TEST(MaskMaker, AnIllegalTokenChangesNothing) {
  Rng rng(3);
  auto vocabulary = random_vocabulary(rng);
  auto state = state_of(value_sample(any_value_sample()), vocabulary);
  ASSERT_TRUE(state->accept(3 + '{').ok());
  for (TokenId token : {3 + '}' - 1, 0, 1, 2, -1, vocabulary->size()}) EXPECT_FALSE(state->accept(token).ok()) << token;
  auto copy = state->clone();
  ASSERT_TRUE(state->accept(3 + '}').ok());
  EXPECT_TRUE(state->accept(0).ok());
  EXPECT_TRUE(copy->accept(3 + '"').ok());
}

TEST(MaskMaker, ForcedTokens) {
  std::vector<std::string> texts = {"", "a", "b", "ab"};
  auto vocabulary = std::make_shared<const TokenVocabulary>(texts, std::vector<TokenId>{0});
  GrammarBuilderSample g;
  auto state = state_of(g.finish(g.text({"ba", "bb"})), vocabulary);
  EXPECT_EQ(state->forced_token(), 2);
  ASSERT_TRUE(state->accept(2).ok());
  EXPECT_EQ(state->forced_token(), std::nullopt);
}

TEST(MaskMaker, MemoryStaysFlat) {
  Rng rng(5);
  auto vocabulary = random_vocabulary(rng);
  ValueGrammar values = any_value_sample();
  ValueShape list;
  list.arrays.push_back({.rest = {{0, 0}}});
  values.values.push_back(list);
  values.root = 1;
  auto state = state_of(value_sample(values), vocabulary);
  const std::string item = "{\"a\":[1,{\"b\":\"\\u00e9x\"}]},";
  ASSERT_TRUE(state->accept(3 + '[').ok());
  size_t most = 0;
  for (int token = 0; token < 100'000; ++token) {
    ASSERT_TRUE(state->accept(3 + static_cast<uint8_t>(item[static_cast<size_t>(token) % item.size()])).ok());
    most = std::max(most, state->memory_bytes());
  }
  EXPECT_LT(most, 1u << 20);
}

std::shared_ptr<const TokenVocabulary> qwen_vocabulary() {
  auto path = shared_data("tokenizers/hf/qwen3/tokenizer.json");
  auto text = read_text_file(path, 64u << 20);
  if (!text) return nullptr;
  auto tokenizer = load_json_tokenizer(*text, Metadata{});
  CHECK(tokenizer.has_value());
  auto end = (*tokenizer)->find_token("<|im_end|>");
  CHECK(end.has_value());
  return std::dynamic_pointer_cast<const TokenVocabulary>(GrammarVocabulary::build(**tokenizer, {*end}));
}

TEST(MaskMaker, QwenMasksAreWhatAWalkFinds) {
  REQUIRE_DATA(shared_data("tokenizers/hf/qwen3/tokenizer.json"));
  auto vocabulary = qwen_vocabulary();
  ASSERT_NE(vocabulary, nullptr);
  Rng rng(13);
  Mask mask((static_cast<size_t>(vocabulary->size()) + 31) / 32), walked = mask;
  MaskMaker maker(vocabulary, 0);
  for (int round = 0; round < 6; ++round) {
    auto state = state_of(round % 2 == 0 ? mixed_grammar() : value_sample(any_value_sample()), vocabulary);
    for (int step = 0; step < 10; ++step) {
      ASSERT_TRUE(state->fill_mask(mask).ok());
      maker.fill_by_walk(state->machine(), state->threads(), walked);
      ASSERT_EQ(tokens_of(mask), tokens_of(walked)) << "round " << round << " step " << step;
      if (!take_random(*state, *vocabulary, mask, rng)) break;
    }
  }
}

}  // namespace
}  // namespace weft
