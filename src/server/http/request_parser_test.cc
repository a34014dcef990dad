#include "server/http/request_parser.h"

#include <gtest/gtest.h>

#include "base/rng.h"
#include "server/http/router.h"

namespace weft {
namespace {

// Feeds `bytes` in pieces that `next_piece` chooses; the way a socket delivers must not matter.
Result<std::string> parse_in_pieces(std::string_view bytes, const std::function<size_t()>& next_piece) {
  RequestParser parser{HttpLimits{}};
  std::string waiting;
  for (size_t sent = 0; parser.state() != RequestParser::State::kDone;) {
    TRY_ASSIGN(size_t taken, parser.feed(waiting));
    waiting.erase(0, taken);
    if (taken > 0) continue;
    if (sent == bytes.size()) return make_error(ErrorCode::kRequestTimeout, "cut off");
    size_t count = std::min(next_piece(), bytes.size() - sent);
    waiting += bytes.substr(sent, count);
    sent += count;
  }
  const HttpRequest& request = parser.request();
  return request.method + " " + request.path + " " + request.host + " " + request.body;
}

constexpr std::string_view kPlain =
    "POST http://h:1/a/b?c=d HTTP/1.1\r\nHost: other\r\nContent-Length: 5\r\nX: y\r\n\r\nhello";
constexpr std::string_view kChunked =
    "\r\nPOST /a HTTP/1.1\r\nhost: h\r\ntransfer-encoding: Chunked\r\n\r\n2\r\nhe\r\n3;x=y\r\nllo\r\n0\r\nT: v\r\n\r\n";

TEST(RequestParser, PiecesDoNotMatter) {
  Rng rng(1);
  for (int i = 0; i < 200; ++i) {
    auto piece = [&] { return 1 + rng.below(i < 10 ? 1 : 20); };
    Result<std::string> plain = parse_in_pieces(kPlain, piece);
    ASSERT_TRUE(plain.has_value()) << plain.error().message;
    EXPECT_EQ(*plain, "POST /a/b h:1 hello");
    auto at_least_two = [&] { return 2 + rng.below(20); };
    Result<std::string> chunked = parse_in_pieces(kChunked, at_least_two);
    ASSERT_TRUE(chunked.has_value()) << chunked.error().message;
    EXPECT_EQ(*chunked, "POST /a h hello");
  }
}

// Total: any bytes give a request, an error or a wish for more (I1).
TEST(RequestParser, MutatedRequestsNeverCrash) {
  Rng rng(2);
  size_t accepted = 0, refused = 0;
  for (int i = 0; i < 20'000; ++i) {
    std::string bytes(rng.chance(0.5) ? kPlain : kChunked);
    for (uint64_t edits = 1 + rng.below(4); edits > 0; --edits) {
      size_t at = rng.below(bytes.size());
      switch (rng.below(4)) {
        case 0:
          bytes[at] = static_cast<char>(rng.next());
          break;
        case 1:
          bytes.erase(at, 1 + rng.below(8));
          break;
        case 2:
          bytes.insert(at, bytes.substr(rng.below(bytes.size()), rng.below(16)));
          break;
        default:
          bytes.insert(at, 1, "\r\n \t:0f\x00\xff"[rng.below(9)]);
      }
      if (bytes.empty()) bytes = "x";
    }
    (parse_in_pieces(bytes, [&] { return 1 + rng.below(40); }) ? accepted : refused)++;
  }
  EXPECT_GT(accepted, 100u);
  EXPECT_GT(refused, 100u);
}

TEST(SplitTarget, Forms) {
  auto split = [](std::string_view target) {
    std::string host = "-", path;
    return split_target(target, host, path) ? host + " " + path : std::string("error");
  };
  EXPECT_EQ(split("/"), "- /");
  EXPECT_EQ(split("/a?b#c"), "- /a");
  EXPECT_EQ(split("//a"), "- //a");
  EXPECT_EQ(split("/%2e/a"), "- /%2e/a");
  EXPECT_EQ(split("*"), "- *");
  EXPECT_EQ(split("http://h/a?b"), "h /a");
  EXPECT_EQ(split("http://h"), "h /");
  EXPECT_EQ(split("http://h?x=/live"), "h /");
  EXPECT_EQ(split("http:///a"), "error");
  EXPECT_EQ(split("h:80"), "error");
  EXPECT_EQ(split(""), "error");
}

}  // namespace
}  // namespace weft
