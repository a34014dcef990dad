// The scheduler's own records of a request and of its choices.
#pragma once

#include <cstdint>
#include <memory>
#include <tuple>
#include <vector>

#include "kv_cache/sequence_pages.h"
#include "request/ids.h"
#include "request/validated_request.h"

namespace weft {

struct Request;

// One choice of a request.
struct Sequence {
  enum class State {
    kWaiting,     // holds no pages and no row; first time or after a preemption
    kRunning,     // holds a row
    kPreempting,  // as running, but is planned no more: it will wait when its steps in flight are committed
    kDraining,    // has ended; keeps row and pages until its steps in flight are committed
    kDone
  };

  Request* request = nullptr;
  SequenceId id = 0;
  int32_t choice = 0;
  State state = State::kWaiting;

  std::vector<TokenId> tokens;      // prompt and committed outputs; empty until it first nears the head of the queue
  int32_t num_planned = 0;          // positions that plans have covered, steps in flight included
  int32_t num_committed = 0;        // positions whose K and V are known to be right
  int32_t num_promised = 0;         // samples in flight
  int32_t num_steps_in_flight = 0;  // steps in flight that touch it

  int32_t row = -1;
  int32_t prefill_end = 0;  // positions below are prompt, or are recomputed after a preemption
  bool reserved = false;    // running with pages set aside for its whole life; never preempted
  bool has_started = false;
  bool prompt_was_computed = false;
  bool sent_first_event = false;
  int32_t num_preemptions = 0;
  int32_t num_cached_tokens = 0;         // of the prompt, at its first start
  int32_t num_once_computed = 0;         // positions below this count as recomputed when they run again
  int32_t num_prompt_logprobs_sent = 0;  // so many of the prompt's tokens after the first
  SequencePages pages;

  int32_t num_known() const { return static_cast<int32_t>(tokens.size()) + num_promised; }
  int32_t num_remaining() const { return num_known() - num_planned; }
  bool holds_row() const { return row >= 0; }
};

struct Request {
  RequestId id = 0;
  uint64_t arrival = 0;  // counts admissions
  ValidatedRequest request;
  std::vector<std::unique_ptr<Sequence>> sequences;  // one per choice

  int32_t num_prompt() const { return static_cast<int32_t>(request->prompt.size()); }
  // Positions that one choice computes at most: its last sample never runs.
  int32_t max_positions() const { return num_prompt() + request->max_tokens - 1; }
  bool has_started() const {
    for (const auto& sequence : sequences) {
      if (sequence->has_started) return true;
    }
    return false;
  }
};

// Who goes first: lower priority value, then earlier arrival, then lower choice. A total order.
struct RunsBefore {
  bool operator()(const Sequence* a, const Sequence* b) const { return key(a) < key(b); }
  static std::tuple<int32_t, uint64_t, int32_t> key(const Sequence* s) {
    return {s->request->request->priority, s->request->arrival, s->choice};
  }
};

}  // namespace weft
