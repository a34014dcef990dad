// What the clients saw, held against what they must see: each choice one end, tokens equal to those of the request
// alone.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "base/rng.h"
#include "base/status.h"
#include "request/token_event.h"
#include "scheduler/simulation/fake_device.h"
#include "scheduler/simulation/fake_model.h"

namespace weft {

class History {
 public:
  void accept(RequestId id, const ValidatedRequest& request);
  // The request was cancelled: it may now end early.
  void interrupt(RequestId id);
  // The same of one choice, which has to end at once.
  void announce_choice(RequestId id, int32_t choice);
  Status check_choice_ended(RequestId id, int32_t choice) const;
  // Checks the event, and tells the device of each end.
  Status add(const TokenEvent& event, FakeDevice& device);
  Status check_all_ended() const;

  // Prompt and output of some choice that ran to its end or failed, to be continued; empty when there is none.
  std::vector<TokenId> draw_conversation(Rng& rng) const;

  int64_t num_cancelled() const { return num_cancelled_; }
  int64_t num_failed() const { return num_failed_; }
  int64_t num_whole() const { return num_whole_; }

 private:
  struct Choice {
    ExpectedOutput expected;
    std::vector<TokenId> tokens;
    std::vector<TokenId> prompt_logprobs;
    bool interrupted = false;
    bool has_ended = false;
    bool had_event = false;
  };
  struct Record {
    ValidatedRequest request;
    std::vector<Choice> choices;
    bool interrupted = false;
    bool had_error = false;
  };

  Status add_error(Record& record, const TokenEvent& event, FakeDevice& device);
  Status add_token(Record& record, Choice& choice, const TokenEvent& event);
  Status add_end(Record& record, Choice& choice, const TokenEvent& event);
  void remember_conversation(const Record& record, const Choice& choice);

  std::map<RequestId, Record> records_;
  std::vector<std::vector<TokenId>> conversations_;
  int64_t num_cancelled_ = 0;
  int64_t num_failed_ = 0;
  int64_t num_whole_ = 0;
};

}  // namespace weft
