#include "text/sentence_piece_file.h"

#include <algorithm>
#include <cmath>

#include "base/utf8.h"
#include "text/protobuf_reader.h"
#include "text/score_bpe_model.h"
#include "text/tokenizer_config.h"
#include "text/unigram_model.h"

namespace weft {
namespace {

// TrainerSpec.model_type
enum class ModelType : uint64_t { kUnigram = 1, kBpe = 2, kWord = 3, kCharacter = 4 };

struct ModelProto {
  std::vector<std::string> forms;
  SentencePieces pieces;
  ModelType model_type = ModelType::kUnigram;
  int64_t bos_id = 1, eos_id = 2;
  std::string unknown_surface = " \xE2\x81\x87 ";
  std::string_view charsmap, denormalizer_charsmap;
  SentencePieceNormalization normalization;
};

Status read_piece(std::string_view bytes, ModelProto& out) {
  ProtobufReader reader(bytes);
  std::string_view form;
  float score = 0;
  uint64_t type = 1;
  while (true) {
    TRY_ASSIGN(auto field, reader.next());
    if (!field) break;
    if (field->number == 1) form = field->bytes;
    if (field->number == 2) score = field->as_float();
    if (field->number == 3) type = field->integer;
  }
  size_t id = out.forms.size();
  if (static_cast<int64_t>(id) == kMaxTokens) {
    return make_error(ErrorCode::kUnsupported, "more than {} pieces are not supported", kMaxTokens);
  }
  if (form.empty() || !is_valid_utf8(form)) {
    return make_error(ErrorCode::kCorruptFile, "piece {} is empty or not UTF-8", id);
  }
  if (type < 1 || type > 6 || std::isnan(score)) {
    return make_error(ErrorCode::kCorruptFile, "piece {} has the type {} and the score {}", id, type, score);
  }
  if (static_cast<PieceType>(type) == PieceType::kUnknown) {
    if (out.pieces.unknown_id >= 0) return make_error(ErrorCode::kCorruptFile, "piece {} is a second unknown one", id);
    out.pieces.unknown_id = static_cast<int32_t>(id);
  }
  out.forms.emplace_back(form);
  out.pieces.scores.push_back(score);
  out.pieces.types.push_back(static_cast<PieceType>(type));
  return {};
}

Status read_trainer(std::string_view bytes, ModelProto& out) {
  ProtobufReader reader(bytes);
  while (true) {
    TRY_ASSIGN(auto field, reader.next());
    if (!field) return {};
    switch (field->number) {
      case 3:
        out.model_type = static_cast<ModelType>(field->integer);
        break;
      case 24:
        out.normalization.suffix_whitespace = field->integer != 0;
        break;
      case 35:
        out.pieces.byte_fallback = field->integer != 0;
        break;
      case 41:
        out.bos_id = static_cast<int32_t>(field->integer);
        break;
      case 42:
        out.eos_id = static_cast<int32_t>(field->integer);
        break;
      case 44:
        out.unknown_surface = replace_invalid_utf8(field->bytes);
        break;
      default:
        break;
    }
  }
}

Status read_normalizer(std::string_view bytes, ModelProto& out) {
  ProtobufReader reader(bytes);
  while (true) {
    TRY_ASSIGN(auto field, reader.next());
    if (!field) return {};
    bool on = field->integer != 0;
    if (field->number == 2) out.charsmap = field->bytes;
    if (field->number == 3) out.normalization.add_dummy_prefix = on;
    if (field->number == 4) out.normalization.remove_extra_whitespaces = on;
    if (field->number == 5) out.normalization.escape_whitespaces = on;
  }
}

Result<ModelProto> read_model(std::string_view bytes) {
  ModelProto out;
  ProtobufReader reader(bytes);
  while (true) {
    TRY_ASSIGN(auto field, reader.next());
    if (!field) break;
    if (field->number >= 1 && field->number <= 5 && !field->has_bytes) {
      return make_error(ErrorCode::kCorruptFile, "field {} is not a message", field->number);
    }
    if (field->number == 1) TRY(read_piece(field->bytes, out));
    if (field->number == 2) TRY(read_trainer(field->bytes, out));
    if (field->number == 3) TRY(read_normalizer(field->bytes, out));
    if (field->number == 5) {
      ModelProto denormalizer;
      TRY(read_normalizer(field->bytes, denormalizer));
      out.denormalizer_charsmap = denormalizer.charsmap;
    }
  }
  if (out.forms.empty() || out.pieces.unknown_id < 0) {
    return make_error(ErrorCode::kCorruptFile, "the file has {} pieces, and {} unknown one", out.forms.size(),
                      out.pieces.unknown_id < 0 ? "no" : "an");
  }
  if (!out.denormalizer_charsmap.empty()) {
    return make_error(ErrorCode::kUnsupported,
                      "a model that rewrites its decoded text (denormalizer) is not supported");
  }
  if (!out.charsmap.empty()) {
    TRY_ASSIGN(out.normalization.charsmap, Charsmap::parse(out.charsmap));
  }
  return out;
}

// SentencePiece's BPE around ScoreBpeModel: user-defined pieces, which kept_texts_step() isolates, have their own token
// whatever the merges say, and neighbouring unknown characters are one unknown piece.
class PieceBpeModel : public SubwordModel {
 public:
  PieceBpeModel(const Vocabulary& vocabulary, std::vector<bool> kept, int32_t unknown_id,
                std::unique_ptr<SubwordModel> inner)
      : vocabulary_(vocabulary), kept_(std::move(kept)), unknown_id_(unknown_id), inner_(std::move(inner)) {}

