#include "server/static_assets.h"

#include <array>
#include <boost/beast/zlib/inflate_stream.hpp>

#include "server/http/error_table.h"

namespace weft {
namespace {

constexpr size_t kMaxAssetBytes = 64 << 20;

Error not_gzip() { return make_error(ErrorCode::kCorruptFile, "The bytes are not a gzip file."); }

// RFC 1952: where the compressed data begins, behind ten fixed bytes and the optional name.
Result<size_t> gzip_header_size(std::span<const std::byte> bytes) {
  constexpr std::byte kName{8};
  if (bytes.size() < 18 || bytes[0] != std::byte{0x1f} || bytes[1] != std::byte{0x8b} || bytes[2] != std::byte{8}) {
    return not_gzip();
  }
  size_t at = 10;
  if ((bytes[3] & ~kName) != std::byte{0}) return not_gzip();
  if ((bytes[3] & kName) != std::byte{0}) {
    while (at < bytes.size() && bytes[at] != std::byte{0}) ++at;
    ++at;
  }
  if (at + 8 > bytes.size()) return not_gzip();
  return at;
}

bool matches_etag(std::string_view if_none_match, std::string_view etag) {
  return if_none_match == "*" || if_none_match.find(etag) != std::string_view::npos;
}

void serve_asset(Exchange& exchange, const StaticAsset& asset) {
  const HttpHeaders& request_headers = exchange.request().headers;
  HttpResponse response{.content_type = std::string(asset.content_type)};
  response.headers = {{"ETag", std::string(asset.etag)},
                      {"Cache-Control", "no-cache"},
                      {"Vary", "Accept-Encoding"},
                      {"Content-Security-Policy", std::string(asset.content_policy)},
                      {"Referrer-Policy", "no-referrer"}};
  if (matches_etag(find_header(request_headers, "if-none-match"), asset.etag)) {
    response.status = 304;
    return exchange.respond(std::move(response));
  }
  if (find_header(request_headers, "accept-encoding").find("gzip") != std::string_view::npos) {
    response.headers.emplace_back("Content-Encoding", "gzip");
    response.body.assign(reinterpret_cast<const char*>(asset.gzip.data()), asset.gzip.size());
    return exchange.respond(std::move(response));
  }
  Result<std::string> plain = gunzip(asset.gzip, kMaxAssetBytes);  // for curl and people who look
  if (!plain) return exchange.respond(error_response(make_error(ErrorCode::kInternalError, "The file is damaged.")));
  response.body = std::move(*plain);
  exchange.respond(std::move(response));
}

}  // namespace

Result<std::string> gunzip(std::span<const std::byte> bytes, size_t max_bytes) {
  TRY_ASSIGN(size_t start, gzip_header_size(bytes));
  boost::beast::zlib::inflate_stream stream;
  boost::beast::zlib::z_params params;
  params.next_in = bytes.data() + start;
  params.avail_in = bytes.size() - start - 8;  // the last eight bytes are checksum and size
  std::string out;
  std::array<char, 16 << 10> piece;
  for (;;) {
    params.next_out = piece.data();
    params.avail_out = piece.size();
    boost::system::error_code code;
    stream.write(params, boost::beast::zlib::Flush::sync, code);
    size_t produced = piece.size() - params.avail_out;
    if (out.size() + produced > max_bytes) return not_gzip();
    out.append(piece.data(), produced);
    if (code == boost::beast::zlib::error::end_of_stream) return out;
    if (code || produced == 0) return not_gzip();
  }
}

std::vector<Route> asset_routes(const std::vector<StaticAsset>& assets) {
  std::vector<Route> routes;
  for (const StaticAsset& asset : assets) {
    routes.push_back({.method = "GET",
                      .path = std::string(asset.path),
                      .access = Access::kPublic,
                      .handler = [asset](ExchangePtr exchange) { serve_asset(*exchange, asset); }});
  }
  return routes;
}

}  // namespace weft
