// How other threads reach the engine thread: requests to admit and ids to cancel, in order, under one lock. Bounded:
// at most max_requests requests are known (posted and not yet ended) at a time, and a cancel is kept only for a known
// one.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>
#include <span>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "base/status.h"
#include "request/ids.h"
#include "request/validated_request.h"

namespace weft {

struct EngineMessage {
  RequestId id = 0;
  std::optional<ValidatedRequest> request;  // empty: cancel
  int32_t choice = -1;                      // which choice to cancel; -1: all
};

class Mailbox {
 public:
  explicit Mailbox(size_t max_requests) : max_requests_(max_requests) {}

  // kQueueFull when too many requests are known; the refusal of close() after it.
  Status post_request(RequestId id, ValidatedRequest request);
  // Ignored for an unknown id or choice (I7).
  void post_cancel(RequestId id);
  void post_cancel_choice(RequestId id, int32_t choice);
  // From now on post_request() refuses with `refusal`. Messages already posted stay.
  void close(Error refusal);
  // Ends a wait without a message.
  void wake();

  // Moves all messages to `messages` (whose old content goes); does not wait.
  void take(std::vector<EngineMessage>& messages);
  // Sleeps until there is a message or wake() was called since the last wait.
  void wait();
  // The requests have ended: their ids are unknown from now on.
  void forget(std::span<const RequestId> ids);
  // Blocks until no request is known.
  void wait_until_empty();
  // Without the lock, for probes.
  size_t num_known() const { return num_known_.load(); }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::condition_variable emptied_;
  size_t max_requests_;
  struct Known {
    std::vector<bool> cancelled;  // per choice: a second cancel adds no message
  };
  std::unordered_map<RequestId, Known> known_;
  std::atomic<size_t> num_known_ = 0;        // known_.size()
  std::unordered_set<RequestId> cancelled_;  // part of known_, likewise
  std::vector<EngineMessage> messages_;
  std::optional<Error> refusal_;
  bool awake_ = false;
};

}  // namespace weft
