// Text to token ids and back. Immutable after load and safe to use from many threads.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "model_files/model_files.h"

namespace weft {

struct EncodeOptions {
  bool add_special_tokens = true;    // what the model's post-processor adds, e.g. BOS in front
  bool parse_special_tokens = true;  // "<|im_end|>" in the text becomes the token, not its letters
};

// Where the first tokens of a text read otherwise than inside it (Tokenizer::first_token_bytes).
enum class DecodeStart {
  kPlain,       // nowhere
  kFirstToken,  // in the first token
  kFirstSpace,  // in all until one reads otherwise, or there is text: the dummy space is dropped once
  kUntilText    // in all until there is text
};

// What decoding needs to know beside the bytes of each token.
struct DecodeRules {
  DecodeStart start = DecodeStart::kPlain;
  bool drops_repeats = false;       // the same token again adds nothing (CTC)
  bool holds_last_space = false;    // a space at the end of a token stands only before another token
  bool replaces_each_byte = false;  // every byte of an ill-formed sequence becomes U+FFFD, not only each sequence
};

// A token and the bytes [begin, end) of the original text that it stands for. Tokens that share one character (bytes of
// an emoji, say) all cover that whole character; a token that a post-processor added covers nothing: 0, 0.
struct TokenSpan {
  int32_t id;
  size_t begin, end;
  bool operator==(const TokenSpan&) const = default;
};

// Calls run(0) ... run(count - 1), in any order and on any threads, and returns when all have returned.
using ParallelFor = std::function<void(size_t count, const std::function<void(size_t)>& run)>;

class Tokenizer {
 public:
  virtual ~Tokenizer() = default;

  // From GGUF metadata, or from the tokenizer file of a model's directory (tokenizer_files.h says which are read).
  static Result<std::unique_ptr<Tokenizer>> load(const ModelFiles& files);
  // From one file, told by name and content, or from a directory that holds one; a model's weights may be absent. JSON
  // files beside it (tokenizer_config.json, config.json) name the BOS and EOS tokens.
  static Result<std::unique_ptr<Tokenizer>> load_file(const std::filesystem::path& path);

  virtual int32_t vocab_size() const = 0;

  // Never fails on bytes that are not UTF-8: they are replaced by U+FFFD first, as Hugging Face's tokenizers do.
  virtual std::vector<int32_t> encode(std::string_view text, const EncodeOptions& options = {}) const = 0;

  // The same ids. Where the pre-tokenizer allows it, parts of a long text are encoded by `parallel_for` (null: none).
  virtual std::vector<int32_t> encode_parallel(std::string_view text, const EncodeOptions& options,
                                               const ParallelFor& /*parallel_for*/) const {
    return encode(text, options);
  }

  // The same ids, each with its place in `text`, as Hugging Face's tokenizers report offsets (theirs count characters).
  // In text that is not UTF-8 a replaced sequence counts as one character. Slower than encode().
  virtual std::vector<TokenSpan> encode_with_offsets(std::string_view text, const EncodeOptions& options) const = 0;

  // The bytes that `id` stands for inside a text; a special token's own text, e.g. "<|im_end|>". Empty when out of
  // range. Word pieces have the space that stands before them.
  virtual std::string_view token_bytes(int32_t id) const = 0;
  // The same where decode_rules().start applies.
  virtual std::string_view first_token_bytes(int32_t id) const { return token_bytes(id); }
  virtual DecodeRules decode_rules() const { return {}; }
  virtual bool is_special(int32_t id) const = 0;

  virtual std::optional<int32_t> bos_id() const = 0;
  virtual std::optional<int32_t> eos_id() const = 0;
  // The id of a token by its exact text, e.g. "<|im_end|>".
  virtual std::optional<int32_t> find_token(std::string_view text) const = 0;

  // The whole text at once; invalid UTF-8 becomes U+FFFD.
  std::string decode(std::span<const int32_t> ids, bool skip_special_tokens = true) const;
};

}  // namespace weft
