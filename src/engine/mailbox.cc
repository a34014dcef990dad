#include "engine/mailbox.h"

#include "base/check.h"

namespace weft {

Status Mailbox::post_request(RequestId id, ValidatedRequest request) {
  std::lock_guard lock(mutex_);
  if (refusal_) return *refusal_;
  if (known_.size() >= max_requests_) {
    return make_error(ErrorCode::kQueueFull, "The engine already holds {} requests. Try again later.", known_.size());
  }
  CHECK(known_.try_emplace(id, Known{std::vector<bool>(static_cast<size_t>(request->n))}).second);
  num_known_ = known_.size();
  messages_.push_back({id, std::move(request)});
  changed_.notify_one();
  return {};
}

void Mailbox::post_cancel(RequestId id) {
  std::lock_guard lock(mutex_);
  if (!known_.contains(id) || !cancelled_.insert(id).second) return;
  messages_.push_back({id, std::nullopt});
  changed_.notify_one();
}

void Mailbox::post_cancel_choice(RequestId id, int32_t choice) {
  std::lock_guard lock(mutex_);
  auto it = known_.find(id);
  if (it == known_.end() || choice < 0 || static_cast<size_t>(choice) >= it->second.cancelled.size()) return;
  if (it->second.cancelled[static_cast<size_t>(choice)] || cancelled_.contains(id)) return;
  it->second.cancelled[static_cast<size_t>(choice)] = true;
  messages_.push_back({id, std::nullopt, choice});
  changed_.notify_one();
}

void Mailbox::close(Error refusal) {
  std::lock_guard lock(mutex_);
  refusal_ = std::move(refusal);
}

void Mailbox::wake() {
  std::lock_guard lock(mutex_);
  awake_ = true;
  changed_.notify_one();
}

void Mailbox::take(std::vector<EngineMessage>& messages) {
  messages.clear();
  std::lock_guard lock(mutex_);
  messages.swap(messages_);
}

void Mailbox::wait() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return awake_ || !messages_.empty(); });
  awake_ = false;
}

void Mailbox::forget(std::span<const RequestId> ids) {
  if (ids.empty()) return;
  std::lock_guard lock(mutex_);
  for (RequestId id : ids) {
    known_.erase(id);
    cancelled_.erase(id);
  }
  num_known_ = known_.size();
  if (known_.empty()) emptied_.notify_all();
}

void Mailbox::wait_until_empty() {
  std::unique_lock lock(mutex_);
  emptied_.wait(lock, [this] { return known_.empty(); });
}

}  // namespace weft
