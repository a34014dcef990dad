// The page's files, from memory.
#pragma once

#include <vector>

#include "server/http/router.h"
#include "server/server_config.h"

namespace weft {

std::vector<Route> asset_routes(const std::vector<StaticAsset>& assets);

// The content of a gzip file. kCorruptFile when it is none, or larger than `max_bytes`.
Result<std::string> gunzip(std::span<const std::byte> bytes, size_t max_bytes);

}  // namespace weft
