#include "text/tokenizer_json.h"

#include <charconv>
#include <cmath>

#include "base/utf8.h"
#include "text/bpe_model.h"
#include "text/json_node.h"
#include "text/tokenizer_config.h"
#include "text/tokenizer_json_steps.h"
#include "text/unigram_model.h"
#include "text/word_piece_model.h"

namespace weft {
namespace {

constexpr size_t kMaxDepth = 32;

// A number as Hugging Face's tokenizers (serde_json) read it: its digits as an integer, divided by a power of ten,
// which may miss the nearest double by one unit. Unigram scores need it: sums of them are compared, and long runs of a
// character have many ways of the same sum. The shortest decimal form of `exact` is what files hold.
double read_like_serde(double exact) {
  std::string text = fmt::format("{}", std::abs(exact));
  size_t point = text.find('.');
  if (point == std::string::npos || text.find('e') != std::string::npos || text.size() > 19) return exact;
  double power = 1;
  for (size_t i = point + 1; i < text.size(); ++i) power *= 10;  // exact up to 10^22
  text.erase(point, 1);
  uint64_t digits = 0;
  std::from_chars(text.data(), text.data() + text.size(), digits);
  return std::copysign(static_cast<double>(digits) / power, exact);
}

class JsonTokenizerLoader {
 public:
  JsonTokenizerLoader(const JsonNode& root, const Metadata& metadata) : root_(root), metadata_(metadata) {}

  Result<std::unique_ptr<Tokenizer>> load() {
    TRY_ASSIGN(auto model, root_.at("model"));
    TRY_ASSIGN(auto kind, read_kind(model));
    if (kind == ModelKind::kUnigram) {
      TRY(read_scored_vocabulary(model));
    } else {
      TRY(read_vocabulary(model));
    }
    TRY(read_added_tokens());
    parts_.vocabulary = std::make_unique<Vocabulary>(std::span<const std::string_view>(forms_));
    TRY_ASSIGN(parts_.normalizer, parse_normalizer(root_));
    TRY_ASSIGN(auto pre_tokenizer, parse_pre_tokenizer(root_));
    parts_.pre_tokenizer = std::move(pre_tokenizer.steps);
    // Only BPE reads bytes itself.
    if (pre_tokenizer.byte_level && kind != ModelKind::kBpe) parts_.pre_tokenizer.push_back(byte_alphabet_step());
    switch (kind) {
      case ModelKind::kBpe:
        TRY(build_bpe(model, pre_tokenizer.byte_level));
        break;
      case ModelKind::kUnigram:
        TRY(build_unigram(model));
        break;
      case ModelKind::kWordPiece:
        TRY(build_word_piece(model));
        break;
      case ModelKind::kWordLevel: {
        TRY_ASSIGN(auto unknown, unknown_id(model));
        parts_.model = std::make_unique<WordLevelModel>(*parts_.vocabulary, unknown);
        break;
      }
    }
    TRY_ASSIGN(parts_.decoder, parse_decoder(root_));
    TRY(read_special_ids());
    return std::unique_ptr<Tokenizer>(std::make_unique<PipelineTokenizer>(std::move(parts_)));
  }

 private:
  enum class ModelKind { kBpe, kUnigram, kWordPiece, kWordLevel };

  // Files from before the key "type" existed are told apart by what the kinds alone have.
  static Result<ModelKind> read_kind(const JsonNode& model) {
    auto type = model.find("type");
    if (!type) {
      auto vocabulary = model.find("vocab");
      if (vocabulary && vocabulary->array()) return ModelKind::kUnigram;
      if (model.find("merges")) return ModelKind::kBpe;
      if (model.find("max_input_chars_per_word")) return ModelKind::kWordPiece;
      return model.unsupported("a model without a type");
    }
    TRY_ASSIGN(auto name, type->text());
    if (name == "BPE") return ModelKind::kBpe;
    if (name == "Unigram") return ModelKind::kUnigram;
    if (name == "WordPiece") return ModelKind::kWordPiece;
    if (name == "WordLevel") return ModelKind::kWordLevel;
    return type->unsupported(fmt::format("the kind \"{}\"", replace_invalid_utf8(name.substr(0, 64))));
  }

