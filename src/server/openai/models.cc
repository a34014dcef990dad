#include "server/openai/models.h"

#include "server/openai/chat.h"
#include "server/openai/completions.h"
#include "server/openai/tokenizer_routes.h"

namespace weft {
namespace {

JsonObject describe_model(const OpenAiContext& context, const std::string& name) {
  std::shared_ptr<TextService> service = context.service();
  JsonObject model;
  model["id"] = name;
  model["object"] = "model";
  model["created"] = context.created;
  model["owned_by"] = "weft";
  model["root"] = context.model_names.front();
  model["parent"] = nullptr;
  model["max_model_len"] = service != nullptr ? Json(service->max_model_len()) : Json();
  return model;
}

// "org/name" as a path segment: clients escape the slash, people typing curl do not.
std::string escaped_slashes(const std::string& name) {
  std::string out;
  for (char c : name) {
    if (c == '/') {
      out += "%2F";
    } else {
      out += c;
    }
  }
  return out;
}

}  // namespace

std::vector<Route> openai_routes(std::shared_ptr<const OpenAiContext> context) {
  std::vector<Route> routes;
  routes.push_back({.method = "POST",
                    .path = "/v1/chat/completions",
                    .handler = generation_handler(context, prepare_chat),
                    .json_body = true,
                    .is_inference = true});
  routes.push_back({.method = "POST",
                    .path = "/v1/completions",
                    .handler = generation_handler(context, prepare_completions),
                    .json_body = true,
                    .is_inference = true});
  routes.push_back({.method = "GET", .path = "/v1/models", .handler = [context](ExchangePtr exchange) {
                      JsonArray data;
                      for (const std::string& name : context->model_names)
                        data.push_back(describe_model(*context, name));
                      JsonObject list{{"object", "list"}};
                      list["data"] = std::move(data);
                      exchange->respond({.body = write_json(list)});
                    }});
  for (const std::string& name : context->model_names) {
    Handler handler = [context, name](ExchangePtr exchange) {
      exchange->respond({.body = write_json(describe_model(*context, name))});
    };
    routes.push_back({.method = "GET", .path = "/v1/models/" + name, .handler = handler});
    if (name.find('/') == std::string::npos) continue;
    routes.push_back({.method = "GET", .path = "/v1/models/" + escaped_slashes(name), .handler = handler});
  }
  for (Route& route : tokenizer_routes(context)) routes.push_back(std::move(route));
  return routes;
}

}  // namespace weft