  void encode_word(std::string_view word, MergeScratch& scratch, std::vector<int32_t>& out) const override {
    int32_t id = vocabulary_.find(word);
    if (id >= 0 && static_cast<size_t>(id) < kept_.size() && kept_[static_cast<size_t>(id)]) {
      return scratch.emit(id, word.size(), out);
    }
    size_t before = out.size();
    inner_->encode_word(word, scratch, out);
    fuse_unknown(before, scratch, out);
  }

 private:
  void fuse_unknown(size_t before, MergeScratch& scratch, std::vector<int32_t>& out) const {
    size_t added = out.size() - before;
    size_t ends_before = scratch.ends == nullptr ? 0 : scratch.ends->size() - added;
    size_t kept = 0;
    for (size_t i = 0; i < added; ++i) {
      bool again = kept > 0 && out[before + i] == unknown_id_ && out[before + kept - 1] == unknown_id_;
      if (!again) ++kept;
      out[before + kept - 1] = out[before + i];
      if (scratch.ends != nullptr) (*scratch.ends)[ends_before + kept - 1] = (*scratch.ends)[ends_before + i];
    }
    out.resize(before + kept);
    if (scratch.ends != nullptr) scratch.ends->resize(ends_before + kept);
  }

  const Vocabulary& vocabulary_;
  std::vector<bool> kept_;  // by id
  int32_t unknown_id_;
  std::unique_ptr<SubwordModel> inner_;
};

std::vector<std::string> user_defined(const SentencePieces& pieces, const Vocabulary& vocabulary) {
  std::vector<std::string> out;
  for (size_t id = 0; id < pieces.types.size(); ++id) {
    if (pieces.types[id] == PieceType::kUserDefined) out.emplace_back(vocabulary.form(static_cast<int32_t>(id)));
  }
  return out;
}

void build_decoder(const SentencePieceNormalization& normalization, TokenizerParts& parts) {
  bool strips = normalization.add_dummy_prefix || normalization.remove_extra_whitespaces;
  parts.decoder = sentence_piece_decoder(strips);
  if (normalization.remove_extra_whitespaces) parts.decoder.rules.start = DecodeStart::kUntilText;
}

Status build_bpe(const SentencePieces& pieces, SentencePieceNormalization normalization, TokenizerParts& parts) {
  const Vocabulary& vocabulary = *parts.vocabulary;
  TRY(check_token_lengths(vocabulary));
  auto size = static_cast<size_t>(vocabulary.size());
  std::vector<double> scores = pieces.scores;
  std::vector<bool> mergeable(size), kept(size);
  scores.resize(size);  // added tokens behind the pieces
  for (size_t id = 0; id < pieces.types.size(); ++id) {
    PieceType type = pieces.types[id];
    kept[id] = type == PieceType::kUserDefined;
    mergeable[id] = kept[id] || type == PieceType::kNormal || type == PieceType::kUnused;
  }
  auto model = std::make_unique<ScoreBpeModel>(vocabulary, scores, mergeable, pieces.unknown_id);
  std::vector<std::string> texts = user_defined(pieces, vocabulary);
  build_decoder(normalization, parts);
  std::string mark(normalization.escape_whitespaces ? kMetaspaceMark : " ");
  normalization.kept_texts = texts;
  parts.normalizer.push_back(sentence_piece_step(std::move(normalization)));
  if (!texts.empty()) parts.pre_tokenizer.push_back(kept_texts_step(texts));
  parts.pre_tokenizer.push_back(word_begin_step(mark, vocabulary.bytes_before(mark)));
  parts.model = std::make_unique<PieceBpeModel>(vocabulary, std::move(kept), pieces.unknown_id, std::move(model));
  return {};
}

// The classes of transformers that number the pieces otherwise than the file does.
Status check_class(const Metadata& metadata) {
  TRY_ASSIGN(auto name, metadata.text_or({"tokenizer_config.tokenizer_class"}, ""));
  for (std::string_view other : {"XLMRoberta", "Camembert", "MBart", "NLLB", "Nllb", "XGLM", "Barthez", "M2M100",
                                 "Pegasus", "DebertaV2", "Marian", "XLNet", "BigBird", "Speech2Text"}) {
    if (!name.starts_with(other)) continue;
    return make_error(ErrorCode::kUnsupported,
                      "the ids of {} are not those of its SentencePiece file. Put its tokenizer.json beside the file",
                      replace_invalid_utf8(name));
  }
  return {};
}

}  // namespace

Status build_unigram(const SentencePieces& pieces, SentencePieceNormalization normalization, TokenizerParts& parts) {
  TRY(check_token_lengths(*parts.vocabulary));
  std::vector<UnigramPiece> kinds;
  for (PieceType type : pieces.types) {
    bool user = type == PieceType::kUserDefined;
    kinds.push_back(type == PieceType::kNormal ? UnigramPiece::kNormal
                    : user                     ? UnigramPiece::kUserDefined
                                               : UnigramPiece::kAbsent);
  }
  UnigramOptions options;
  options.unknown_id = pieces.unknown_id;
  options.byte_fallback = pieces.byte_fallback;
  options.single_precision = pieces.single_precision;
  parts.model = std::make_unique<UnigramModel>(*parts.vocabulary, pieces.scores, kinds, options);
  build_decoder(normalization, parts);
  normalization.kept_texts = user_defined(pieces, *parts.vocabulary);
  parts.normalizer.push_back(sentence_piece_step(std::move(normalization)));
  return {};
}

Result<std::unique_ptr<Tokenizer>> load_sentence_piece_file(std::string_view bytes, const Metadata& metadata) {
  TRY(check_class(metadata));
  TRY_ASSIGN(auto model, read_model(bytes));
  if (model.model_type != ModelType::kUnigram && model.model_type != ModelType::kBpe) {
    return make_error(ErrorCode::kUnsupported, "the model type {} is not supported; unigram (1) and BPE (2) are",
                      static_cast<uint64_t>(model.model_type));
  }
  TokenizerParts parts;
  TRY_ASSIGN(auto configured, configured_added_tokens(metadata));
  std::erase_if(configured,
                [&](const AddedToken& token) { return static_cast<size_t>(token.id) < model.forms.size(); });
  for (size_t id = 0; id < model.forms.size(); ++id) {
    if (model.pieces.types[id] != PieceType::kControl) continue;
    parts.added_tokens.push_back({.id = static_cast<int32_t>(id), .text = model.forms[id], .special = true});
  }
  TRY(add_forms(configured, model.forms));
  parts.added_tokens.insert(parts.added_tokens.end(), configured.begin(), configured.end());
  parts.vocabulary = std::make_unique<Vocabulary>(std::move(model.forms));
  bool bpe = model.model_type == ModelType::kBpe;
  TRY((bpe ? build_bpe : build_unigram)(model.pieces, std::move(model.normalization), parts));
  parts.decoder.steps.push_back(
      unknown_decoding(std::string(parts.vocabulary->form(model.pieces.unknown_id)), model.unknown_surface));
  auto valid = [&](int64_t id) -> std::optional<int32_t> {
    if (id < 0 || id >= static_cast<int64_t>(model.pieces.types.size())) return std::nullopt;
    return static_cast<int32_t>(id);
  };
  parts.bos_id = valid(model.bos_id);
  parts.eos_id = valid(model.eos_id);
  TRY_ASSIGN(bool bos, metadata.boolean_or({"tokenizer_config.add_bos_token"}, bpe));
  TRY_ASSIGN(bool eos, metadata.boolean_or({"tokenizer_config.add_eos_token"}, false));
  if (bos && parts.bos_id) parts.prefix_ids.push_back(*parts.bos_id);
  if (eos && parts.eos_id) parts.suffix_ids.push_back(*parts.eos_id);
  return std::unique_ptr<Tokenizer>(std::make_unique<PipelineTokenizer>(std::move(parts)));
}

}  // namespace weft