  Status set_form(const JsonNode& where, int64_t id, std::string_view form) {
    if (id < 0 || id >= kMaxTokens) {
      return make_error(ErrorCode::kCorruptFile, "{}: the id {} is not between 0 and {}", where.place(), id,
                        kMaxTokens - 1);
    }
    auto index = static_cast<size_t>(id);
    if (index >= forms_.size()) forms_.resize(index + 1);
    if (!forms_[index].empty() && forms_[index] != form) {
      return make_error(ErrorCode::kCorruptFile, "{}: the id {} belongs to \"{}\" and \"{}\"", where.place(), id,
                        forms_[index], form);
    }
    forms_[index] = form;
    return {};
  }

  Status read_vocabulary(const JsonNode& model) {
    TRY_ASSIGN(auto vocabulary, model.at("vocab"));
    TRY_ASSIGN(auto members, vocabulary.object());
    if (static_cast<int64_t>(members.size()) > kMaxTokens) return vocabulary.unsupported("so large a vocabulary");
    for (auto [form, value] : members) {
      int64_t id;
      if (value.get(id)) return vocabulary.wrong("a map of tokens to ids");
      TRY(set_form(vocabulary, id, form));
    }
    return {};
  }

  // A list of [token, score]; the place in it is the id.
  Status read_scored_vocabulary(const JsonNode& model) {
    TRY_ASSIGN(auto vocabulary, model.at("vocab"));
    TRY_ASSIGN(auto entries, vocabulary.array());
    for (auto entry : entries) {
      simdjson::dom::array pair;
      std::string_view form;
      double score;
      if (entry.get(pair) || pair.size() != 2 || pair.at(0).get(form) || pair.at(1).get(score)) {
        return vocabulary.element(entry, forms_.size()).wrong("a pair of a token and its score");
      }
      if (static_cast<int64_t>(forms_.size()) == kMaxTokens) return vocabulary.unsupported("so large a vocabulary");
      forms_.emplace_back(form);
      scores_.push_back(read_like_serde(score));
    }
    return {};
  }

  Status read_added_tokens() {
    auto list = root_.find("added_tokens");
    if (!list) return {};
    TRY_ASSIGN(auto elements, list->array());
    size_t index = 0;
    for (auto element : elements) {
      JsonNode node = list->element(element, index++);
      AddedToken token;
      TRY_ASSIGN(auto id_node, node.at("id"));
      TRY_ASSIGN(auto id, id_node.integer());
      TRY_ASSIGN(auto text, node.text_at("content"));
      TRY(set_form(node, id, text));
      token.id = static_cast<int32_t>(id);
      token.text = text;
      TRY_ASSIGN(token.special, node.boolean_or("special", false));
      TRY_ASSIGN(token.normalized, node.boolean_or("normalized", !token.special));
      TRY_ASSIGN(token.lstrip, node.boolean_or("lstrip", false));
      TRY_ASSIGN(token.rstrip, node.boolean_or("rstrip", false));
      TRY_ASSIGN(token.single_word, node.boolean_or("single_word", false));
      parts_.added_tokens.push_back(std::move(token));
    }
    return {};
  }

  Status build_unigram(const JsonNode& model) {
    TRY(check_token_lengths(*parts_.vocabulary));
    UnigramOptions options;
    TRY_ASSIGN(options.byte_fallback, model.boolean_or("byte_fallback", false));
    if (auto node = model.find("unk_id")) {
      TRY_ASSIGN(auto id, node->integer());
      if (id < 0 || id >= static_cast<int64_t>(scores_.size())) return node->wrong("the id of a token");
      options.unknown_id = static_cast<int32_t>(id);
    }
    std::vector<UnigramPiece> pieces(scores_.size(), UnigramPiece::kNormal);
    parts_.model = std::make_unique<UnigramModel>(*parts_.vocabulary, scores_, pieces, options);
    return {};
  }

  Status build_word_piece(const JsonNode& model) {
    TRY(check_token_lengths(*parts_.vocabulary));
    WordPieceOptions options;
    TRY_ASSIGN(options.unknown_id, unknown_id(model));
    if (auto node = model.find("continuing_subword_prefix")) {
      TRY_ASSIGN(options.continuing_prefix, node->text());
    }
    if (auto node = model.find("max_input_chars_per_word")) {
      TRY_ASSIGN(auto count, node->integer());
      if (count < 0) return node->wrong("a number of characters");
      options.max_characters = static_cast<size_t>(count);
    }
    parts_.model = std::make_unique<WordPieceModel>(*parts_.vocabulary, options);
    return {};
  }

  static Result<std::string> text_or_empty(const JsonNode& model, std::string_view key) {
    auto node = model.find(key);
    if (!node) return std::string();
    TRY_ASSIGN(auto text, node->text());
    return std::string(text);
  }

