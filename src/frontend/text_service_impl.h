// The TextService of one loaded model in this process: a small pool of threads in front of an engine.
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "engine/engine.h"
#include "frontend/text_model.h"
#include "frontend/text_service.h"
#include "frontend/work_pool.h"

namespace weft {

struct TextServiceConfig {
  SchedulerConfig scheduler;
  size_t max_waiting_requests = 1024;             // accepted, and no token yet (I13)
  Nanos request_timeout = 600 * kNanosPerSecond;  // from submit() to the last token; 0: none
  int num_threads = 2;
  std::optional<uint64_t> seed_base;                   // of requests without a seed; unset: a random one
  std::function<void(const Error& error)> on_failure;  // the engine failed; on its thread
};

class TextServiceImpl final : public TextService {
 public:
  // Starts the engine's thread. `clock` outlives the service.
  static Result<std::unique_ptr<TextServiceImpl>> make(TextServiceConfig config, TextModel model,
                                                       std::unique_ptr<Executor> executor, const Clock& clock);
  // Ends what still runs with a kDraining error; returns when every listener has had its last event.
  ~TextServiceImpl() override;

  Result<RequestId> submit(TextRequest request, TextListener listener) override;
  // When it returns, the listener is not running and will not run (it may itself call cancel). So the caller holds no
  // lock that a listener takes.
  void cancel(RequestId id) override;
  int32_t max_model_len() const override { return model_->limits.max_model_len; }
  Status tokenize(TokenizeRequest request, TokenizedListener listener) override;
  Status detokenize(std::vector<int64_t> ids, bool skip_special_tokens, DetokenizedListener listener) override;
  Result<std::vector<TokenId>> prompt_ids(const TextRequest& request) const override;

  // Refuses new requests; at `deadline` (of the clock) those that still run end with an error. Does not wait.
  void drain(Nanos deadline) { engine_->drain(deadline); }
  // Returns when no request is left. Not on a listener's thread.
  void wait_until_empty();

  EngineHealth health() const { return engine_->health(); }
  EngineStats stats() const { return engine_->stats(); }
  size_t num_waiting() const { return num_waiting_; }  // accepted, and no token yet

 private:
  struct Live;  // a request from submit() until the engine has ended it
  using LivePtr = std::shared_ptr<Live>;

  TextServiceImpl(TextServiceConfig config, TextModel model, const Clock& clock);
  Status check_open() const;
  Status count_waiting();
  // Runs `work` on the pool and hands its result to the listener; counts as waiting until then.
  template <class T>
  Status run_once(std::function<Result<T>()> work, std::function<void(Result<T>)> listener);
  void on_engine_events(std::vector<TokenEvent> events);
  // On the pool; for one request on one thread at a time.
  void work(const LivePtr& live);
  Status prepare(Live& live);
  void deliver(Live& live, std::vector<TextEvent> events);
  void finish(Live& live);
  void stop_waiting(Live& live);

  TextServiceConfig config_;
  std::shared_ptr<const TextModel> model_;
  const Clock& clock_;
  uint64_t seed_base_;
  std::atomic<RequestId> next_id_ = 1;
  std::atomic<size_t> num_waiting_ = 0;

  std::mutex table_mutex_;
  std::condition_variable table_emptied_;
  std::unordered_map<RequestId, LivePtr> table_;

  std::unique_ptr<Engine> engine_;
  WorkPool pool_;
};

}  // namespace weft
