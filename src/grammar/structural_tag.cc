#include "grammar/structural_tag.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "base/json.h"
#include "grammar/compile.h"
#include "grammar/ebnf.h"
#include "grammar/regex.h"
#include "grammar/structural_tag_json.h"
#include "grammar/text_search.h"

namespace weft {
namespace {

using Strings = std::vector<std::string>;

// One format that is being turned into an expression; its parts come first.
struct Frame {
  TagNode node;
  Strings ends;                     // what has to follow; the expression includes it. Empty: nothing
  std::vector<TagNode> parts;       // formats inside
  std::vector<Strings> parts_ends;  // of each part
  std::vector<ExpressionId> done;   // of the parts so far
};

// Free text with structured parts, as triggered tags and dispatches are.
struct Dispatch {
  struct Arm {
    std::string trigger;
    ExpressionId then;   // after the trigger
    ExpressionId alone;  // with the trigger
  };
  std::vector<Arm> arms;
  Strings excludes;
  bool at_least_one = false, once = false;
};

class Converter {
 public:
  Converter(StructuralTagContext& context, GrammarAssembly& out) : context_(context), out_(out) {}

  Result<ExpressionId> run(TagNode root) {
    TRY(push(std::move(root), {}));
    for (;;) {
      Frame& frame = stack_.back();
      if (frame.done.size() < frame.parts.size()) {
        const size_t next = frame.done.size();
        TagNode part = frame.parts[next];
        Strings ends = frame.parts_ends[next];
        TRY(push(std::move(part), std::move(ends)));
        continue;
      }
      TRY_ASSIGN(const ExpressionId made, finish(frame));
      if (out_.size() + out_.num_values() > 4 * limits().values) {
        return make_error(ErrorCode::kGrammarTooComplex, "The structural tag and its schemas have more than {} parts.",
                          4 * limits().values);
      }
      stack_.pop_back();
      if (stack_.empty()) return made;
      stack_.back().done.push_back(made);
    }
  }

 private:
  const GrammarLimits& limits() const { return context_.limits; }

  Status push(TagNode node, Strings ends) {
    if (stack_.size() >= limits().grammar_nesting) {
      return make_error(ErrorCode::kGrammarTooComplex, "Structural tag, {}: nested too deep.", node.path);
    }
    Frame frame;
    frame.node = std::move(node);
    frame.ends = std::move(ends);
    TRY(find_parts(frame));
    stack_.push_back(std::move(frame));
    return {};
  }

  static void add_part(Frame& frame, TagNode part, Strings ends) {
    frame.parts.push_back(std::move(part));
    frame.parts_ends.push_back(std::move(ends));
  }

  // The formats inside a format, and what has to follow each: the end of a tag goes to whoever may be free text.
  Status find_parts(Frame& frame) {
    TRY_ASSIGN(const std::string type, frame.node.string("type"));
    if (type == "sequence" || type == "or") {
      TRY_ASSIGN(std::vector<TagNode> elements, frame.node.objects("elements"));
      if (elements.empty()) return frame.node.error("\"elements\" is empty");
      for (size_t i = 0; i < elements.size(); ++i) {
        const bool takes_ends = type == "or" || i + 1 == elements.size();
        add_part(frame, std::move(elements[i]), takes_ends ? frame.ends : Strings());
      }
      return {};
    }
    if (type == "tag") return add_tag_content(frame, frame.node);
    if (type == "triggered_tags" || type == "tags_with_separator") {
      TRY_ASSIGN(const std::vector<TagNode> tags, frame.node.objects("tags"));
      if (tags.empty()) return frame.node.error("\"tags\" is empty");
      for (const TagNode& tag : tags) TRY(add_tag_content(frame, tag));
      return {};
    }
    if (type == "optional" || type == "plus" || type == "star" || type == "repeat") {
      TRY_ASSIGN(TagNode content, frame.node.object("content"));
      add_part(frame, std::move(content), type == "optional" ? frame.ends : Strings());
      return {};
    }
    if (type == "dispatch") {
      TRY_ASSIGN(std::vector<TagNode> rules, frame.node.dispatch_rules());
      for (TagNode& rule : rules) add_part(frame, std::move(rule), {});
      return {};
    }
    return {};
  }

  Status add_tag_content(Frame& frame, const TagNode& tag) {
    TRY_ASSIGN(TagNode content, tag.object("content"));
    TRY_ASSIGN(Strings ends, tag.end_strings());
    add_part(frame, std::move(content), std::move(ends));
    return {};
  }

