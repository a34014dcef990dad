// chat.completion and chat.completion.chunk.
#pragma once

#include <string>
#include <vector>

#include "server/http/sse.h"
#include "server/openai/answer_json.h"
#include "server/openai/answer_writer.h"
#include "server/openai/request_fields.h"
#include "server/openai/stream_usage.h"

namespace weft {

class ChatAnswer final : public AnswerWriter {
 public:
  ChatAnswer(AnswerHead head, const GenerationBody& body);

  void on_start(size_t prompt, TextStart start) override;
  void on_delta(size_t prompt, const TextDelta& delta, std::string& out) override;
  void finish(const Usage& usage, std::string& out) override;

 private:
  struct Choice {
    bool started = false;
    std::string text;
    std::string reasoning;
    std::vector<ToolCallDelta> calls;
    std::string logprobs;   // items of "content"
    std::string token_ids;  // items
    std::string finish = R"("finish_reason":null,"stop_reason":null)";
  };

  void collect(Choice& choice, const TextDelta& delta);
  void append_chunk(std::string& out, const TextDelta& delta, bool is_first);
  void append_delta_choice(std::string& out, const TextDelta& delta) const;
  void append_message(std::string& out, const Choice& choice) const;

  AnswerHead head_;
  bool stream_, logprobs_, return_token_ids_, names_function_;
  SseTemplate chunk_;
  std::string prompt_token_ids_;  // items
  bool prompt_ids_sent_ = false;
  StreamUsage usage_;
  std::vector<UnenforcedKeyword> unenforced_;
  std::vector<Choice> choices_;
};

}  // namespace weft
