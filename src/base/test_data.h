// Where tests find what is not in the repository: shared data (WEFT_SHARED, default ../shared beside the source tree)
// and real models (WEFT_MODELS, default ~/.cache/weft/models). Absent data skips a test loudly, or fails it when
// WEFT_REQUIRE_DATA=1. Included by tests only.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <string_view>

namespace weft {

inline std::string environment_or(const char* name, const std::string& fallback) {
  const char* value = std::getenv(name);
  return value != nullptr && *value != '\0' ? value : fallback;
}

// A file of the repository. ctest sets WEFT_SOURCE_DIR; a test program started by hand runs in the repository's root.
inline std::filesystem::path source_path(std::string_view relative) {
  return std::filesystem::path(environment_or("WEFT_SOURCE_DIR", ".")) / relative;
}

// A folder where tests may write; ctest sets WEFT_BINARY_DIR.
inline std::filesystem::path scratch_path(std::string_view relative) {
  return std::filesystem::path(environment_or("WEFT_BINARY_DIR", std::filesystem::temp_directory_path())) / relative;
}

inline std::filesystem::path shared_data(std::string_view relative) {
  return std::filesystem::path(environment_or("WEFT_SHARED", source_path("../shared"))) / "data" / relative;
}

inline std::filesystem::path model_path(std::string_view name) {
  return std::filesystem::path(environment_or("WEFT_MODELS", environment_or("HOME", "/") + "/.cache/weft/models")) /
         name;
}

inline bool data_is_required() { return environment_or("WEFT_REQUIRE_DATA", "0") == "1"; }

}  // namespace weft

// Ends the test here when `path` does not exist: as failed where data is required, else as skipped.
#define REQUIRE_DATA(path)                                                                         \
  if (!std::filesystem::exists(path)) {                                                            \
    if (::weft::data_is_required()) FAIL() << "required data is missing: " << (path).string();     \
    GTEST_SKIP() << "data is missing: " << (path).string() << " (set WEFT_SHARED or WEFT_MODELS)"; \
  }
