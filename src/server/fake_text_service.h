// A TextService without a model, for tests: deterministic tokens " t0 t1 ...", errors and delays on demand, and a
// record of what was asked and cancelled. Included by tests only.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <thread>
#include <vector>

#include "frontend/text_service.h"

namespace weft {

class FakeTextService final : public TextService {
 public:
  struct Script {
    int64_t num_tokens = 5;              // where the request sets no max_tokens
    std::chrono::microseconds delay{0};  // before each token
    std::optional<int64_t> fail_at;      // an error in place of this token
    std::optional<Error> refusal;        // of submit()
    std::optional<Error> late_refusal;   // the only event
    bool endless = false;
    size_t padding = 0;             // bytes more per token
    std::vector<TextDelta> deltas;  // the whole answer instead, if there are some
    std::vector<UnenforcedKeyword> unenforced;
  };

  FakeTextService() : thread_([this] { run(); }) {}
  ~FakeTextService() override {
    closing_ = true;
    changed_.notify_all();
    thread_.join();
  }

  void set_script(Script script) {
    std::lock_guard lock(mutex_);
    script_ = std::move(script);
  }

  Result<RequestId> submit(TextRequest request, TextListener listener) override {
    std::lock_guard lock(mutex_);
    if (script_.refusal) return *script_.refusal;
    RequestId id = ++last_id_;
    requests_.push_back(request);
    active_.emplace(id, Active{std::move(request), std::move(listener), script_});
    changed_.notify_all();
    return id;
  }

  void cancel(RequestId id) override {
    std::lock_guard lock(mutex_);
    cancelled_.insert(id);
    active_.erase(id);
    changed_.notify_all();
  }

  int32_t max_model_len() const override { return 4096; }
  // A token for each byte, and 7 in front as special token.
  Status tokenize(TokenizeRequest request, TokenizedListener listener) override {
    std::lock_guard lock(mutex_);
    if (script_.refusal) return *script_.refusal;
    Tokenized out;
    const auto* plain = std::get_if<TextPrompt>(&request.prompt);
    std::string text = plain ? plain->text : std::get<ChatPrompt>(request.prompt).chat_template.value_or("chat");
    bool adds = plain ? plain->add_special_tokens : std::get<ChatPrompt>(request.prompt).add_special_tokens;
    if (adds) out.ids.push_back(7);
    for (char c : text) out.ids.push_back(static_cast<unsigned char>(c));
    for (size_t i = 0; i < out.ids.size(); ++i) {
      bool special = adds && i == 0;
      size_t at = i - (adds ? 1 : 0);
      if (request.with_texts) out.texts.push_back(special ? "<s>" : text.substr(at, 1));
      if (request.with_offsets)
        out.places.push_back(special ? TokenPlace{} : TokenPlace{text.substr(at, 1), at, at + 1});
    }
    listener(std::move(out));
    return {};
  }
  Status detokenize(std::vector<int64_t> ids, bool, DetokenizedListener listener) override {
    std::string out;
    for (int64_t id : ids) out += static_cast<char>(id);
    listener(std::move(out));
    return {};
  }
  Result<std::vector<TokenId>> prompt_ids(const TextRequest&) const override { return std::vector<TokenId>{1, 2, 3}; }

  TextRequest last_request() {
    std::lock_guard lock(mutex_);
    return requests_.back();
  }
  size_t num_requests() {
    std::lock_guard lock(mutex_);
    return requests_.size();
  }
  size_t num_cancelled() {
    std::lock_guard lock(mutex_);
    return cancelled_.size();
  }
  size_t num_active() {
    std::lock_guard lock(mutex_);
    return active_.size();
  }
  // True when no request is left within ten seconds.
  bool wait_idle() {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(10), [this] { return active_.empty(); });
  }

 private:
  struct Active {
    TextRequest request;
    TextListener listener;
    Script script;
    int64_t next = 0;
  };

