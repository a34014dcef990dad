// The "decoder" of tokenizer.json.
#include "base/utf8.h"
#include "text/tokenizer_json_steps.h"

namespace weft {
namespace {

class DecoderReader {
 public:
  Status add(const JsonNode& step, std::string_view type) {
    if (type == "Fuse") {
      fused_ = true;
      return {};
    }
    if (type == "Replace") return add_replace(step);
    if (type == "Strip") return add_strip(step);
    if (type == "ByteFallback") {
      out_.steps.push_back(byte_fallback_decoding());
      out_.rules.replaces_each_byte = true;
      return {};
    }
    if (type == "ByteLevel") {
      out_.steps.push_back(byte_level_decoding());
      return {};
    }
    if (type == "Metaspace") return add_metaspace(step);
    if (type == "WordPiece") return add_word_piece(step);
    if (type == "BPEDecoder") return add_word_ends(step);
    if (type == "CTC") return add_ctc(step);
    return unsupported_type(step, type);
  }

  TokenDecoder take(bool any) {
    if (!any) {
      out_.steps.push_back(spaced_decoding());
      out_.rules.start = DecodeStart::kFirstToken;
    }
    return std::move(out_);
  }

 private:
  // Only one step may treat the beginning of a text in its own way.
  Status set_start(const JsonNode& step, DecodeStart start) {
    if (out_.rules.start != DecodeStart::kPlain) return step.unsupported("a second step that strips the beginning");
    out_.rules.start = start;
    return {};
  }

  Status add_metaspace(const JsonNode& step) {
    TRY_ASSIGN(auto replacement, step.text_at("replacement"));
    TRY_ASSIGN(auto prepend, parse_prepend_scheme(step));
    bool strips = prepend != PrependScheme::kNever;
    if (strips) TRY(set_start(step, DecodeStart::kFirstToken));
    out_.steps.push_back(metaspace_decoding(std::string(replacement), strips));
    return {};
  }

  // Behind "Fuse" a step sees the whole text. A single character is replaced as well in each token.
  Status add_replace(const JsonNode& step) {
    TRY_ASSIGN(auto pattern, parse_pattern(step));
    TRY_ASSIGN(auto content, step.text_at("content"));
    if (fused_ && (pattern.regex || utf8_sequence_length(pattern.text) != pattern.text.size())) {
      return step.unsupported("replacing more than a character in the fused text");
    }
    if (!pattern.regex) {
      out_.steps.push_back(replace_decoding(std::string(pattern.text), std::string(content)));
      return {};
    }
    TRY_ASSIGN(auto compiled, compile_pattern(step, pattern));
    out_.steps.push_back(replace_decoding(std::move(compiled), std::string(content)));
    return {};
  }

  Status add_strip(const JsonNode& step) {
    TRY_ASSIGN(auto content, step.text_at("content"));
    TRY_ASSIGN(auto start_node, step.at("start"));
    TRY_ASSIGN(auto start, start_node.integer());
    TRY_ASSIGN(auto stop_node, step.at("stop"));
    TRY_ASSIGN(auto stop, stop_node.integer());
    if (start < 0 || stop < 0 || content.empty()) return step.wrong("a number of characters to strip");
    if (!fused_) {
      out_.steps.push_back(strip_decoding(std::string(content), static_cast<size_t>(start), static_cast<size_t>(stop)));
      return {};
    }
    if (start == 0 && stop == 0) return {};
    if (content != " " || start != 1 || stop != 0) return step.unsupported("this way of stripping the fused text");
    out_.steps.push_back(leading_space_decoding());
    return set_start(step, DecodeStart::kFirstSpace);
  }

  Status add_word_piece(const JsonNode& step) {
    TRY_ASSIGN(auto prefix, step.text_at("prefix"));
    TRY_ASSIGN(bool cleanup, step.boolean_or("cleanup", true));
    out_.steps.push_back(word_piece_decoding(std::string(prefix), cleanup));
    return set_start(step, DecodeStart::kFirstToken);
  }

  Status add_word_ends(const JsonNode& step) {
    TRY_ASSIGN(auto suffix, step.text_at("suffix"));
    out_.steps.push_back(word_end_decoding(std::string(suffix)));
    out_.rules.holds_last_space = true;
    return {};
  }

  Status add_ctc(const JsonNode& step) {
    TRY_ASSIGN(auto pad, step.text_at("pad_token"));
    TRY_ASSIGN(auto delimiter, step.text_at("word_delimiter_token"));
    TRY_ASSIGN(bool cleanup, step.boolean_or("cleanup", true));
    out_.steps.push_back(ctc_decoding(std::string(pad), std::string(delimiter), cleanup));
    out_.rules.drops_repeats = true;
    return {};
  }

  TokenDecoder out_;
  bool fused_ = false;
};

}  // namespace

Result<TokenDecoder> parse_decoder(const JsonNode& root) {
  TRY_ASSIGN(auto steps, flat_steps(root, "decoder", "decoders"));
  DecoderReader reader;
  for (const JsonNode& step : steps) {
    TRY_ASSIGN(auto type, step.text_at("type"));
    TRY(reader.add(step, type));
  }
  return reader.take(root.find("decoder").has_value());
}

}  // namespace weft
