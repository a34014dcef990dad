// The files of the chat page, gzipped into the binary at build time (cmake/web_assets.cmake).
// All data is static and read-only: safe from every thread, valid for the life of the process.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

namespace weft {

struct WebAsset {
  std::string_view path;            // of the URL: "/" is the page, everything else lies under "/assets/"
  std::string_view content_type;    // with charset where it is text
  std::span<const std::byte> gzip;  // body to send with Content-Encoding: gzip
  std::string_view etag;            // strong, quotes included; changes whenever the body does
};

// Sent with every asset. Scripts and styles come from this server only, none are inline, nothing is loaded from
// elsewhere, and no string becomes HTML: what a model writes can neither run nor make the browser call anybody.
inline constexpr std::string_view kWebContentSecurityPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'";

// Names do not carry a version, so browsers must ask again each time; the ETag makes that a 304.
inline constexpr std::string_view kWebCacheControl = "no-cache";

// All assets, sorted by path, each path once.
std::span<const WebAsset> web_assets();

// The asset of an exact URL path (no query), or nullptr.
const WebAsset* find_web_asset(std::string_view path);

}  // namespace weft
