#include "server/web/assets.h"

#include <algorithm>

namespace weft {

const WebAsset* find_web_asset(std::string_view path) {
  const auto assets = web_assets();
  const auto found = std::ranges::lower_bound(assets, path, {}, &WebAsset::path);
  return found != assets.end() && found->path == path ? &*found : nullptr;
}

}  // namespace weft
