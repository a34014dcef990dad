// What orchestrators ask: /live, /health, /ready, /ping. Answered on the reactor, from flags, without the engine.
#pragma once

#include <functional>
#include <string_view>
#include <vector>

#include "server/http/router.h"

namespace weft {

enum class ServerState { kOk, kLoading, kDraining, kStalled, kDead };

std::string_view server_state_name(ServerState state);

std::vector<Route> probe_routes(std::function<ServerState()> state);

}  // namespace weft
