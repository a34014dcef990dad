#include "server/openai/tokenizer_routes.h"

#include <algorithm>
#include <limits>
#include <optional>

#include "base/log.h"
#include "server/http/error_table.h"
#include "server/openai/chat.h"
#include "server/openai/request_fields.h"

namespace weft {
namespace {

// A parsed body of either route.
struct TokenizerBody {
  TokenizeRequest tokenize;
  bool tgi = false;
  std::vector<int64_t> tokens;
  bool skip_special_tokens = false;
};

using Parse = Result<TokenizerBody> (*)(const OpenAiContext& context, const JsonObject& object);

Error unknown_field(std::string_view name, std::string_view route) {
  std::string shown(name.substr(0, 64));
  return param_error(shown, "'{}' is not a field of {}.", shown, route);
}

// {"inputs": "..", "add_special_tokens": true}; the rest of a generate body means nothing here.
Result<TokenizerBody> parse_tgi(const OpenAiContext&, const JsonObject& object) {
  TokenizerBody body{.tgi = true};
  body.tokenize.with_offsets = true;
  TextPrompt prompt;
  for (const auto& member : object) {
    std::string_view name = member.key();
    if (name == "inputs") {
      TRY_ASSIGN(prompt.text, read_string(name, member.value()));
    } else if (name == "add_special_tokens" && !member.value().is_null()) {
      TRY_ASSIGN(prompt.add_special_tokens, read_bool(name, member.value()));
    } else if (name != "add_special_tokens" && name != "parameters" && name != "stream" && name != "model") {
      return unknown_field(name, "/tokenize with inputs");
    }
  }
  body.tokenize.prompt = std::move(prompt);
  return body;
}

// Takes the fields that are not the chat's own out of the object.
Status take_common(const OpenAiContext& context, JsonObject& object, TokenizerBody& body) {
  if (const Json* model = object.if_contains("model"); model && !model->is_null()) {
    TRY_ASSIGN(std::string name, read_string("model", *model));
    TRY_ASSIGN(name, find_model(context, name));
  }
  object.erase("model");
  if (const Json* texts = object.if_contains("return_token_strs"); texts && !texts->is_null()) {
    TRY_ASSIGN(body.tokenize.with_texts, read_bool("return_token_strs", *texts));
  }
  object.erase("return_token_strs");
  return {};
}

Result<TokenizerBody> parse_vllm(const OpenAiContext& context, JsonObject object) {
  TokenizerBody body;
  TRY(take_common(context, object, body));
  if (object.contains("messages")) {
    constexpr std::string_view kChatFields[] = {"messages",
                                                "tools",
                                                "documents",
                                                "chat_template",
                                                "tool_choice",
                                                "chat_template_kwargs",
                                                "add_special_tokens",
                                                "add_generation_prompt",
                                                "continue_final_message",
                                                "mm_processor_kwargs"};
    for (const auto& member : object) {
      std::string_view name = member.key();
      if (std::find(std::begin(kChatFields), std::end(kChatFields), name) == std::end(kChatFields)) {
        return unknown_field(name, "/tokenize with messages");
      }
    }
    TRY_ASSIGN(body.tokenize.prompt, read_chat_prompt(context, object));
    return body;
  }
  TextPrompt prompt;
  for (const auto& member : object) {
    std::string_view name = member.key();
    if (name == "prompt") {
      TRY_ASSIGN(prompt.text, read_string(name, member.value()));
    } else if (name == "add_special_tokens" && !member.value().is_null()) {
      TRY_ASSIGN(prompt.add_special_tokens, read_bool(name, member.value()));
    } else if (name != "add_special_tokens") {
      return unknown_field(name, "/tokenize");
    }
  }
  body.tokenize.prompt = std::move(prompt);
  return body;
}

Result<TokenizerBody> parse_tokenize(const OpenAiContext& context, const JsonObject& object) {
  int given = 0;
  for (std::string_view name : {"prompt", "messages", "inputs"}) given += object.contains(name) ? 1 : 0;
  if (given != 1) {
    return param_error("prompt",
                       "Give one of prompt (a text), messages (a chat) or inputs (a text, answered with "
                       "offsets); there are {}.",
                       given);
  }
  return object.contains("inputs") ? parse_tgi(context, object) : parse_vllm(context, object);
}

Result<TokenizerBody> parse_detokenize(const OpenAiContext& context, const JsonObject& object) {
  TokenizerBody body;
  JsonObject rest = object;
  TRY(take_common(context, rest, body));
  bool has_tokens = false;
  for (const auto& member : rest) {
    std::string_view name = member.key();
    if (name == "tokens") {
      TRY_ASSIGN(body.tokens, read_integers(name, member.value(), std::numeric_limits<size_t>::max()));
      has_tokens = true;
    } else if (name == "skip_special_tokens" && !member.value().is_null()) {
      TRY_ASSIGN(body.skip_special_tokens, read_bool(name, member.value()));
    } else if (name != "skip_special_tokens") {
      return unknown_field(name, "/detokenize");
    }
  }
  if (!has_tokens) return param_error("tokens", "The request has no tokens.");
  return body;
}

std::string tgi_answer(const Tokenized& result) {
  std::string out = "[";
  for (size_t i = 0; i < result.ids.size(); ++i) {
    const TokenPlace& place = result.places[i];
    out += fmt::format("{}{{\"id\":{},\"text\":", i > 0 ? "," : "", result.ids[i]);
    append_json_string(out, place.text);
    out += fmt::format(",\"start\":{},\"stop\":{}}}", place.start, place.stop);
  }
  return out + "]";
}

std::string vllm_answer(const Tokenized& result, bool with_texts, int32_t max_model_len) {
  std::string out =
      fmt::format("{{\"count\":{},\"max_model_len\":{},\"tokens\":[{}],\"token_strs\":", result.ids.size(),
                  max_model_len, fmt::join(result.ids, ","));
  if (!with_texts) return out + "null}";
  out += '[';
  for (size_t i = 0; i < result.texts.size(); ++i) {
    if (i > 0) out += ',';
    append_json_string(out, result.texts[i]);
  }
  return out + "]}";
}

// One request, on its exchange's reactor thread; parsing and tokenising happen elsewhere.
class TokenizerCall : public std::enable_shared_from_this<TokenizerCall> {
 public:
  TokenizerCall(ExchangePtr exchange, std::shared_ptr<const OpenAiContext> context)
      : exchange_(std::move(exchange)), context_(std::move(context)) {}

