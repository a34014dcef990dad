#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <limits>
#include <map>

#include "base/rng.h"
#include "base/utf8.h"
#include "frontend/chat_renderer.h"
#include "frontend/piece_tokenizer.h"
#include "frontend/prepare.h"
#include "frontend/stop_finder.h"
#include "frontend/text_stream.h"
#include "frontend/work_pool.h"

namespace weft {
namespace {

struct Cut {
  std::string text;
  std::string stop;  // empty: none
  size_t end = std::string::npos;
};

// The definition on the whole text: the match that ends first, the longest of those.
Cut cut_at_stop(const std::string& text, const std::vector<std::string>& stops, bool include) {
  for (size_t end = 1; end <= text.size(); ++end) {
    const std::string* best = nullptr;
    for (const std::string& stop : stops) {
      bool ends_here = stop.size() <= end && text.compare(end - stop.size(), stop.size(), stop) == 0;
      if (ends_here && (best == nullptr || stop.size() > best->size())) best = &stop;
    }
    if (best != nullptr) return {text.substr(0, include ? end : end - best->size()), *best, end};
  }
  return {text, "", std::string::npos};
}

// I18: every way to cut a text into pieces gives the same answer, and no more is held back than needed.
TEST(StopFinder, EverySplitGivesTheSameText) {
  const std::vector<std::vector<std::string>> stop_sets = {
      {"ab"}, {"aab", "ab"}, {"abab", "ba"}, {"aaa"}, {"abc", "bcd", "c"}, {"€b", "\n\n"}, {"a"}, {}};
  const std::string texts[] = {"aabab", "abcbcd", "aaaab", "x€€b", "bab\n\na", "acacac"};
  for (const auto& stops : stop_sets) {
    for (const std::string& text : texts) {
      std::vector<size_t> boundaries;  // of characters
      for (size_t pos = 0; pos < text.size(); decode_utf8(text, pos)) {
        if (pos > 0) boundaries.push_back(pos);
      }
      for (uint32_t split = 0; split < 1u << boundaries.size(); ++split) {
        for (bool include : {false, true}) {
          StopFinder finder(stops, include);
          std::string out;
          size_t start = 0;
          for (size_t b = 0; b <= boundaries.size() && finder.match() == nullptr; ++b) {
            if (b < boundaries.size() && (split >> b & 1) == 0) continue;
            size_t end = b < boundaries.size() ? boundaries[b] : text.size();
            out += finder.push(text.substr(start, end - start));
            start = end;
            if (finder.match() != nullptr) break;
            std::string held = text.substr(out.size(), end - out.size());
            bool needed = held.empty() || std::any_of(stops.begin(), stops.end(), [&](const std::string& stop) {
                            return stop.size() > held.size() && stop.starts_with(held);
                          });
            EXPECT_TRUE(needed) << "held back: " << held;
          }
          if (finder.match() == nullptr) out += finder.flush();
          Cut expected = cut_at_stop(text, stops, include);
          EXPECT_EQ(out, expected.text);
          EXPECT_EQ(finder.match() == nullptr ? "" : *finder.match(), expected.stop);
        }
      }
    }
  }
}

std::shared_ptr<const TextModel> test_model() {
  TextModel model;
  model.tokenizer = std::make_shared<PieceTokenizer>(std::vector<std::string>{
      "?", "a", "b", "c", "ab", "bc", "\xE2", "\x82", "\xAC", "é", " ", "abc a", "\xE2\x82", "<eos>"});
  model.limits = {.vocab_size = 14, .max_model_len = 200, .eos_token_ids = {13}};
  model.render_chat = [](const ChatPrompt& prompt) -> Result<std::string> {
    return std::string(prompt.messages.size(), 'a');
  };
  return std::make_shared<const TextModel>(std::move(model));
}

TextRequest token_request(std::vector<TokenId> ids = {1, 2, 3}) {
  TextRequest request;
  request.prompt = TokenPrompt{std::move(ids)};
  return request;
}

Result<ValidatedRequest> validate(const TextModel& model, const TextRequest& text) {
  TRY_ASSIGN(PreparedPrompt prompt, make_prompt(model, text));
  return make_validated(model, text, std::move(prompt.ids), 7, 0);
}

struct Answer {
  bool started = false;
  std::map<int32_t, std::string> text;
  std::map<int32_t, std::vector<TokenText>> tokens;
  std::map<int32_t, TextDelta> last;
  std::optional<Usage> usage;
  std::optional<Error> error;
};

// Feeds the events and checks the order of what comes out.
Answer run(TextStream& stream, const std::vector<TokenEvent>& events) {
  Answer answer;
  for (const TokenEvent& event : events) {
    std::vector<TextEvent> out;
    stream.feed(event, out);
    for (TextEvent& text_event : out) {
      EXPECT_FALSE(answer.usage || answer.error) << "event after the last";
      if (std::holds_alternative<TextStart>(text_event)) {
        EXPECT_FALSE(answer.started);
        answer.started = true;
      } else if (auto* delta = std::get_if<TextDelta>(&text_event)) {
        EXPECT_TRUE(answer.started);
        EXPECT_TRUE(is_valid_utf8(delta->text));
        EXPECT_EQ(answer.last[delta->choice].finish, FinishReason::kNone) << "delta after the last of its choice";
        answer.text[delta->choice] += delta->text;
        auto& tokens = answer.tokens[delta->choice];
        tokens.insert(tokens.end(), delta->tokens.begin(), delta->tokens.end());
        answer.last[delta->choice] = *delta;
      } else if (auto* end = std::get_if<TextEnd>(&text_event)) {
        answer.usage = end->usage;
      } else {
        answer.error = std::get<Error>(text_event);
      }
    }
  }
  return answer;
}

std::vector<TokenEvent> events_of(const std::vector<TokenId>& tokens, int32_t choice = 0) {
  std::vector<TokenEvent> events;
  for (size_t i = 0; i < tokens.size(); ++i) {
    bool last = i + 1 == tokens.size();
    FinishReason finish = !last ? FinishReason::kNone : tokens[i] == 13 ? FinishReason::kStop : FinishReason::kLength;
    events.push_back({.choice = choice, .token = SampledToken{.token = tokens[i]}, .finish = finish});
  }
  return events;
}

// Random tokens, with broken characters among them: text, tokens and usage against the definition.
TEST(TextStream, TextTokensAndUsageEqualTheDefinition) {
  auto model = test_model();
  Rng rng(1);
  const std::vector<std::vector<std::string>> stop_sets = {{}, {"ab"}, {"a b", "ca"}, {"€"}, {"bcab", "cc", "é"}};
  for (int round = 0; round < 4000; ++round) {
    TextRequest text = token_request();
    text.stop = stop_sets[rng.below(stop_sets.size())];
    text.include_stop_str_in_output = rng.chance(0.3);
    text.max_tokens = 30;
    auto request = validate(*model, text);
    ASSERT_TRUE(request) << request.error().message;
    std::vector<TokenId> tokens;
    for (uint64_t i = 1 + rng.below(30); i > 0; --i) tokens.push_back(static_cast<TokenId>(1 + rng.below(12)));
    if (rng.chance(0.5)) tokens.push_back(13);

    // Specials are skipped; with include_stop_str_in_output too, as skip_special_tokens says.
    std::string whole = model->tokenizer->decode(tokens, true);
    Cut expected = cut_at_stop(whole, text.stop, text.include_stop_str_in_output);
    size_t num_tokens = tokens.size();
    if (!expected.stop.empty()) {
      Detokenizer detokenizer(*model->tokenizer, true, true);
      size_t certain = 0;
      for (num_tokens = 0; num_tokens < tokens.size() && certain < expected.end;) {
        certain += detokenizer.push(tokens[num_tokens++]).size();
      }
    }

    TextStream stream(model, text, *request);
    Answer answer = run(stream, events_of(tokens));
    EXPECT_EQ(answer.text[0], expected.text);
    ASSERT_TRUE(answer.usage);
    EXPECT_EQ(answer.usage->completion_tokens, static_cast<int64_t>(num_tokens));
    EXPECT_EQ(answer.usage->prompt_tokens, 3);
    std::vector<TokenId> ids;
    for (const TokenText& token : answer.tokens[0]) ids.push_back(token.id);
    EXPECT_EQ(ids, std::vector<TokenId>(tokens.begin(), tokens.begin() + static_cast<ptrdiff_t>(num_tokens)));
    if (!expected.stop.empty()) {
      EXPECT_EQ(answer.last[0].finish, FinishReason::kStop);
      EXPECT_EQ(std::get<std::string>(answer.last[0].stop_reason), expected.stop);
    }
    EXPECT_TRUE(stream.client_done());
  }
}

// The same with special tokens in the text, shown or not, and three choices whose events come mixed. A choice whose
// stop string is found is told to the engine at once, and no other.
TEST(TextStream, ChoicesWithSpecialTokensEqualTheDefinition) {
  auto model = test_model();
  Rng rng(2);
  const std::vector<std::vector<std::string>> stop_sets = {
      {"ab"}, {"a b", "ca"}, {"€"}, {"bcab", "cc", "é"}, {"<eos>"}};
  for (int round = 0; round < 2000; ++round) {
    TextRequest text = token_request();
    text.n = 3;
    text.stop = stop_sets[rng.below(stop_sets.size())];
    text.skip_special_tokens = rng.chance(0.5);
    text.ignore_eos = true;
    text.max_tokens = 30;
    auto request = validate(*model, text);
    ASSERT_TRUE(request) << request.error().message;
    std::vector<std::vector<TokenId>> tokens(3);
    std::vector<std::pair<size_t, size_t>> order;  // choice, token
    for (size_t choice = 0; choice < 3; ++choice) {
      for (size_t i = 0; i < 1 + rng.below(20); ++i) {
        tokens[choice].push_back(static_cast<TokenId>(1 + rng.below(13)));
        order.insert(order.begin() + static_cast<ptrdiff_t>(rng.below(order.size() + 1)), {choice, i});
      }
    }
    TextStream stream(model, text, *request);
    std::vector<TokenEvent> events;
    std::vector<size_t> next(3);
    for (auto [choice, ignored] : order) {
      size_t i = next[choice]++;
      bool last = i + 1 == tokens[choice].size();
      events.push_back({.choice = static_cast<int32_t>(choice),
                        .token = SampledToken{.token = tokens[choice][i]},
                        .finish = last ? FinishReason::kLength : FinishReason::kNone});
    }
    Answer answer = run(stream, events);
    std::vector<int32_t> stopped = stream.take_stopped_choices();
    for (int32_t choice = 0; choice < 3; ++choice) {
      std::string whole = model->tokenizer->decode(tokens[static_cast<size_t>(choice)], text.skip_special_tokens);
      Cut expected = cut_at_stop(whole, text.stop, false);
      EXPECT_EQ(answer.text[choice], expected.text);
      bool told = std::count(stopped.begin(), stopped.end(), choice) == 1;
      bool early = answer.tokens[choice].size() < tokens[static_cast<size_t>(choice)].size();
      EXPECT_TRUE(told || !early) << choice;
      EXPECT_FALSE(told && expected.stop.empty()) << choice;
    }
    EXPECT_TRUE(stream.client_done());
  }
}

// Alignment survives holding back: a token comes with the delta that completes its text.
TEST(TextStream, TokensComeWithTheirText) {
  auto model = test_model();
  TextRequest text = token_request();
  text.stop = {"abab"};
  TextStream stream(model, text, *validate(*model, text));
  auto feed = [&](TokenId token) {
    std::vector<TextEvent> out;
    stream.feed({.token = SampledToken{.token = token}}, out);
    std::string shown;
    for (const TextEvent& event : out) {
      const auto* delta = std::get_if<TextDelta>(&event);
      if (delta == nullptr) continue;
      shown += delta->text + "|";
      for (const TokenText& t : delta->tokens) shown += std::to_string(t.id) + ",";
    }
    return shown;
  };
  EXPECT_EQ(feed(3), "c|3,");
  EXPECT_EQ(feed(4), "");             // "ab" may begin the stop
  EXPECT_EQ(feed(1), "");             // "aba"
  EXPECT_EQ(feed(3), "abac|4,1,3,");  // no
  EXPECT_EQ(feed(6), "");             // the first byte of a euro sign
  EXPECT_EQ(feed(7), "");
  EXPECT_EQ(feed(8), "€|6,7,8,");
  EXPECT_EQ(feed(11), "abc |");  // "abc a": its last letter is held, and so is the token
  EXPECT_EQ(feed(10), "a |11,10,");
}

TEST(TextStream, StopTokensAreSilentAndNamed) {
  auto model = test_model();
  TextRequest text = token_request();
  text.stop_token_ids = {2};
  auto finish_with = [&](TokenId token) {
    TextStream stream(model, text, *validate(*model, text));
    return run(stream, {{.token = SampledToken{.token = 1}},
                        {.token = SampledToken{.token = token}, .finish = FinishReason::kStop}});
  };
  Answer answer = finish_with(2);
  EXPECT_EQ(answer.text[0], "a");
  EXPECT_EQ(std::get<TokenId>(answer.last[0].stop_reason), 2);
  EXPECT_EQ(answer.tokens[0].size(), 2u);  // the stop token included
  answer = finish_with(13);
  EXPECT_TRUE(std::holds_alternative<std::monostate>(answer.last[0].stop_reason));
  EXPECT_EQ(answer.usage->completion_tokens, 2);
  text.include_stop_str_in_output = true;
  EXPECT_EQ(finish_with(2).text[0], "ab");
}

TEST(TextStream, StopStringsCountOnlyBehindMinTokens) {
  auto model = test_model();
  TextRequest text = token_request();
  text.stop = {"b"};
  text.min_tokens = 2;
  TextStream stream(model, text, *validate(*model, text));
  EXPECT_EQ(run(stream, events_of({4, 2, 1, 2, 1})).text[0], "abba");
}

TEST(TextStream, ChoicesEndOnTheirOwn) {
  auto model = test_model();
  TextRequest text = token_request();
  text.n = 2;
  text.stop = {"bb"};
  TextStream stream(model, text, *validate(*model, text));
  std::vector<TokenEvent> first = events_of({1, 2, 2, 3, 3}, 0);  // the engine goes on behind the stop
  std::vector<TokenEvent> second = events_of({3, 3, 3, 3, 13}, 1);
  first.front().num_cached_tokens = 2;
  std::vector<TokenEvent> mixed;
  for (size_t i = 0; i < first.size(); ++i) {
    mixed.push_back(first[i]);
    mixed.push_back(second[i]);
  }
  Answer answer = run(stream, mixed);
  EXPECT_EQ(stream.take_stopped_choices(), std::vector<int32_t>{0});
  EXPECT_EQ(answer.text[0], "a");
  EXPECT_EQ(answer.text[1], "cccc");
  EXPECT_EQ(answer.usage->completion_tokens, 3 + 5);
  EXPECT_EQ(answer.usage->cached_tokens, 2);
  EXPECT_TRUE(stream.engine_done());
}

TEST(TextStream, AnErrorIsTheLastEvent) {
  auto model = test_model();
  TextRequest text = token_request();
  TextStream stream(model, text, *validate(*model, text));
  Answer answer = run(stream, {{.token = SampledToken{.token = 1}},
                               {.error = make_error(ErrorCode::kNumericError, "x")},
                               {.token = SampledToken{.token = 1}}});
  ASSERT_TRUE(answer.error);
  EXPECT_EQ(answer.text[0], "a");
  EXPECT_TRUE(stream.engine_done());
}

TEST(TextStream, EchoGivesThePromptWithItsScores) {
  auto model = test_model();
  TextRequest text;
  text.prompt = TextPrompt{.text = "abé", .add_special_tokens = false};
  text.echo = true;
  text.num_logprobs = 1;
  for (bool prompt_only : {false, true}) {
    if (prompt_only) text.max_tokens = 0;
    auto request = validate(*model, text);
    ASSERT_TRUE(request) << request.error().message;
    EXPECT_TRUE((*request)->prompt_logprobs);
    TextStream stream(model, text, *request);
    SampledToken score{.token = 9, .logprob = -2, .rank = 1, .top = {{4, -1.0f}}};
    SampledToken sampled{.token = 3, .logprob = -3};
    Answer answer = run(stream, {{.prompt_logprobs = {score}}, {.token = sampled, .finish = FinishReason::kLength}});
    EXPECT_EQ(answer.text[0], prompt_only ? "abé" : "abéc");
    auto& tokens = answer.tokens[0];
    ASSERT_EQ(tokens.size(), prompt_only ? 2u : 3u);
    EXPECT_FALSE(tokens[0].has_logprob);
    EXPECT_TRUE(tokens[1].has_logprob);
    EXPECT_EQ(tokens[1].logprob, -2);
    EXPECT_EQ(tokens[1].bytes, "é");
    EXPECT_EQ(tokens[1].top[0].second, "ab");
    EXPECT_EQ(answer.usage->completion_tokens, prompt_only ? 0 : 1);
    EXPECT_EQ(answer.last[0].finish, FinishReason::kLength);
  }
}

TEST(Prepare, ChatTextAndTokens) {
  auto model = test_model();
  TextRequest request;
  request.prompt = TextPrompt{.text = "abc"};
  EXPECT_EQ(make_prompt(*model, request)->ids, (std::vector<TokenId>{13, 4, 3}));
  request.prompt = ChatPrompt{.messages = {1, 2}};
  EXPECT_EQ(make_prompt(*model, request)->ids, (std::vector<TokenId>{1, 1}));  // no special token added
  TextModel bare = *model;
  bare.render_chat = nullptr;
  EXPECT_EQ(make_prompt(bare, request).error().param, "messages");
}

TEST(Prepare, ChatTemplatesRenderAndTheirErrorsNameMessages) {
  auto parsed = ChatTemplate::parse(
      "{% if messages[0].role == 'x' %}{{ raise_exception('no x') }}{% endif %}"
      "{% for m in messages %}{{ m.content }}{% endfor %}{% if add_generation_prompt %}c{% endif %}",
      {});
  ASSERT_TRUE(parsed) << parsed.error().message;
  TextModel model = *test_model();
  model.render_chat = make_chat_renderer(std::make_shared<const ChatTemplate>(*std::move(parsed)));
  TextRequest request;
  request.prompt = ChatPrompt{.messages = {JsonObject{{"role", "user"}, {"content", "ab"}}}};
  EXPECT_EQ(make_prompt(model, request)->ids, (std::vector<TokenId>{4, 3}));
  request.prompt = ChatPrompt{.messages = {JsonObject{{"role", "x"}, {"content", "ab"}}}};
  auto refused = make_prompt(model, request);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().param, "messages");
}

TEST(Prepare, DefaultsComeFromTheModelThenFromNowhere) {
  TextModel model = *test_model();
  model.defaults = {.temperature = 0.6f, .top_p = 0.9f, .repetition_penalty = 1.1f, .top_k = 20};
  auto request = validate(model, token_request());
  ASSERT_TRUE(request);
  EXPECT_EQ((*request)->sampling.temperature, 0.6f);
  EXPECT_EQ((*request)->sampling.top_k, 20);
  EXPECT_EQ((*request)->sampling.repetition_penalty, 1.1f);
  EXPECT_EQ((*request)->sampling.min_p, 0.0f);
  TextRequest text = token_request();
  text.temperature = 0;
  text.top_k = -1;
  request = validate(model, text);
  ASSERT_TRUE(request);
  EXPECT_EQ((*request)->sampling.temperature, 0.0f);
  EXPECT_EQ((*request)->sampling.top_k, 0);
}

TEST(Prepare, UnsetMaxTokensTakesTheRoom) {
  TextModel model = *test_model();
  TextRequest text = token_request();
  EXPECT_EQ((*validate(model, text))->max_tokens, 197);
  text.default_max_tokens = 16;
  EXPECT_EQ((*validate(model, text))->max_tokens, 16);
  text.prompt = TokenPrompt{std::vector<TokenId>(195, 1)};
  EXPECT_EQ((*validate(model, text))->max_tokens, 5);
  text.prompt = TokenPrompt{std::vector<TokenId>(200, 1)};
  EXPECT_EQ(validate(model, text).error().code, ErrorCode::kContextLengthExceeded);
  text = token_request();
  text.n = 4;
  model.limits.max_n_times_max_tokens = 100;
  EXPECT_EQ((*validate(model, text))->max_tokens, 25);
}

TEST(Prepare, NamesTheFieldAtFault) {
  struct Case {
    const char* param;
    void (*spoil)(TextRequest&);
  };
  const Case cases[] = {
      {"stop", [](TextRequest& r) { r.stop.assign(17, "x"); }},
      {"stop", [](TextRequest& r) { r.stop = {""}; }},
      {"stop", [](TextRequest& r) { r.stop = {std::string(257, 'x')}; }},
      {"stop", [](TextRequest& r) { r.stop = {"\xff"}; }},
      {"stop_token_ids", [](TextRequest& r) { r.stop_token_ids.assign(65, 1); }},
      {"stop_token_ids", [](TextRequest& r) { r.stop_token_ids = {int64_t{1} << 40}; }},
      {"logit_bias",
       [](TextRequest& r) {
         r.logit_bias.assign(1025, {1, 0.0});
       }},
      {"logit_bias",
       [](TextRequest& r) {
         r.logit_bias = {{14, 0.0}};
       }},
      {"logit_bias",
       [](TextRequest& r) {
         r.logit_bias = {{INT64_MIN, 0.0}};
       }},
      {"cache_salt", [](TextRequest& r) { r.cache_salt.assign(1025, 'x'); }},
      {"n", [](TextRequest& r) { r.n = INT64_MAX; }},
      {"n", [](TextRequest& r) { r.n = 0; }},
      {"n", [](TextRequest& r) { r.n = -1; }},
      {"max_tokens", [](TextRequest& r) { r.max_tokens = 0; }},
      {"max_tokens", [](TextRequest& r) { r.max_tokens = INT64_MAX; }},
      {"max_tokens", [](TextRequest& r) { r.max_tokens = INT64_MIN; }},
      {"min_tokens", [](TextRequest& r) { r.min_tokens = int64_t{1} << 33; }},
      {"priority", [](TextRequest& r) { r.priority = int64_t{1} << 33; }},
      {"top_k", [](TextRequest& r) { r.top_k = -2; }},
      {"top_k", [](TextRequest& r) { r.top_k = int64_t{1} << 33; }},
      {"temperature", [](TextRequest& r) { r.temperature = 1e300; }},
      {"temperature", [](TextRequest& r) { r.temperature = std::numeric_limits<double>::quiet_NaN(); }},
      {"top_logprobs", [](TextRequest& r) { r.num_logprobs = 21; }},
      {"top_logprobs", [](TextRequest& r) { r.num_logprobs = -1; }},
      {"prompt", [](TextRequest& r) { r.prompt = TokenPrompt{}; }},
      {"prompt", [](TextRequest& r) { r.prompt = TokenPrompt{{99}}; }},
      {"messages", [](TextRequest& r) { r.prompt = ChatPrompt{}; }},
  };
  auto model = test_model();
  for (const Case& c : cases) {
    TextRequest request = token_request();
    c.spoil(request);
    auto validated = validate(*model, request);
    ASSERT_FALSE(validated) << c.param;
    EXPECT_EQ(validated.error().param, c.param) << validated.error().message;
  }
}

TEST(WorkPool, FinishRunsEverythingAlsoWhatTasksPost) {
  std::atomic<int> count = 0;
  WorkPool pool(2);
  for (int i = 0; i < 100; ++i) {
    pool.post([&] {
      pool.post([&] { ++count; });
      ++count;
    });
  }
  pool.finish();
  EXPECT_EQ(count, 200);
}

TEST(WorkPool, RunsEachPartOnceAlsoFromItsOwnThreads) {
  WorkPool pool(2);
  std::vector<std::atomic<int>> runs(100);
  std::atomic<int> outer = 0;
  pool.parallel_for(5, [&](size_t i) {
    pool.parallel_for(20, [&](size_t j) { ++runs[20 * i + j]; });
    ++outer;
  });
  EXPECT_EQ(outer, 5);
  for (const std::atomic<int>& run : runs) EXPECT_EQ(run, 1);
  pool.parallel_for(0, [](size_t) { FAIL(); });
}

}  // namespace
}  // namespace weft