  Result<int32_t> unknown_id(const JsonNode& model) const {
    auto node = model.find("unk_token");
    if (!node) return Vocabulary::kNone;
    TRY_ASSIGN(auto text, node->text());
    return parts_.vocabulary->find(text);
  }

  Status build_bpe(const JsonNode& model, bool byte_level) {
    if (auto dropout = model.find("dropout")) {
      TRY_ASSIGN(double chance, dropout->real());
      if (chance != 0) return dropout->unsupported("dropping merges by chance");
    }
    BpeOptions options;
    TRY_ASSIGN(options.inner_prefix, text_or_empty(model, "continuing_subword_prefix"));
    TRY_ASSIGN(options.end_suffix, text_or_empty(model, "end_of_word_suffix"));
    bool affixes = !options.inner_prefix.empty() || !options.end_suffix.empty();
    if (byte_level && affixes) {
      byte_level = false;
      parts_.pre_tokenizer.push_back(byte_alphabet_step());
    }
    options.byte_level = byte_level;
    TRY_ASSIGN(options.byte_fallback, model.boolean_or("byte_fallback", false));
    TRY_ASSIGN(options.ignore_merges, model.boolean_or("ignore_merges", false));
    TRY_ASSIGN(options.fuse_unknown, model.boolean_or("fuse_unk", false));
    TRY_ASSIGN(options.unknown_id, unknown_id(model));
    if (!byte_level && !affixes && !options.ignore_merges && parts_.vocabulary->find(kMetaspaceMark) >= 0) {
      parts_.pre_tokenizer.push_back(
          word_begin_step(std::string(kMetaspaceMark), parts_.vocabulary->bytes_before(kMetaspaceMark)));
    }
    TRY_ASSIGN(auto merges, read_merges(model));
    TRY_ASSIGN(parts_.model, BpeModel::create(*parts_.vocabulary, merges, options));
    return {};
  }

  // Each "left right" or ["left", "right"].
  Result<std::vector<MergeRule>> read_merges(const JsonNode& model) {
    TRY_ASSIGN(auto list, model.at("merges"));
    TRY_ASSIGN(auto elements, list.array());
    std::vector<MergeRule> merges;
    merges.reserve(elements.size());
    for (auto element : elements) {
      std::string_view text;
      simdjson::dom::array pair;
      MergeRule rule;
      if (!element.get(text)) {
        TRY_ASSIGN(rule, parse_merge(*parts_.vocabulary, text));
      } else if (element.get(pair) || pair.size() != 2 || pair.at(0).get(rule.left) || pair.at(1).get(rule.right)) {
        return list.element(element, merges.size()).wrong("a pair of tokens");
      }
      merges.push_back(rule);
    }
    return merges;
  }

  Status read_special_ids() {
    TRY_ASSIGN(auto processor, parse_post_processor(root_));
    TRY(check_ids(processor.prefix_ids, parts_.prefix_ids));
    TRY(check_ids(processor.suffix_ids, parts_.suffix_ids));
    parts_.bos_id = configured_token(metadata_, "bos", *parts_.vocabulary);
    parts_.eos_id = configured_token(metadata_, "eos", *parts_.vocabulary);
    return {};
  }

  Status check_ids(const std::vector<int64_t>& from, std::vector<int32_t>& to) const {
    for (int64_t id : from) {
      if (id < 0 || id >= parts_.vocabulary->size()) {
        return make_error(ErrorCode::kCorruptFile, "post_processor: there is no token {}", id);
      }
      to.push_back(static_cast<int32_t>(id));
    }
    return {};
  }

  const JsonNode& root_;
  const Metadata& metadata_;
  std::vector<std::string_view> forms_;  // by id; views into the parsed file
  std::vector<double> scores_;           // Unigram's, by id
  TokenizerParts parts_;
};

}  // namespace

Result<std::unique_ptr<Tokenizer>> load_json_tokenizer(std::string_view json, const Metadata& metadata) {
  simdjson::padded_string padded(json);
  simdjson::dom::parser parser;
  simdjson::dom::element root;
  auto error = parser.allocate(std::max<size_t>(json.size(), 64), kMaxDepth);
  if (!error) error = parser.parse(padded).get(root);
  if (error) return make_error(ErrorCode::kCorruptFile, "is not JSON: {}", simdjson::error_message(error));
  JsonNode node(root, "");
  return JsonTokenizerLoader(node, metadata).load();
}

}  // namespace weft