  Result<ExpressionId> finish(Frame& frame) {
    TRY_ASSIGN(const std::string type, frame.node.string("type"));
    if (type == "any_text" || type == "any_tokens") return any_text(frame);
    if (type == "sequence") return out_.sequence(std::move(frame.done));
    if (type == "or") return out_.choice(std::move(frame.done));
    if (type == "triggered_tags") return triggered_tags(frame);
    if (type == "dispatch") return dispatch_rules(frame);
    if (type == "optional") {
      TRY_ASSIGN(const ExpressionId without, with_ends(out_.sequence({}), frame.ends));
      return out_.choice({frame.done[0], without});
    }
    TRY_ASSIGN(const ExpressionId made, plain(frame, type));
    return with_ends(made, frame.ends);
  }

  Result<ExpressionId> with_ends(ExpressionId expression, const Strings& ends) {
    if (ends.empty()) return expression;
    TRY_ASSIGN(Dfa any_end, dfa::one_of(ends, limits()));
    return out_.sequence({expression, out_.text(std::move(any_end))});
  }

  // Formats that know nothing of what follows them.
  Result<ExpressionId> plain(Frame& frame, const std::string& type) {
    const TagNode& node = frame.node;
    if (type == "const_string") {
      TRY_ASSIGN(const std::string value, node.string("value"));
      return out_.text(dfa::literal(value));
    }
    if (type == "json_schema") return json_schema(node);
    if (type == "regex") {
      TRY_ASSIGN(const std::string pattern, node.string("pattern"));
      Result<Dfa> language = compile_regex(pattern, RegexMatch::kWhole, limits());
      if (!language) return in_context(node.path, std::move(language).take_error());
      if (language->is_empty()) return node.error("no text matches this regular expression");
      return out_.text(std::move(*language));
    }
    if (type == "grammar") {
      TRY_ASSIGN(const std::string grammar, node.string("grammar"));
      Result<ExpressionId> root = add_ebnf(grammar, context_.tokens, limits(), out_);
      if (!root) return in_context(node.path, std::move(root).take_error());
      return root;
    }
    if (type == "token") return token(node, "token");
    if (type == "tag") return tag(node, frame.done[0]);
    if (type == "tags_with_separator") return tags_with_separator(frame);
    if (type == "plus") return out_.repeat(frame.done[0], 1, std::nullopt);
    if (type == "star") return out_.repeat(frame.done[0], 0, std::nullopt);
    if (type == "repeat") {
      TRY_ASSIGN(const int64_t min, node.integer("min"));
      TRY_ASSIGN(const int64_t max, node.integer("max"));
      if (min < 0 || max < -1 || (max >= 0 && max < min) || std::max(min, max) > limits().regex_repeat) {
        return node.error(fmt::format("\"min\" and \"max\" have to be 0 <= min <= max <= {}, or max -1 for none",
                                      limits().regex_repeat));
      }
      return out_.repeat(frame.done[0], min, max < 0 ? std::nullopt : std::optional(max));
    }
    return make_error(ErrorCode::kUnsupported, "Structural tag, {}: the format \"{}\" is not supported.", node.path,
                      type);
  }

  Result<ExpressionId> any_text(const Frame& frame) {
    TRY_ASSIGN(const Strings excludes, frame.node.strings("excludes"));
    TRY_ASSIGN(const std::optional<int64_t> max_chars, frame.node.optional_integer("max_chars"));
    if (frame.node.has("max_tokens") || frame.node.has_elements("exclude_tokens")) {
      return make_error(ErrorCode::kUnsupported,
                        "Structural tag, {}: \"max_tokens\" and \"exclude_tokens\" are not supported.",
                        frame.node.path);
    }
    const auto until = [&]() -> Result<Dfa> {
      if (frame.ends.empty()) return text_without(excludes, limits());
      if (std::find(frame.ends.begin(), frame.ends.end(), "") != frame.ends.end()) {
        return frame.node.error("free text needs an end that is not empty");
      }
      return text_until(frame.ends, excludes, limits());
    };
    TRY_ASSIGN(Dfa language, until());
    if (max_chars) {
      TRY_ASSIGN(Dfa bounded, dfa::text_length(0, std::max<int64_t>(*max_chars, 0), limits()));
      if (!frame.ends.empty()) {
        TRY_ASSIGN(const Dfa any_end, dfa::one_of(frame.ends, limits()));
        TRY_ASSIGN(bounded, dfa::concatenate(bounded, any_end, limits()));
      }
      TRY_ASSIGN(language, dfa::intersect(language, bounded, limits()));
    }
    return out_.text(std::move(language));
  }

