// The frontend, engine and scheduler together, over the stub executor, whose tokens have an oracle: text, usage and the
// order of events for every request, from many threads, with cancels, failures and draining.
#include <gtest/gtest.h>

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "base/rng.h"
#include "base/utf8.h"
#include "executor/stub_executor.h"
#include "frontend/piece_tokenizer.h"
#include "frontend/prepare.h"
#include "frontend/text_service_impl.h"
#include "text/detokenizer.h"

namespace weft {
namespace {

// One request's answer as a client collects it; checks the order of events as they come.
class Client {
 public:
  TextListener listener() {
    return [this](std::vector<TextEvent> events) { take(events); };
  }
  void wait() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return ended_; });
  }
  // Returns once a delta has come or the request has ended.
  void wait_for_text() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return ended_ || !texts.empty(); });
  }
  // From now on any further event is an error of the service.
  void close() {
    std::lock_guard lock(mutex_);
    closed_ = true;
  }

  std::vector<std::string> texts;  // per choice
  std::vector<int64_t> num_tokens;
  std::vector<FinishReason> finish;
  std::optional<Usage> usage;
  std::optional<Error> error;

 private:
  void take(std::vector<TextEvent>& events) {
    std::lock_guard lock(mutex_);
    EXPECT_FALSE(closed_) << "event after cancel() returned";
    for (TextEvent& event : events) {
      EXPECT_FALSE(ended_) << "event after the last";
      if (std::holds_alternative<TextStart>(event)) {
        EXPECT_FALSE(std::exchange(started_, true));
      } else if (auto* delta = std::get_if<TextDelta>(&event)) {
        EXPECT_TRUE(started_);
        add(*delta);
      } else {
        if (auto* end = std::get_if<TextEnd>(&event)) {
          usage = end->usage;
        } else {
          error = std::get<Error>(event);
        }
        ended_ = true;
      }
    }
    changed_.notify_all();
  }
  void add(const TextDelta& delta) {
    auto choice = static_cast<size_t>(delta.choice);
    if (texts.size() <= choice) {
      texts.resize(choice + 1);
      num_tokens.resize(choice + 1);
      finish.resize(choice + 1, FinishReason::kNone);
    }
    EXPECT_EQ(finish[choice], FinishReason::kNone);
    EXPECT_TRUE(is_valid_utf8(delta.text));
    texts[choice] += delta.text;
    num_tokens[choice] += static_cast<int64_t>(delta.tokens.size());
    finish[choice] = delta.finish;
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  bool started_ = false;
  bool ended_ = false;
  bool closed_ = false;
};

TextModel test_model() {
  TextModel model;
  model.tokenizer = std::make_shared<PieceTokenizer>(std::vector<std::string>{
      "?", "a",  "b", "c", "ab", "bc", "\xE2",  "\x82", "\xAC", "é",        " ",        "d",
      "e", "ef", "f", "g", "h",  "\n", "hello", "x",    "y",    "\xF0\x9F", "\x98\x80", "<eos>"});
  model.limits = {.vocab_size = 24, .max_model_len = 600, .eos_token_ids = {23}};
  model.render_chat = [](const ChatPrompt& prompt) -> Result<std::string> { return write_json(Json(prompt.messages)); };
  return model;
}

class TextServiceTest : public testing::Test {
 protected:
  void make(StubExecutorConfig stub = {}, TextServiceConfig config = {}) {
    stub.cache_spec = {{{.kind = CacheGroupKind::kFull, .num_layers = 2}}, "layout", "model"};
    stub.num_pages = {120};
    stub.vocab_size = model_.limits.vocab_size;
    config.scheduler.max_num_seqs = 16;
    config.scheduler.max_num_batched_tokens = 128;
    auto service =
        TextServiceImpl::make(std::move(config), model_, std::make_unique<StubExecutor>(std::move(stub)), clock_);
    ASSERT_TRUE(service) << service.error().message;
    service_ = *std::move(service);
  }

  TextRequest random_request(Rng& rng) {
    TextRequest request;
    std::string text;
    for (uint64_t i = 1 + rng.below(60); i > 0; --i) text += static_cast<char>('a' + rng.below(8));
    if (rng.chance(0.3)) text = "a common beginning of prompts that is longer than one page " + text;
    request.prompt = TextPrompt{.text = text};
    if (rng.chance(0.3)) request.prompt = ChatPrompt{.messages = {Json(text)}};
    request.n = static_cast<int64_t>(1 + rng.below(3));
    request.max_tokens = static_cast<int64_t>(1 + rng.below(80));
    request.seed = static_cast<int64_t>(rng.next());
    request.ignore_eos = rng.chance(0.5);
    if (rng.chance(0.6)) request.stop = {"ab", "hello", "€", "ef\n"};
    if (rng.chance(0.2)) request.num_logprobs = 2;
    return request;
  }

