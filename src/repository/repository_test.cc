#include <gtest/gtest.h>
#include <stdlib.h>

#include <fstream>

#include "base/test_data.h"
#include "repository/loaded_model.h"
#include "repository/model_source.h"

namespace weft {
namespace {

namespace fs = std::filesystem;

class ModelSourceTest : public testing::Test {
 protected:
  void SetUp() override {
    // Tests run side by side, each in a folder of its own.
    root_ =
        scratch_path(std::string("repository_test.") + testing::UnitTest::GetInstance()->current_test_info()->name());
    fs::remove_all(root_);
    fs::create_directories(root_ / "some-model");
    std::ofstream(root_ / "tiny.Q4_0.gguf") << "GGUF";
    setenv("WEFT_MODELS", root_.c_str(), 1);
  }
  fs::path root_;
};

TEST_F(ModelSourceTest, TakesFilesAndDirectoriesWithNamesOfTheirOwn) {
  auto file = resolve_model((root_ / "tiny.Q4_0.gguf").string());
  ASSERT_TRUE(file) << file.error().message;
  EXPECT_EQ(file->name, "tiny.Q4_0");
  auto directory = resolve_model((root_ / "some-model/").string());
  ASSERT_TRUE(directory) << directory.error().message;
  EXPECT_EQ(directory->name, "some-model");
}

TEST_F(ModelSourceTest, SaysHowToGetTheDemoModel) {
  auto absent = resolve_model("smollm2");
  ASSERT_FALSE(absent);
  EXPECT_NE(absent.error().message.find("./quickstart"), std::string::npos) << absent.error().message;
  std::ofstream(root_ / "SmolLM2-135M-Instruct.Q4_1.gguf") << "GGUF";
  auto present = resolve_model("smollm2");
  ASSERT_TRUE(present);
  EXPECT_EQ(present->name, "smollm2");
  EXPECT_LT(present->defaults.temperature.value_or(1), 1);  // it rambles at 1
}

TEST_F(ModelSourceTest, SaysWhatWorksForOtherNames) {
  auto hub = resolve_model("HuggingFaceTB/SmolLM2-135M");
  ASSERT_FALSE(hub);
  EXPECT_EQ(hub.error().code, ErrorCode::kNotFound);
  EXPECT_NE(hub.error().message.find("not downloaded"), std::string::npos) << hub.error().message;
  auto typo = resolve_model("smolm2");
  ASSERT_FALSE(typo);
  EXPECT_NE(typo.error().message.find("smollm2"), std::string::npos) << typo.error().message;
  EXPECT_FALSE(resolve_model(""));
}

TEST(CacheMemory, GivesAllToOneGroup) {
  CacheSpec spec{.groups = {{.page_bytes = 1000}}};
  auto pages = divide_cache_memory(spec, 10'999, 4, 64);
  ASSERT_TRUE(pages);
  EXPECT_EQ(*pages, std::vector<int32_t>{10});
}

// A window group needs no more than its sequences can hold; what is left goes to the full group.
TEST(CacheMemory, CapsWindowGroups) {
  CacheSpec spec{.groups = {{.page_bytes = 1000}, {.kind = CacheGroupKind::kWindow, .window = 32, .page_bytes = 1000}}};
  auto pages = divide_cache_memory(spec, 1'000'000, 2, 16);
  ASSERT_TRUE(pages);
  int32_t window_pages = (*pages)[1];
  EXPECT_GE(window_pages, 2 * ((32 + 16) / kPageTokens + 1));  // both sequences, whole windows and a step
  EXPECT_LT(window_pages, 100);
  EXPECT_EQ((*pages)[0], 1000 - window_pages);
}

TEST(CacheMemory, RefusesTooLittle) {
  CacheSpec spec{.groups = {{.page_bytes = 1000}}};
  auto pages = divide_cache_memory(spec, 999, 4, 64);
  ASSERT_FALSE(pages);
  EXPECT_EQ(pages.error().code, ErrorCode::kResourceExhausted);
}

}  // namespace
}  // namespace weft