  Result<ExpressionId> json_schema(const TagNode& node) {
    TRY_ASSIGN(const std::string schema, node.json_text("json_schema"));
    TRY_ASSIGN(const std::string style, node.optional_string("style", "json"));
    if (style != "json" || node.has_elements("excludes") || node.has("max_whitespace_cnt")) {
      return make_error(ErrorCode::kUnsupported,
                        "Structural tag, {}: only the style \"json\" without further options is supported.", node.path);
    }
    Result<SchemaGrammar> grammar = compile_json_schema(schema, context_.schema_options, limits());
    if (!grammar) return in_context(node.path, std::move(grammar).take_error());
    for (UnenforcedKeyword& keyword : grammar->unenforced) {
      keyword.path = node.path + "/json_schema" + keyword.path;
      context_.unenforced.push_back(std::move(keyword));
    }
    return out_.value(std::move(grammar->grammar));
  }

  Result<ExpressionId> token(const TagNode& node, std::string_view field) {
    TRY_ASSIGN(const int32_t id, node.token(field, context_.tokens));
    return out_.token(id);
  }

  // "begin", the content (which has its end strings already), and an end that is a token.
  Result<ExpressionId> tag(const TagNode& node, ExpressionId content) {
    std::vector<ExpressionId> parts;
    if (node.is_object("begin")) {
      TRY_ASSIGN(const TagNode begin, node.object("begin"));
      TRY_ASSIGN(const ExpressionId opening, token(begin, "token"));
      parts.push_back(opening);
    } else {
      TRY_ASSIGN(const std::string begin, node.string("begin"));
      if (!begin.empty()) parts.push_back(out_.text(dfa::literal(begin)));
    }
    TRY(finish_tag(node, content, parts));
    return out_.sequence(std::move(parts));
  }

  Status finish_tag(const TagNode& node, ExpressionId content, std::vector<ExpressionId>& parts) {
    parts.push_back(content);
    if (!node.is_object("end")) return {};
    TRY_ASSIGN(const TagNode end, node.object("end"));
    TRY_ASSIGN(const ExpressionId closing, token(end, "token"));
    parts.push_back(closing);
    return {};
  }

  Result<ExpressionId> tags_with_separator(const Frame& frame) {
    TRY_ASSIGN(const std::string separator, frame.node.string("separator"));
    TRY_ASSIGN(const bool at_least_one, frame.node.flag("at_least_one"));
    TRY_ASSIGN(const bool once, frame.node.flag("stop_after_first"));
    TRY_ASSIGN(const std::vector<TagNode> tags, frame.node.objects("tags"));
    std::vector<ExpressionId> arms;
    for (size_t i = 0; i < tags.size(); ++i) {
      TRY_ASSIGN(const ExpressionId arm, tag(tags[i], frame.done[i]));
      arms.push_back(arm);
    }
    const ExpressionId any_tag = out_.choice(std::move(arms));
    ExpressionId all = any_tag;
    if (!once) {
      const ExpressionId next = out_.sequence({out_.text(dfa::literal(separator)), any_tag});
      all = out_.sequence({any_tag, out_.repeat(next, 0, std::nullopt)});
    }
    return at_least_one ? all : out_.repeat(all, 0, 1);
  }