  // What the client must have seen, from the stub's oracle and the whole text.
  void expect_oracle(const TextRequest& text, const Client& client) {
    ASSERT_FALSE(client.error) << client.error->message;
    auto ids = service_->prompt_ids(text);
    ASSERT_TRUE(ids);
    auto num_prompt = static_cast<int64_t>(ids->size());
    auto request = make_validated(model_, text, *ids, static_cast<uint64_t>(*text.seed), 0);
    ASSERT_TRUE(request);
    int64_t completion_tokens = 0;
    ASSERT_EQ(client.texts.size(), static_cast<size_t>(text.n));
    for (int32_t choice = 0; choice < text.n; ++choice) {
      auto index = static_cast<size_t>(choice);
      std::vector<TokenId> tokens = StubExecutor::expected_tokens(*request, choice, model_.limits.vocab_size);
      std::string whole = model_.tokenizer->decode(tokens, true);
      size_t cut = std::string::npos;
      size_t end = std::string::npos;
      for (const std::string& stop : text.stop) {
        size_t start = whole.find(stop);
        if (start == std::string::npos || start + stop.size() >= end) continue;
        cut = start;
        end = start + stop.size();
      }
      int64_t count = 0;
      Detokenizer detokenizer(*model_.tokenizer, true, true);
      for (size_t certain = 0; count < static_cast<int64_t>(tokens.size()) && certain < end; ++count) {
        certain += detokenizer.push(tokens[static_cast<size_t>(count)]).size();
      }
      EXPECT_EQ(client.texts[index], whole.substr(0, cut));
      EXPECT_EQ(client.num_tokens[index], count);
      bool stopped = cut != std::string::npos || request->is_stop_token(tokens.back());
      EXPECT_EQ(client.finish[index], stopped ? FinishReason::kStop : FinishReason::kLength);
      completion_tokens += count;
    }
    ASSERT_TRUE(client.usage);
    EXPECT_EQ(client.usage->prompt_tokens, num_prompt);
    EXPECT_EQ(client.usage->completion_tokens, completion_tokens);
    EXPECT_LT(client.usage->cached_tokens, num_prompt);
  }

  void expect_idle() {
    service_->wait_until_empty();
    SchedulerStats stats = service_->stats().scheduler;
    EXPECT_EQ(stats.num_running + stats.num_waiting, 0);
    EXPECT_EQ(stats.groups[0].num_in_use, 0);
    EXPECT_EQ(service_->num_waiting(), 0u);
    EXPECT_EQ(service_->health().num_requests, 0u);
  }

  SteadyClock clock_;
  TextModel model_ = test_model();
  std::unique_ptr<TextServiceImpl> service_;
};