  static TokenText token_text(int64_t index, const Active& active) {
    TokenText token{.id = static_cast<TokenId>(100 + index), .bytes = " t" + std::to_string(index)};
    token.bytes += std::string(active.script.padding, 'x');
    if (!active.request.num_logprobs) return token;
    token.has_logprob = true;
    token.logprob = -0.5f;
    for (int64_t i = 0; i < *active.request.num_logprobs; ++i) {
      token.top.push_back({{static_cast<TokenId>(100 + index + i), -0.5f - static_cast<float>(i)},
                           i == 0 ? token.bytes : " u" + std::to_string(i)});
    }
    return token;
  }

  // The events of the next token of all choices.
  static std::vector<TextEvent> step(Active& active) {
    std::vector<TextEvent> events;
    const TextRequest& request = active.request;
    if (!active.script.deltas.empty()) {
      events.push_back(TextStart{.prompt_ids = {1, 2, 3}, .seed = 7, .unenforced = active.script.unenforced});
      for (const TextDelta& delta : active.script.deltas) events.push_back(delta);
      events.push_back(TextEnd{Usage{3, 4, 2, 1}});
      return events;
    }
    if (active.script.late_refusal) return {*active.script.late_refusal};
    if (active.script.fail_at == active.next) {
      return {make_error(ErrorCode::kNumericError, "The model gave a value that is not a number.")};
    }
    int64_t total = request.max_tokens.value_or(request.default_max_tokens.value_or(active.script.num_tokens));
    if (active.script.endless) total = std::numeric_limits<int64_t>::max();
    if (active.next == 0) events.push_back(TextStart{.prompt_ids = {1, 2, 3}, .seed = 7});
    bool last = active.next + 1 >= total;
    for (int32_t choice = 0; choice < request.n; ++choice) {
      if (active.next == 0 && request.echo) events.push_back(echo(choice, request));
      TextDelta delta{.choice = choice};
      delta.tokens.push_back(token_text(active.next, active));
      delta.text = delta.tokens.back().bytes;
      if (last) {
        delta.finish = FinishReason::kStop;
        if (request.stop.empty()) delta.finish = FinishReason::kLength;
        if (!request.stop.empty()) delta.stop_reason = request.stop.front();
      }
      events.push_back(std::move(delta));
    }
    ++active.next;
    if (last) events.push_back(TextEnd{Usage{3, request.n * total, 2}});
    return events;
  }

  static TextDelta echo(int32_t choice, const TextRequest& request) {
    TextDelta delta{.choice = choice, .text = "p1p2p3"};
    for (TokenId id : {1, 2, 3}) {
      TokenText token{.id = id, .bytes = "p" + std::to_string(id), .logprob = -1.0f};
      token.has_logprob = id > 1 && request.num_logprobs.has_value();
      delta.tokens.push_back(std::move(token));
    }
    return delta;
  }

  void run() {
    std::unique_lock lock(mutex_);
    while (!closing_) {
      if (active_.empty()) {
        changed_.wait_for(lock, std::chrono::milliseconds(20));
        continue;
      }
      std::chrono::microseconds pause{0};
      for (auto it = active_.begin(); it != active_.end();) {
        std::vector<TextEvent> events = step(it->second);
        bool over = std::holds_alternative<TextEnd>(events.back()) || std::holds_alternative<Error>(events.back());
        it->second.listener(std::move(events));
        pause = std::max(pause, it->second.script.delay);
        it = over ? active_.erase(it) : std::next(it);
      }
      changed_.notify_all();
      lock.unlock();
      std::this_thread::sleep_for(pause);
      lock.lock();
    }
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  Script script_;
  std::map<RequestId, Active> active_;
  std::set<RequestId> cancelled_;
  std::vector<TextRequest> requests_;
  RequestId last_id_ = 0;
  std::atomic<bool> closing_ = false;
  std::thread thread_;
};

}  // namespace weft