  Result<ExpressionId> triggered_tags(const Frame& frame) {
    Dispatch dispatch;
    TRY_ASSIGN(const Strings triggers, frame.node.strings("triggers"));
    TRY_ASSIGN(dispatch.excludes, frame.node.strings("excludes"));
    TRY_ASSIGN(dispatch.at_least_one, frame.node.flag("at_least_one"));
    TRY_ASSIGN(dispatch.once, frame.node.flag("stop_after_first"));
    TRY_ASSIGN(const std::vector<TagNode> tags, frame.node.objects("tags"));
    if (triggers.empty()) return frame.node.error("\"triggers\" is empty");
    std::vector<std::vector<ExpressionId>> by_trigger(triggers.size()), alone(triggers.size());
    for (size_t i = 0; i < tags.size(); ++i) {
      TRY_ASSIGN(const std::string begin, tags[i].string("begin"));
      const auto starts = [&begin](const std::string& trigger) { return begin.starts_with(trigger); };
      const auto found = std::find_if(triggers.begin(), triggers.end(), starts);
      if (found == triggers.end() || std::count_if(triggers.begin(), triggers.end(), starts) != 1) {
        return tags[i].error("\"begin\" has to start with exactly one of the triggers");
      }
      std::vector<ExpressionId> parts;
      if (begin.size() > found->size()) parts.push_back(out_.text(dfa::literal(begin.substr(found->size()))));
      TRY(finish_tag(tags[i], frame.done[i], parts));
      const size_t trigger = static_cast<size_t>(found - triggers.begin());
      by_trigger[trigger].push_back(out_.sequence(std::move(parts)));
      if (dispatch.at_least_one) {
        TRY_ASSIGN(const ExpressionId whole, tag(tags[i], frame.done[i]));
        alone[trigger].push_back(whole);
      }
    }
    for (size_t i = 0; i < triggers.size(); ++i) {
      if (by_trigger[i].empty()) {
        dispatch.excludes.push_back(triggers[i]);  // nothing could follow it
        continue;
      }
      const ExpressionId then = out_.choice(std::move(by_trigger[i]));
      dispatch.arms.push_back({triggers[i], then, alone[i].empty() ? then : out_.choice(std::move(alone[i]))});
    }
    return free_text_with(frame, dispatch);
  }

  Result<ExpressionId> dispatch_rules(const Frame& frame) {
    Dispatch dispatch;
    TRY_ASSIGN(dispatch.excludes, frame.node.strings("excludes"));
    TRY_ASSIGN(const bool loop, frame.node.flag("loop", true));
    dispatch.once = !loop;
    for (size_t i = 0; i < frame.parts.size(); ++i) {
      dispatch.arms.push_back({frame.parts[i].trigger, frame.done[i], frame.done[i]});
    }
    return free_text_with(frame, dispatch);
  }

  // ( free text, a trigger, what follows it )*, free text to the end.
  Result<ExpressionId> free_text_with(const Frame& frame, const Dispatch& dispatch) {
    Strings stops = dispatch.excludes;
    for (const Dispatch::Arm& arm : dispatch.arms) stops.push_back(arm.trigger);
    const bool endless = frame.ends.empty();
    for (const Strings* strings : std::initializer_list<const Strings*>{&stops, &frame.ends}) {
      if (std::find(strings->begin(), strings->end(), "") != strings->end()) {
        return frame.node.error("triggers, excluded strings and the end of free text must not be empty");
      }
    }
    std::vector<ExpressionId> segments;
    std::vector<ExpressionId> alone;
    for (const Dispatch::Arm& arm : dispatch.arms) {
      Strings others = frame.ends;
      for (const std::string& stop : stops) {
        if (stop != arm.trigger) others.push_back(stop);
      }
      TRY_ASSIGN(Dfa before, text_until({arm.trigger}, others, limits()));
      if (before.is_empty()) return frame.node.error(fmt::format("the trigger '{}' can never occur", arm.trigger));
      segments.push_back(out_.sequence({out_.text(std::move(before)), arm.then}));
      alone.push_back(arm.alone);
    }
    const ExpressionId segment = out_.choice(std::move(segments));
    TRY_ASSIGN(Dfa rest, endless ? text_without(stops, limits()) : text_until(frame.ends, stops, limits()));
    const ExpressionId tail = out_.text(std::move(rest));
    if (dispatch.once) {
      TRY_ASSIGN(const ExpressionId first,
                 with_ends(dispatch.at_least_one ? out_.choice(std::move(alone)) : segment, frame.ends));
      return dispatch.at_least_one ? first : out_.choice({first, tail});
    }
    const ExpressionId repeated = out_.repeat(segment, 0, std::nullopt);
    if (!dispatch.at_least_one) return out_.sequence({repeated, tail});
    return out_.sequence({out_.choice(std::move(alone)), repeated, tail});
  }

  StructuralTagContext& context_;
  GrammarAssembly& out_;
  std::vector<Frame> stack_;
};

}  // namespace

Result<ExpressionId> add_structural_tag(std::string_view tag, StructuralTagContext& context, GrammarAssembly& out) {
  TRY_ASSIGN(const Json format, read_structural_tag(tag, context.limits));
  return Converter(context, out).run(TagNode{&format.as_object(), "format", {}});
}

}  // namespace weft
