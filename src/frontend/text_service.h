// Text in, text out, for one loaded model: render, tokenise, validate, submit, detokenise, find stop strings, count.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/status.h"
#include "frontend/text_request.h"
#include "frontend/tokenization.h"

namespace weft {

// Called with the events of one request, in order, on a thread of the frontend. Must not block (I15): a server posts
// them to its reactor. Never called again after TextEnd or Error.
using TextListener = std::function<void(std::vector<TextEvent> events)>;

class TextService {
 public:
  virtual ~TextService() = default;

  // Takes the request and returns its id at once; tokenising and rendering happen on the frontend pool. Every accepted
  // request ends with exactly one TextEnd or Error event (I8), also one that is refused later by validation.
  // The slot is counted here, before any work (I13): kQueueFull, kModelLoading or kDraining refuse it.
  virtual Result<RequestId> submit(TextRequest request, TextListener listener) = 0;

  // Stops a request in any state; unknown and finished ids are ignored (I7). Its listener gets nothing more.
  virtual void cancel(RequestId id) = 0;

  virtual int32_t max_model_len() const = 0;

  // For tokenizer routes: the work is done on the frontend pool, within the same limit of waiting requests. An error
  // here means that the listener is not called.
  virtual Status tokenize(TokenizeRequest request, TokenizedListener listener) = 0;
  virtual Status detokenize(std::vector<int64_t> ids, bool skip_special_tokens, DetokenizedListener listener) = 0;

  // Prompt ids that a request would get, for tests. Runs on the caller's thread.
  virtual Result<std::vector<TokenId>> prompt_ids(const TextRequest& request) const = 0;
};

}  // namespace weft
