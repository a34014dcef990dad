#include "server/web/assets.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "base/test_data.h"

namespace weft {
namespace {

namespace fs = std::filesystem;

const fs::path kSources = source_path("src/server/web");

std::string read_file(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// The last four bytes of a gzip stream: the size of what was packed, little-endian.
std::uint32_t unpacked_size(std::span<const std::byte> gzip) {
  std::uint32_t size = 0;
  for (int i = 0; i < 4; ++i) size |= std::to_integer<std::uint32_t>(gzip[gzip.size() - 4 + i]) << (8 * i);
  return size;
}

TEST(WebAssets, AreSortedGzipWithQuotedEtags) {
  std::string_view previous;
  for (const auto& asset : web_assets()) {
    EXPECT_LT(previous, asset.path);
    previous = asset.path;
    ASSERT_GT(asset.gzip.size(), 18u) << asset.path;
    EXPECT_EQ(asset.gzip[0], std::byte{0x1f}) << asset.path;
    EXPECT_EQ(asset.gzip[1], std::byte{0x8b}) << asset.path;
    EXPECT_EQ(asset.etag.size(), 18u) << asset.path;
    EXPECT_EQ(asset.etag.front(), '"');
    EXPECT_EQ(asset.etag.back(), '"');
  }
}

TEST(WebAssets, HoldEveryFileOfThePage) {
  int files = 0;
  for (const auto& entry : fs::directory_iterator(kSources)) {
    const auto extension = entry.path().extension();
    if (extension == ".h" || extension == ".cc") continue;
    const auto name = entry.path().filename().string();
    const auto* asset = find_web_asset(name == "index.html" ? "/" : "/assets/" + name);
    ASSERT_NE(asset, nullptr) << name;
    EXPECT_EQ(unpacked_size(asset->gzip), fs::file_size(entry.path())) << name;
    ++files;
  }
  EXPECT_GE(files, 3);
}

TEST(WebAssets, ThePageRefersOnlyToWhatIsThere) {
  const auto page = read_file(kSources / "index.html");
  int references = 0;
  for (auto at = page.find("\"/assets/"); at != page.npos; at = page.find("\"/assets/", at + 1)) {
    const auto path = page.substr(at + 1, page.find('"', at + 1) - at - 1);
    EXPECT_NE(find_web_asset(path), nullptr) << path;
    ++references;
  }
  EXPECT_GE(references, 4);
  EXPECT_EQ(page.find("<style"), page.npos) << "the content security policy forbids inline styles";
  EXPECT_EQ(page.find(" style="), page.npos) << "the content security policy forbids inline styles";
  EXPECT_EQ(page.find("<script>"), page.npos) << "the content security policy forbids inline scripts";
}

TEST(WebAssets, FindMatchesWholePathsOnly) {
  ASSERT_NE(find_web_asset("/"), nullptr);
  EXPECT_EQ(find_web_asset("/")->content_type, "text/html; charset=utf-8");
  EXPECT_EQ(find_web_asset(""), nullptr);
  EXPECT_EQ(find_web_asset("/assets"), nullptr);
  EXPECT_EQ(find_web_asset("/assets/../index.html"), nullptr);
  EXPECT_EQ(find_web_asset("/zzz"), nullptr);
}

}  // namespace
}  // namespace weft
