// Every published template at hand, and what its model writes.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

#include "base/json.h"
#include "base/test_data.h"
#include "frontend/tool_calls/formats.h"
#include "frontend/tool_calls/reasoning.h"

namespace weft {
namespace {

struct Expected {
  std::string_view calls, reasoning;  // "": none
};

const std::map<std::string, Expected> kExpected = {
    {"llama_cpp/Apriel-1.6-15b-Thinker-fixed.jinja", {"apriel", "apriel"}},
    {"llama_cpp/ByteDance-Seed-OSS.jinja", {"seed_oss", "seed_oss"}},
    {"llama_cpp/CohereForAI-c4ai-command-r-plus-tool_use.jinja", {"", ""}},  // Action: a list in words; not done
    {"llama_cpp/GLM-4.6.jinja", {"glm45", "think"}},
    {"llama_cpp/GLM-4.7-Flash.jinja", {"glm45", "think"}},
    {"llama_cpp/GigaChat3-10B-A1.8B.jinja", {"", ""}},            // not done
    {"llama_cpp/HuggingFaceTB-SmolLM3-3B.jinja", {"", "think"}},  // this copy shows the model no tools
    {"llama_cpp/Kimi-K2-Instruct.jinja", {"kimi_k2", ""}},
    {"llama_cpp/LFM2-8B-A1B.jinja", {"lfm2", ""}},
    {"llama_cpp/MiniMax-M2.jinja", {"minimax_m2", "think"}},
    {"llama_cpp/Mistral-Small-3.2-24B-Instruct-2506.jinja", {"mistral", ""}},
    {"llama_cpp/NVIDIA-Nemotron-Nano-v2.jinja", {"nemotron_json", "think"}},
    {"llama_cpp/NousResearch-Hermes-2-Pro-Llama-3-8B-tool_use.jinja", {"hermes", ""}},
    {"llama_cpp/NousResearch-Hermes-3-Llama-3.1-8B-tool_use.jinja", {"hermes", ""}},
    {"llama_cpp/Qwen-QwQ-32B.jinja", {"hermes", "think"}},
    {"llama_cpp/Qwen-Qwen2.5-7B-Instruct.jinja", {"hermes", ""}},
    {"llama_cpp/Qwen-Qwen3-0.6B.jinja", {"hermes", "think"}},
    {"llama_cpp/Qwen3-Coder.jinja", {"qwen3_coder", ""}},
    {"llama_cpp/StepFun3.5-Flash.jinja", {"qwen3_coder", "think"}},
    {"llama_cpp/deepseek-ai-DeepSeek-R1-Distill-Llama-8B.jinja", {"deepseek_v3", "think"}},
    {"llama_cpp/deepseek-ai-DeepSeek-R1-Distill-Qwen-32B.jinja", {"deepseek_v3", "think"}},
    {"llama_cpp/deepseek-ai-DeepSeek-V3.1.jinja", {"deepseek_v31", "think"}},
    {"llama_cpp/deepseek-ai-DeepSeek-V3.2.jinja", {"deepseek_v32", "think"}},
    {"llama_cpp/fireworks-ai-llama-3-firefunction-v2.jinja", {"phi4_mini_json", ""}},
    {"llama_cpp/google-gemma-2-2b-it.jinja", {"", ""}},
    {"llama_cpp/google-gemma-4-31B-it-interleaved.jinja", {"", "gemma4"}},  // its calls are not done
    {"llama_cpp/ibm-granite-granite-3.3-2B-Instruct.jinja", {"granite", "granite"}},
    {"llama_cpp/llama-cpp-deepseek-r1.jinja", {"deepseek_v3", "think"}},
    {"llama_cpp/llama-cpp-rwkv-world.jinja", {"", "think"}},
    {"llama_cpp/meetkai-functionary-medium-v3.1.jinja", {"functionary_v31", ""}},
    {"llama_cpp/meta-llama-Llama-3.1-8B-Instruct.jinja", {"llama3_json", ""}},
    {"llama_cpp/meta-llama-Llama-3.2-3B-Instruct.jinja", {"llama3_json", ""}},
    {"llama_cpp/meta-llama-Llama-3.3-70B-Instruct.jinja", {"llama3_json", ""}},
    {"llama_cpp/microsoft-Phi-3.5-mini-instruct.jinja", {"", ""}},
    {"llama_cpp/mistralai-Mistral-Nemo-Instruct-2407.jinja", {"mistral", ""}},
    {"llama_cpp/moonshotai-Kimi-K2.jinja", {"kimi_k2", ""}},
    {"llama_cpp/openai-gpt-oss-120b.jinja", {"harmony", "harmony"}},
    {"llama_cpp/unsloth-mistral-Devstral-Small-2507.jinja", {"mistral", ""}},
    {"ollama/gemma4_e2b_chat_template.jinja2", {"", "gemma4"}},
    {"ollama/qwen38_chat_template.jinja", {"qwen3_coder", "think"}},
    {"mistral_common/v1.jinja", {"", ""}},
    {"mistral_common/v1_spm.jinja", {"", ""}},
    {"mistral_common/v3.jinja", {"mistral", ""}},
    {"mistral_common/v3_spm.jinja", {"mistral", ""}},
    {"mistral_common/v3_image.jinja", {"mistral", ""}},
    {"mistral_common/v3_image_spm.jinja", {"mistral", ""}},
    {"mistral_common/v7.jinja", {"mistral", ""}},
    {"mistral_common/v7_spm.jinja", {"mistral", ""}},
    {"mistral_common/v7_image.jinja", {"mistral", ""}},
    {"mistral_common/v7_image_spm.jinja", {"mistral", ""}},
    {"mistral_common/v7_audio.jinja", {"mistral", ""}},
    {"mistral_common/v15.jinja", {"mistral", ""}},
    {"mistral_common/v15_image.jinja", {"mistral", ""}},
    {"mistral_common/v15_think.jinja", {"mistral", "mistral"}},
    {"mistral_common/v15_image_think.jinja", {"mistral", "mistral"}},
};

// Of cases/hfjs_e2e.jsonl, by model; all others have neither.
const std::map<std::string, Expected> kExpectedByModel = {
    {"mistralai/Mistral-7B-Instruct-v0.3 (JSON Schema)", {"mistral", ""}},
    {"CISCai/Mistral-7B-Instruct-v0.3-SOTA-GGUF", {"mistral", ""}},
    {"meta-llama/Llama-3.1-8B-Instruct", {"llama3_json", ""}},
    {"Qwen/Qwen2.5-7B-Instruct", {"hermes", ""}},
    {"Qwen/Qwen3-0.6B", {"hermes", "think"}},
    {"Qwen/Qwen3.5-4B", {"qwen3_coder", "think"}},
    {"CohereLabs/c4ai-command-a-03-2025", {"command_a", "command_a"}},
    {"CohereLabs/command-a-reasoning-08-2025", {"command_a", "command_a"}},
    {"HuggingFaceTB/SmolLM3-3B", {"hermes", "think"}},
    {"moonshotai/Kimi-K2-Thinking", {"kimi_k2", "think"}},
    {"zai-org/GLM-5.1", {"glm45", "think"}},
};

void expect_detected(const std::string& name, std::string_view source, const Expected& expected) {
  const ToolCallFormat* calls = detect_tool_call_format(source);
  const ReasoningStyle* reasoning = detect_reasoning_style(source);
  EXPECT_EQ(calls == nullptr ? "" : calls->name, expected.calls) << name;
  EXPECT_EQ(reasoning == nullptr ? "" : reasoning->name, expected.reasoning) << name;
}

TEST(Detection, TemplateFiles) {
  std::filesystem::path folder = shared_data("chat_templates");
  REQUIRE_DATA(folder);
  size_t count = 0;
  for (std::string_view part : {"llama_cpp", "ollama", "mistral_common"}) {
    for (const auto& file : std::filesystem::directory_iterator(folder / part)) {
      if (!file.path().extension().string().starts_with(".jinja")) continue;
      std::string name = std::string(part) + "/" + file.path().filename().string();
      std::ifstream in(file.path(), std::ios::binary);
      std::ostringstream source;
      source << in.rdbuf();
      auto expected = kExpected.find(name);
      ASSERT_NE(expected, kExpected.end()) << name << " is not in the table";
      expect_detected(name, source.str(), expected->second);
      ++count;
    }
  }
  EXPECT_EQ(count, kExpected.size());
}

TEST(Detection, TemplatesOfPublishedModels) {
  std::filesystem::path file = shared_data("chat_templates/cases/hfjs_e2e.jsonl");
  REQUIRE_DATA(file);
  std::ifstream in(file);
  size_t count = 0;
  for (std::string line; std::getline(in, line);) {
    const Json value = parse_json(line).value();
    std::string name(value.at("name").as_string());
    auto expected = kExpectedByModel.find(name);
    count += expected != kExpectedByModel.end();
    expect_detected(name, value.at("template").as_string(),
                    expected == kExpectedByModel.end() ? Expected() : expected->second);
  }
  EXPECT_EQ(count, kExpectedByModel.size());
}

}  // namespace
}  // namespace weft