  void start(Parse parser, bool encodes) {
    exchange_->on_abandoned([self = shared_from_this()](Abandoned why) { self->on_abandoned(why); });
    auto work = [self = shared_from_this(), parser, encodes, text = exchange_->take_body()] {
      auto parsed = std::make_shared<Result<TokenizerBody>>(self->read(parser, text));
      self->exchange_->post([self, parsed, encodes] { self->submit(std::move(*parsed), encodes); });
    };
    if (exchange_->run_on_worker(std::move(work))) return;
    answer(make_error(ErrorCode::kQueueFull, "Too many requests are being read; try again later."));
  }

 private:
  Result<TokenizerBody> read(Parse parser, const std::string& text) const {
    try {
      TRY_ASSIGN(JsonObject object, parse_body(text));
      return parser(*context_, object);
    } catch (const std::exception& exception) {
      LOG(error, "A request body could not be parsed: {}", exception.what());
    }
    return make_error(ErrorCode::kResourceExhausted, "There is no memory for a request of this size now.");
  }

  void submit(Result<TokenizerBody> body, bool encodes) {
    if (done_) return;
    if (!body) return answer(std::move(body).take_error());
    std::shared_ptr<TextService> service = context_->service();
    if (!service) return answer(make_error(ErrorCode::kModelLoading, "The model is still loading; try again soon."));
    Status accepted = encodes ? tokenize(*service, std::move(*body)) : detokenize(*service, std::move(*body));
    if (!accepted) answer(accepted.error());
  }

  Status tokenize(TextService& service, TokenizerBody body) {
    bool with_texts = body.tokenize.with_texts;
    auto listener = [self = shared_from_this(), tgi = body.tgi, with_texts,
                     max_model_len = service.max_model_len()](Result<Tokenized> result) {
      if (!result) return self->post(std::move(result).take_error());
      self->post(tgi ? tgi_answer(*result) : vllm_answer(*result, with_texts, max_model_len));
    };
    return service.tokenize(std::move(body.tokenize), std::move(listener));
  }

  Status detokenize(TextService& service, TokenizerBody body) {
    auto listener = [self = shared_from_this()](Result<std::string> text) {
      if (!text) return self->post(std::move(text).take_error());
      std::string out = "{\"prompt\":";
      append_json_string(out, *text);
      self->post(out + "}");
    };
    return service.detokenize(std::move(body.tokens), body.skip_special_tokens, std::move(listener));
  }

  // Any thread.
  void post(Result<std::string> body) {
    auto shared = std::make_shared<Result<std::string>>(std::move(body));
    exchange_->post([self = shared_from_this(), shared] { self->answer(std::move(*shared)); });
  }

  void answer(Result<std::string> body) {
    if (std::exchange(done_, true)) return;
    if (!body) return exchange_->respond(error_response(body.error()));
    exchange_->respond({.body = std::move(*body)});
  }

  void on_abandoned(Abandoned why) {
    if (why == Abandoned::kDeadline) {
      answer(make_error(ErrorCode::kDeadlineExceeded, "The request took longer than this server allows."));
    } else if (why == Abandoned::kDrainDeadline) {
      answer(make_error(ErrorCode::kDraining, "The server shut down before the answer was complete."));
    }
    done_ = true;
  }

  ExchangePtr exchange_;
  std::shared_ptr<const OpenAiContext> context_;
  bool done_ = false;
};

}  // namespace

std::vector<Route> tokenizer_routes(std::shared_ptr<const OpenAiContext> context) {
  auto handler = [&](Parse parse, bool encodes) -> Handler {
    return [context, parse, encodes](ExchangePtr exchange) {
      std::make_shared<TokenizerCall>(std::move(exchange), context)->start(parse, encodes);
    };
  };
  std::vector<Route> routes;
  for (std::string_view prefix : {"", "/v1"}) {
    for (bool encodes : {true, false}) {
      routes.push_back({.method = "POST",
                        .path = fmt::format("{}/{}", prefix, encodes ? "tokenize" : "detokenize"),
                        .handler = handler(encodes ? parse_tokenize : parse_detokenize, encodes),
                        .json_body = true,
                        .is_inference = true});
    }
  }
  return routes;
}

}  // namespace weft
