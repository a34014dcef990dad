#include "frontend/tool_calls/answer_parser.h"

#include <algorithm>

#include "frontend/tool_calls/harmony.h"

namespace weft {
namespace {

// Longer pieces are read in parts, so that looking for several markers in one stays linear.
constexpr size_t kChunkBytes = 512;

// The end of a part of `text` that cuts no character.
size_t chunk_size(std::string_view text) {
  size_t size = std::min(text.size(), kChunkBytes);
  while (size < text.size() && size > 1 && (static_cast<unsigned char>(text[size]) & 0xC0) == 0x80) --size;
  return size;
}

}  // namespace

AnswerParser::AnswerParser(AnswerParserOptions options) {
  const ReasoningStyle* style = options.reasoning;
  if (style != nullptr && !style->is_in_format) splitter_.emplace(*style, options.reasoning_is_open);
  if (options.context.tools == nullptr) options.context.tools = std::make_shared<const ToolTable>();
  if (options.format != nullptr) {
    calls_ = options.format->make(std::move(options.context));
  } else if (style != nullptr && style->is_in_format) {
    calls_ = std::make_unique<HarmonyParser>(false, std::move(options.context));
  }
}

AnswerParts AnswerParser::push(std::string_view text) {
  AnswerParts out;
  while (!text.empty()) {
    size_t size = chunk_size(text);
    push_chunk(text.substr(0, size), out);
    text.remove_prefix(size);
  }
  return out;
}

void AnswerParser::push_chunk(std::string_view text, AnswerParts& out) {
  if (!splitter_) return push_rest(text, out);
  std::string rest;
  splitter_->push(text, out.reasoning, rest);
  push_rest(rest, out);
}

void AnswerParser::push_rest(std::string_view text, AnswerParts& out) {
  if (text.empty()) return;
  if (calls_ != nullptr) {
    calls_->push(text, out);
  } else {
    out.content += text;
  }
}

AnswerParts AnswerParser::finish(bool is_whole) {
  AnswerParts out;
  if (splitter_) {
    std::string rest;
    splitter_->finish(out.reasoning, rest);
    push_rest(rest, out);
  }
  if (calls_ != nullptr) calls_->finish(is_whole, out);
  return out;
}

bool AnswerParser::in_reasoning() const {
  if (splitter_) return splitter_->in_reasoning();
  return calls_ != nullptr && calls_->in_reasoning();
}

}  // namespace weft
