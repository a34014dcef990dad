#include "frontend/tool_calls/harmony.h"

#include <array>

namespace weft {
namespace {

constexpr std::string_view kMessage = "<|message|>";
// What a header is made of besides words. Each stands for a space there.
constexpr std::array<std::string_view, 4> kHeaderMarkers = {kMessage, "<|channel|>", "<|constrain|>", "<|start|>"};
constexpr std::array<std::string_view, 5> kBodyEnds = {"<|end|>", "<|call|>", "<|return|>", "<|start|>", "<|channel|>"};
constexpr size_t kFirstHeaderInside = 3;  // of kBodyEnds: those that begin the next header
constexpr size_t kMaxHeaderBytes = 512;

// The tool's name behind "to=functions.", up to a space.
std::string_view recipient(std::string_view header) {
  constexpr std::string_view kTo = "to=functions.";
  size_t at = header.find(kTo);
  if (at == std::string_view::npos) return {};
  header.remove_prefix(at + kTo.size());
  return header.substr(0, header.find_first_of(" \t\r\n"));
}

}  // namespace

void HarmonyParser::push(std::string_view text, AnswerParts& out) {
  scanner_.append(text);
  while (!scanner_.empty() && step(out)) {
  }
}

bool HarmonyParser::step(AnswerParts& out) { return body_ == Body::kNone ? read_header(out) : read_body(out); }

bool HarmonyParser::read_header(AnswerParts& out) {
  int marker = scanner_.take_until(kHeaderMarkers, header_);
  if (marker == 0) {
    begin_body(out);
    return true;
  }
  if (marker != TextScanner::kNone) {
    has_markers_ = true;
    header_ += ' ';
    return true;
  }
  // A model that does not know the format writes no header at all.
  if (header_.size() <= kMaxHeaderBytes) return false;
  body_ = Body::kContent;
  add_content(header_, out);
  header_.clear();
  return true;
}

void HarmonyParser::begin_body(AnswerParts& out) {
  std::string_view name = recipient(header_);
  if (!name.empty() && takes_calls_) {
    body_ = Body::kCall;
    arguments_.reset();
    calls_.begin(out, name);
  } else if (header_.find("analysis") != std::string::npos) {
    body_ = Body::kReasoning;
  } else {
    body_ = Body::kContent;
  }
  header_.clear();
  has_markers_ = false;
}

bool HarmonyParser::read_body(AnswerParts& out) {
  std::string text;
  int end = scanner_.take_until(kBodyEnds, text);
  if (!text.empty()) add(text, out);
  if (end == TextScanner::kNone) return false;
  body_ = Body::kNone;
  has_markers_ = static_cast<size_t>(end) >= kFirstHeaderInside;
  return true;
}

void HarmonyParser::add(std::string_view text, AnswerParts& out) {
  switch (body_) {
    case Body::kNone:
      break;
    case Body::kReasoning:
      out.reasoning += text;
      break;
    case Body::kContent:
      add_content(text, out);
      break;
    case Body::kCall: {
      std::string json;
      if (arguments_.state() == JsonReader::State::kMore) {
        text.remove_prefix(arguments_.push(text, json));
        calls_.append(out, json);
        if (arguments_.state() == JsonReader::State::kDone) calls_.end();
      }
      if (arguments_.state() == JsonReader::State::kBad) body_ = Body::kBrokenCall;
      if (text.find_first_not_of(" \t\r\n") != std::string_view::npos) add_content(text, out);
      break;
    }
    case Body::kBrokenCall:
      add_content(text, out);
      break;
  }
}

void HarmonyParser::finish(bool, AnswerParts& out) {
  std::string rest = scanner_.take_all();
  if (body_ != Body::kNone) {
    if (!rest.empty()) add(rest, out);
  } else if (!has_markers_) {
    add_content(header_ + rest, out);  // no header: words
  }
  flush_content(out);
}

}  // namespace weft
