#include "frontend/tool_calls/reasoning.h"

#include <algorithm>
#include <array>

namespace weft {
namespace {

constexpr std::string_view kSpace = " \t\r\n";

// Evidence: the templates named, of llama.cpp's collection (models/templates) where nothing else is said.
const ReasoningStyle kStyles[] = {
    // Qwen-Qwen3-0.6B, Qwen-QwQ-32B, deepseek-ai-DeepSeek-V3.1, GLM-4.6, MiniMax-M2, NVIDIA-Nemotron-Nano-v2, ...
    {.name = "think",
     .aliases = {"deepseek_r1", "deepseek_v3", "qwen3", "glm45", "minimax_m2", "nemotron_v2", "step3p5", "kimi_k2"},
     .begin = "<think>",
     .end = "</think>"},
    // ibm-granite-granite-3.3-2B-Instruct: the answer stands between <response> and </response>
    {.name = "granite", .begin = "<think>", .end = "</think>", .frames = {"<response>", "</response>"}},
    // ByteDance-Seed-OSS
    {.name = "seed_oss", .begin = "<seed:think>", .end = "</seed:think>"},
    // mistral-common's v15_think template
    {.name = "mistral", .aliases = {"magistral"}, .begin = "[THINK]", .end = "[/THINK]"},
    // The template of CohereLabs/command-a-reasoning-08-2025 (huggingface.js's test data)
    {.name = "command_a",
     .aliases = {"cohere_command"},
     .begin = "<|START_THINKING|>",
     .end = "<|END_THINKING|>",
     .frames = {"<|START_RESPONSE|>", "<|END_RESPONSE|>"}},
    // Apriel-1.6-15b-Thinker-fixed: the prompt opens it with words
    {.name = "apriel", .begin = "Here are my reasoning steps:", .end = "[BEGIN FINAL RESPONSE]"},
    // google-gemma-4-31B-it-interleaved
    {.name = "gemma4", .begin = "<|channel>thought", .end = "<channel|>"},
    // openai-gpt-oss-120b: the analysis channel
    {.name = "harmony", .aliases = {"openai_gptoss", "gpt-oss", "gpt_oss"}, .is_in_format = true},
};

struct DetectionRule {
  std::string_view style;
  std::vector<std::string_view> texts;  // the first rule counts of which the template holds all
};
const DetectionRule kRules[] = {
    {"harmony", {"<|channel|>", "<|message|>"}},
    {"seed_oss", {"<seed:think>"}},
    {"mistral", {"[THINK]"}},
    {"command_a", {"<|START_THINKING|>"}},
    {"apriel", {"[BEGIN FINAL RESPONSE]"}},
    {"gemma4", {"<|channel>thought"}},
    {"granite", {"<think>", "<response>", "<|start_of_role|>"}},
    {"think", {"</think>"}},
    {"think", {"<think>"}},
};

std::string_view trim_right(std::string_view text) { return text.substr(0, text.find_last_not_of(kSpace) + 1); }

}  // namespace

std::span<const ReasoningStyle> reasoning_styles() { return kStyles; }

const ReasoningStyle* find_reasoning_style(std::string_view name) {
  for (const ReasoningStyle& style : kStyles) {
    if (style.name == name) return &style;
    if (std::find(style.aliases.begin(), style.aliases.end(), name) != style.aliases.end()) return &style;
  }
  return nullptr;
}

const ReasoningStyle* detect_reasoning_style(std::string_view chat_template) {
  for (const DetectionRule& rule : kRules) {
    auto holds = [&](std::string_view text) { return chat_template.find(text) != std::string_view::npos; };
    if (std::all_of(rule.texts.begin(), rule.texts.end(), holds)) return find_reasoning_style(rule.style);
  }
  return nullptr;
}

bool opens_reasoning(const ReasoningStyle& style, std::string_view prompt) {
  return !style.begin.empty() && trim_right(prompt).ends_with(style.begin);
}

bool closes_reasoning(const ReasoningStyle& style, std::string_view prompt) {
  return !style.end.empty() && trim_right(prompt).ends_with(style.end);
}

ReasoningSplitter::ReasoningSplitter(const ReasoningStyle& style, bool is_open)
    : style_(style), state_(is_open ? State::kInside : State::kStart) {}

void ReasoningSplitter::push(std::string_view text, std::string& reasoning, std::string& rest) {
  scanner_.append(text);
  while (!scanner_.empty() && step(reasoning, rest)) {
  }
}

bool ReasoningSplitter::step(std::string& reasoning, std::string& rest) {
  switch (state_) {
    case State::kStart: {
      std::string_view text = scanner_.rest();
      size_t first = text.find_first_not_of(kSpace);
      if (first == std::string_view::npos) return false;
      text.remove_prefix(first);
      std::string_view begin = style_.begin.substr(0, text.size());
      if (!text.starts_with(begin)) {
        state_ = State::kRest;
        return true;
      }
      if (begin.size() < style_.begin.size()) return false;
      scanner_.skip(first + begin.size());
      state_ = State::kInside;
      return true;
    }
    case State::kInside: {
      std::array<std::string_view, 1> ends = {style_.end};
      std::string inside;
      bool ended = scanner_.take_until(ends, inside) != TextScanner::kNone;
      if (!inside.empty()) add_reasoning(inside, reasoning);
      if (ended) state_ = State::kAfter;
      return ended;
    }
    case State::kAfter: {
      size_t first = scanner_.rest().find_first_not_of(kSpace);
      if (first == std::string_view::npos) return false;
      scanner_.skip(first);
      state_ = State::kRest;
      return true;
    }
    case State::kRest:
      if (style_.frames.empty()) {
        rest += scanner_.take_all();
        return false;
      }
      return scanner_.take_until(style_.frames, rest) != TextScanner::kNone;
  }
  return false;
}

void ReasoningSplitter::add_reasoning(std::string_view text, std::string& reasoning) {
  if (!has_reasoning_) {
    size_t first = text.find_first_not_of(kSpace);
    if (first == std::string_view::npos) return;
    text.remove_prefix(first);
    has_reasoning_ = true;
  }
  size_t size = trim_right(text).size();
  if (size > 0) {
    reasoning += gap_;
    reasoning += text.substr(0, size);
    gap_.clear();
  }
  gap_ += text.substr(size);
}

void ReasoningSplitter::finish(std::string& reasoning, std::string& rest) {
  std::string held = scanner_.take_all();
  if (state_ == State::kInside) add_reasoning(held, reasoning);
  if (state_ == State::kStart || state_ == State::kRest) rest += held;
}

}  // namespace weft