TEST_F(TextServiceTest, TwoHundredConcurrentRequestsEqualTheOracle) {
  make();
  constexpr size_t kRequests = 200;
  std::vector<Client> clients(kRequests);
  std::vector<TextRequest> requests;
  Rng rng(1);
  for (size_t i = 0; i < kRequests; ++i) requests.push_back(random_request(rng));
  std::vector<std::thread> threads;
  for (size_t t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (size_t i = t; i < kRequests; i += 4) ASSERT_TRUE(service_->submit(requests[i], clients[i].listener()));
      for (size_t i = t; i < kRequests; i += 4) clients[i].wait();
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (size_t i = 0; i < kRequests; ++i) expect_oracle(requests[i], clients[i]);
  expect_idle();
}

TEST_F(TextServiceTest, CancelInEveryStateFromOtherThreads) {
  StubExecutorConfig stub;
  stub.step_time = 20'000;
  make(stub);
  std::vector<std::thread> threads;
  std::vector<std::vector<TextRequest>> requests(4);
  std::vector<std::vector<Client>> clients;
  for (size_t t = 0; t < 4; ++t) clients.emplace_back(60);
  std::vector<std::vector<bool>> cancelled(4, std::vector<bool>(60));
  for (size_t t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      Rng rng(t + 10);
      for (size_t i = 0; i < 60; ++i) {
        requests[t].push_back(random_request(rng));
        auto id = service_->submit(requests[t][i], clients[t][i].listener());
        ASSERT_TRUE(id);
        if (rng.chance(0.5)) {
          if (rng.chance(0.3)) clients[t][i].wait_for_text();
          if (rng.chance(0.1)) clients[t][i].wait();  // finished
          service_->cancel(*id);
          clients[t][i].close();
          service_->cancel(*id);
          cancelled[t][i] = true;
        }
      }
      for (size_t i = 0; i < 60; ++i) {
        if (!cancelled[t][i]) clients[t][i].wait();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (size_t t = 0; t < 4; ++t) {
    for (size_t i = 0; i < 60; ++i) {
      if (!cancelled[t][i]) expect_oracle(requests[t][i], clients[t][i]);
    }
  }
  service_->cancel(123'456);
  expect_idle();
}

TEST_F(TextServiceTest, AListenerMayCancelItself) {
  make();
  std::mutex mutex;
  std::condition_variable changed;
  RequestId id = 0;
  int calls = 0;
  TextRequest request;
  request.prompt = TextPrompt{.text = "abc"};
  request.ignore_eos = true;
  std::unique_lock lock(mutex);  // holds the listener until the id is known
  auto submitted = service_->submit(request, [&](std::vector<TextEvent>) {
    std::lock_guard inner(mutex);
    service_->cancel(id);
    ++calls;
    changed.notify_all();
  });
  ASSERT_TRUE(submitted);
  id = *submitted;
  changed.wait(lock, [&] { return calls > 0; });
  lock.unlock();
  expect_idle();
  EXPECT_EQ(calls, 1);
}

TEST_F(TextServiceTest, InvalidRequestsEndWithTheirError) {
  make();
  Client client;
  TextRequest request;
  request.prompt = TextPrompt{.text = "abc"};
  request.temperature = -1;
  ASSERT_TRUE(service_->submit(request, client.listener()));
  client.wait();
  ASSERT_TRUE(client.error);
  EXPECT_EQ(client.error->param, "temperature");
  expect_idle();
}

// I13: the slot is counted at the door, before any work.
TEST_F(TextServiceTest, TheDoorCountsWaitingRequests) {
  StubExecutorConfig stub;
  stub.step_time = 50'000'000;  // nobody gets a token while this test submits
  TextServiceConfig config;
  config.max_waiting_requests = 3;
  make(stub, std::move(config));
  std::vector<Client> clients(4);
  TextRequest request;
  request.prompt = TextPrompt{.text = "abc"};
  request.max_tokens = 1;
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(service_->submit(request, clients[static_cast<size_t>(i)].listener()));
  auto refused = service_->submit(request, clients[3].listener());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kQueueFull);
  for (int i = 0; i < 3; ++i) clients[static_cast<size_t>(i)].wait();
  service_->wait_until_empty();
  EXPECT_TRUE(service_->submit(request, clients[3].listener()));
  clients[3].wait();
}

TEST_F(TextServiceTest, DeviceFailureReachesEveryClient) {
  StubExecutorConfig stub;
  stub.fail_at_step = 10;
  TextServiceConfig config;
  std::atomic<int> failures = 0;
  config.on_failure = [&](const Error&) { ++failures; };
  make(stub, std::move(config));
  std::vector<Client> clients(40);
  TextRequest request;
  request.prompt = TextPrompt{.text = "abc"};
  request.max_tokens = 100;
  request.ignore_eos = true;
  size_t accepted = 0;
  for (Client& client : clients) {
    if (!service_->submit(request, client.listener())) break;
    ++accepted;
  }
  for (size_t i = 0; i < accepted; ++i) clients[i].wait();
  service_->wait_until_empty();
  for (size_t i = 0; i < accepted; ++i) EXPECT_TRUE(clients[i].error);
  Client late;
  EXPECT_FALSE(service_->submit(request, late.listener()));
  EXPECT_EQ(service_->health().state, EngineState::kFailed);
  service_ = nullptr;  // joins the engine thread, which calls on_failure
  EXPECT_EQ(failures, 1);
}

TEST_F(TextServiceTest, DrainEndsLongRequestsAndKeepsShortOnes) {
  StubExecutorConfig stub;
  stub.step_time = 1'000'000;
  make(stub);
  Client shorter;
  Client longer;
  TextRequest request;
  request.prompt = TextPrompt{.text = "abc"};
  request.ignore_eos = true;
  request.seed = 5;
  request.max_tokens = 3;
  ASSERT_TRUE(service_->submit(request, shorter.listener()));
  TextRequest endless = request;
  endless.max_tokens = 590;
  ASSERT_TRUE(service_->submit(endless, longer.listener()));
  shorter.wait();
  longer.wait_for_text();
  service_->drain(clock_.now());
  longer.wait();
  service_->wait_until_empty();
  expect_oracle(request, shorter);
  ASSERT_TRUE(longer.error);
  EXPECT_EQ(longer.error->code, ErrorCode::kDraining);
  auto refused = service_->submit(request, longer.listener());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kDraining);
}

TEST_F(TextServiceTest, DestructionEndsEveryRequest) {
  StubExecutorConfig stub;
  stub.step_time = 1'000'000;
  make(stub);
  std::vector<Client> clients(50);
  Rng rng(3);
  for (Client& client : clients) ASSERT_TRUE(service_->submit(random_request(rng), client.listener()));
  service_ = nullptr;
  for (Client& client : clients) EXPECT_TRUE(client.usage || client.error);
}

}  // namespace
}  // namespace weft
