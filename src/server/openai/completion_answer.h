// text_completion, whole and streamed (the same object in both).
#pragma once

#include <string>
#include <vector>

#include "server/http/sse.h"
#include "server/openai/answer_json.h"
#include "server/openai/answer_writer.h"
#include "server/openai/request_fields.h"
#include "server/openai/stream_usage.h"

namespace weft {

class CompletionAnswer final : public AnswerWriter {
 public:
  CompletionAnswer(AnswerHead head, const GenerationBody& body, size_t num_prompts);

  void on_start(size_t prompt, TextStart start) override;
  void on_delta(size_t prompt, const TextDelta& delta, std::string& out) override;
  void finish(const Usage& usage, std::string& out) override;

 private:
  // The four parallel lists of a completion's logprobs, as items of JSON.
  struct Logprobs {
    std::string tokens, token_logprobs, top_logprobs, text_offset;
  };
  struct Prompt {
    std::string token_ids;  // items
    int64_t num_tokens = 0;
  };
  struct Choice {
    bool started = false;
    std::string text;
    Logprobs logprobs;
    std::string token_ids;
    int64_t num_prompt_tokens_seen = 0;  // with echo, the prompt's tokens come first
    int64_t text_offset = 0;             // characters of text before the next token
    std::string finish = R"("finish_reason":null,"stop_reason":null)";
  };

  void append_tokens(Choice& choice, const Prompt& prompt, const TextDelta& delta, Logprobs& logprobs,
                     std::string& token_ids);
  void append_choice(std::string& out, size_t index, std::string_view text, const Logprobs& logprobs,
                     const std::string& token_ids, const std::string& finish, const Prompt* prompt) const;

  AnswerHead head_;
  bool stream_, logprobs_, echo_, return_token_ids_;
  size_t n_;
  SseTemplate chunk_;
  StreamUsage usage_;
  std::vector<UnenforcedKeyword> unenforced_;
  bool unenforced_sent_ = false;
  std::vector<Prompt> prompts_;
  std::vector<Choice> choices_;
};

}  // namespace weft
