#include "server/probes.h"

#include <fmt/format.h>

namespace weft {
namespace {

bool is_always(ServerState) { return true; }
bool is_healthy(ServerState state) { return state == ServerState::kOk || state == ServerState::kDraining; }
bool is_ready(ServerState state) { return state == ServerState::kOk; }

}  // namespace

std::string_view server_state_name(ServerState state) {
  switch (state) {
    case ServerState::kOk:
      return "ok";
    case ServerState::kLoading:
      return "loading";
    case ServerState::kDraining:
      return "draining";
    case ServerState::kStalled:
      return "stalled";
    case ServerState::kDead:
      return "dead";
  }
  return "dead";
}

std::vector<Route> probe_routes(std::function<ServerState()> state) {
  struct Probe {
    const char* path;
    bool (*passes)(ServerState);
  };
  std::vector<Route> routes;
  for (Probe probe :
       {Probe{"/live", is_always}, {"/health", is_healthy}, {"/ping", is_healthy}, {"/ready", is_ready}}) {
    Handler handler = [state, passes = probe.passes](ExchangePtr exchange) {
      ServerState now = state();
      exchange->respond({.status = passes(now) ? 200 : 503,
                         .headers = {{"Cache-Control", "no-store"}},
                         .body = fmt::format(R"({{"status":"{}"}})", server_state_name(now))});
    };
    routes.push_back({.method = "GET", .path = probe.path, .access = Access::kPublic, .handler = handler});
  }
  return routes;
}

}  // namespace weft
