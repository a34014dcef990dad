#include "server/openai/chat_answer.h"

#include "base/json.h"

namespace weft {

ChatAnswer::ChatAnswer(AnswerHead head, const GenerationBody& body)
    : head_(std::move(head)),
      stream_(body.stream),
      logprobs_(body.logprobs),
      return_token_ids_(body.return_token_ids),
      names_function_(body.request.tool_choice == ToolChoice::kNamed),
      chunk_(render_answer_head(head_, "chat.completion.chunk") + R"("choices":[)", "}"),
      usage_(body) {}

void ChatAnswer::on_start(size_t, TextStart start) {
  usage_.so_far.prompt_tokens = static_cast<int64_t>(start.prompt_ids.size());
  unenforced_ = std::move(start.unenforced);
  if (!return_token_ids_) return;
  for (TokenId id : start.prompt_ids) append_token_id(prompt_token_ids_, id);
}

void ChatAnswer::on_delta(size_t, const TextDelta& delta, std::string& out) {
  auto index = static_cast<size_t>(delta.choice);
  if (choices_.size() <= index) choices_.resize(index + 1);
  usage_.so_far.completion_tokens += static_cast<int64_t>(delta.tokens.size());
  if (!stream_) {
    collect(choices_[index], delta);
    return;
  }
  append_chunk(out, delta, !std::exchange(choices_[index].started, true));
}

void ChatAnswer::collect(Choice& choice, const TextDelta& delta) {
  choice.text += delta.text;
  choice.reasoning += delta.reasoning;
  for (const ToolCallDelta& call : delta.calls) {
    if (!call.id.empty()) {
      choice.calls.push_back(call);
    } else {
      choice.calls.back().arguments += call.arguments;
    }
  }
  for (const TokenText& token : delta.tokens) {
    if (logprobs_) append_chat_logprob(choice.logprobs, token);
    if (return_token_ids_) append_token_id(choice.token_ids, token.id);
  }
  if (delta.finish == FinishReason::kNone) return;
  choice.finish.clear();
  append_finish(choice.finish, delta, names_function_);
}

// The first chunk of a choice announces the role; text, tokens and the reason to finish go into a chunk of their own.
void ChatAnswer::append_chunk(std::string& out, const TextDelta& delta, bool is_first) {
  if (is_first) {
    chunk_.append(out, [&](std::string& to) {
      fmt::format_to(std::back_inserter(to),
                     R"({{"index":{},"delta":{{"role":"assistant","content":""}},"logprobs":null,)"
                     R"("finish_reason":null,"stop_reason":null}}])",
                     delta.choice);
      if (return_token_ids_ && !std::exchange(prompt_ids_sent_, true)) {
        to += R"(,"prompt_token_ids":[)" + prompt_token_ids_ + "]";
      }
      append_unenforced(to, unenforced_);
      usage_.append_member(to);
    });
  }
  bool says_something = !delta.text.empty() || !delta.reasoning.empty() || !delta.calls.empty() ||
                        delta.finish != FinishReason::kNone || logprobs_ || return_token_ids_;
  if (!says_something) return;
  chunk_.append(out, [&](std::string& to) {
    append_delta_choice(to, delta);
    to += ']';
    usage_.append_member(to);
  });
}

void ChatAnswer::append_delta_choice(std::string& out, const TextDelta& delta) const {
  fmt::format_to(std::back_inserter(out), R"({{"index":{},"delta":{{)", delta.choice);
  std::string_view comma;
  auto member = [&](std::string_view name, std::string_view text) {
    out += comma;
    out += name;
    append_json_string(out, text);
    comma = ",";
  };
  if (!delta.reasoning.empty()) {
    member(R"("reasoning":)", delta.reasoning);
    member(R"("reasoning_content":)", delta.reasoning);
  }
  if (!delta.text.empty()) member(R"("content":)", delta.text);
  if (!delta.calls.empty()) {
    out += comma;
    out += R"("tool_calls":[)";
    for (const ToolCallDelta& call : delta.calls) append_call(out, call, true);
    out += ']';
  }
  out += R"(},"logprobs":)";
  if (logprobs_ && !delta.tokens.empty()) {
    out += R"({"content":[)";
    for (const TokenText& token : delta.tokens) append_chat_logprob(out, token);
    out += R"(],"refusal":null})";
  } else {
    out += "null";
  }
  out += ',';
  append_finish(out, delta, names_function_);
  if (return_token_ids_) {
    out += R"(,"token_ids":[)";
    for (const TokenText& token : delta.tokens) append_token_id(out, token.id);
    out += ']';
  }
  out += '}';
}

// Content is null beside calls without words, as OpenAI has it.
void ChatAnswer::append_message(std::string& out, const Choice& choice) const {
  out += R"({"role":"assistant","content":)";
  if (choice.text.empty() && !choice.calls.empty()) {
    out += "null";
  } else {
    append_json_string(out, choice.text);
  }
  out += R"(,"refusal":null)";
  if (!choice.reasoning.empty()) {
    for (std::string_view name : {R"(,"reasoning":)", R"(,"reasoning_content":)"}) {
      out += name;
      append_json_string(out, choice.reasoning);
    }
  }
  if (!choice.calls.empty()) {
    out += R"(,"tool_calls":[)";
    for (const ToolCallDelta& call : choice.calls) append_call(out, call, false);
    out += ']';
  }
  out += '}';
}

void ChatAnswer::finish(const Usage& usage, std::string& out) {
  if (stream_) {
    usage_.append_closing_chunk(chunk_, usage, out);
    out += kSseDone;
    return;
  }
  out = render_answer_head(head_, "chat.completion") + R"("choices":[)";
  for (size_t i = 0; i < choices_.size(); ++i) {
    const Choice& choice = choices_[i];
    fmt::format_to(std::back_inserter(out), R"({}{{"index":{},"message":)", i == 0 ? "" : ",", i);
    append_message(out, choice);
    out += R"(,"logprobs":)";
    out += logprobs_ ? R"({"content":[)" + choice.logprobs + R"(],"refusal":null})" : "null";
    out += ',' + choice.finish;
    if (return_token_ids_) out += R"(,"token_ids":[)" + choice.token_ids + "]";
    out += '}';
  }
  out += R"(],"usage":)";
  append_usage(out, usage);
  append_unenforced(out, unenforced_);
  if (return_token_ids_) out += R"(,"prompt_token_ids":[)" + prompt_token_ids_ + "]";
  out += '}';
}

}  // namespace weft
