// Functions that every template can call.
#include <array>
#include <ctime>

#include "text/jinja/compare.h"
#include "text/jinja/interpreter.h"
#include "text/jinja/native.h"
#include "text/jinja/operators.h"
#include "text/jinja/printing.h"

namespace weft::jinja {
namespace {

constexpr Int kMaxRange = 100'000;  // as the sandbox that Hugging Face renders in
constexpr size_t kMaxTimeBytes = 4096;

Value range(NativeCall& call) {
  if (!call.bind_positional(3, 1)) return {};
  bool one = call.get(1) == nullptr;
  Int start = one ? 0 : call.integer_or(0, 0);
  Int stop = call.integer_or(one ? 0 : 1, 0);
  Int step = call.integer_or(2, 1);
  if (call.meter.failed()) return {};
  if (step == 0) return call.meter.fail("range() arg 3 must not be zero");
  constexpr Int kFar = Int{1} << 100;
  if (start > kFar || start < -kFar || stop > kFar || stop < -kFar || step > kFar || step < -kFar) {
    return call.meter.fail("a number in range() is too large");
  }
  Int span = step > 0 ? stop - start : start - stop;
  Int stride = step > 0 ? step : -step;
  Int size = span <= 0 ? 0 : (span - 1) / stride + 1;
  if (size > kMaxRange) {
    return call.meter.fail("Range too big. The sandbox blocks ranges larger than MAX_RANGE ({}).", kMaxRange);
  }
  if (!call.meter.charge(static_cast<uint64_t>(size))) return {};
  std::vector<Value> items;
  items.reserve(static_cast<size_t>(size));
  for (Int i = 0; i < size; ++i) items.emplace_back(start + i * step);
  return Value::sequence(Kind::kRange, std::move(items), range_label(start, stop, step));
}

// dict(), dict(other), dict(pairs), dict(a=1)
bool fill_dict(NativeCall& call, DictData& out) {
  if (call.arguments.positional.size() > 1) {
    call.meter.fail("{} expected at most 1 argument, got {}", call.name, call.arguments.positional.size());
    return false;
  }
  if (!call.arguments.positional.empty()) {
    const Value& from = call.arguments.positional[0];
    if (from.is_undefined()) {
      call.meter.fail_undefined(from);
      return false;
    }
    if (from.is(Kind::kDict)) {
      if (!call.meter.charge(from.dict().entries.size())) return false;
      out = from.dict();
    } else {
      for (const Value& pair : walk(call.meter, from)) {
        std::vector<Value> parts = walk(call.meter, pair);
        if (call.meter.failed()) return false;
        if (parts.size() != 2 || !is_hashable(parts[0])) {
          call.meter.fail("an element to make a dict of is not a pair with a hashable key");
          return false;
        }
        out.set(parts[0], parts[1]);
      }
    }
  }
  for (auto& [name, value] : call.arguments.named) out.set(name, std::move(value));
  return !call.meter.failed();
}

Value dict(NativeCall& call) {
  DictData out;
  return fill_dict(call, out) ? Value::dict(std::move(out)) : Value();
}

// dict.fromkeys
Value dict_of_keys(NativeCall& call) {
  if (!call.bind_positional(2, 1)) return {};
  if (call.get(0)->is_undefined()) return Value::dict({});
  DictData out;
  for (const Value& key : walk(call.meter, *call.get(0))) {
    if (!is_hashable(key)) return call.meter.fail("unhashable type: '{}'", type_name(key));
    out.set(key, call.value_or(1, Value::none()));
  }
  return Value::dict(std::move(out));
}

// The global `dict`: callable, and with fromkeys.
class DictType final : public Object {
 public:
  std::string_view type_name() const override { return "TemplateDict"; }
  Value call(Interpreter& interpreter, CallArguments arguments) override {
    NativeCall call{interpreter, interpreter.meter(), "dict", {}, std::move(arguments), {}};
    return dict(call);
  }
  std::optional<Value> attribute(Interpreter&, std::string_view name) override {
    if (name != "fromkeys") return std::nullopt;
    constexpr NativeEntry kFromKeys = {"fromkeys", dict_of_keys};
    return Value(std::static_pointer_cast<Object>(std::make_shared<NativeFunction>(kFromKeys, Value())));
  }
};

Value make_namespace(NativeCall& call) {
  DictData from;
  if (!fill_dict(call, from)) return {};
  std::vector<std::pair<std::string, Value>> entries;
  for (auto& [key, value] : from.entries) {
    std::string name = to_text(call.meter, key);
    if (name.starts_with('_')) {
      return call.meter.fail("a namespace can't have the attribute '{}': it begins with an underscore", name);
    }
    entries.emplace_back(std::move(name), std::move(value));
  }
  return call.interpreter.make_namespace(std::move(entries));
}

Value raise_exception(NativeCall& call) {
  if (!call.bind({"message"}, 1)) return {};
  return call.meter.fail_with(to_text(call.meter, *call.get(0)));
}

Value strftime_now(NativeCall& call) {
  if (!call.bind({"format"}, 1)) return {};
  std::string format = call.text_or(0, "");
  if (format.size() > kMaxTimeBytes) return call.meter.fail("the time format is too long");
  if (format.find('\0') != std::string::npos) return call.meter.fail("embedded null character");
  std::string plain;  // without what Python answers itself: no time zone is known, and seconds are whole
  for (size_t i = 0; i < format.size(); ++i) {
    if (format[i] != '%' || i + 1 == format.size()) {
      plain += format[i];
      continue;
    }
    char code = format[++i];
    if (code == 'f') {
      plain += "000000";
    } else if (code != 'Z' && code != 'z') {
      plain += '%';
      plain += code;
    }
  }
  std::time_t now = call.interpreter.now();
  std::tm fields{};
  if (!gmtime_r(&now, &fields)) return call.meter.fail("the time is out of range");
  plain += '.';  // an empty result would look like a failure
  std::string out(kMaxTimeBytes, '\0');
  size_t size = std::strftime(out.data(), out.size(), plain.c_str(), &fields);
  if (size == 0) return call.meter.fail("the time as this format has it is too long");
  out.resize(size - 1);
  return out;
}

class Cycler final : public Object {
 public:
  explicit Cycler(std::vector<Value> items) : items_(std::move(items)) {
    for (const Value& item : items_) depth_ = std::max(depth_, 1 + item.depth());
  }
  std::string_view type_name() const override { return "Cycler"; }
  bool callable() const override { return false; }
  Value call(Interpreter& interpreter, CallArguments) override {
    return interpreter.meter().fail("'Cycler' object is not callable");
  }
  std::optional<Value> attribute(Interpreter&, std::string_view name) override;
  uint32_t depth() const override { return depth_; }

 private:
  friend class CyclerMethod;
  std::vector<Value> items_;
  std::shared_ptr<size_t> at_ = std::make_shared<size_t>(0);  // shared with the methods, which may outlive this
  uint32_t depth_ = 1;
};

// next and reset of a cycler.
class CyclerMethod final : public Object {
 public:
  CyclerMethod(std::vector<Value> items, std::shared_ptr<size_t> at, bool resets, uint32_t depth)
      : items_(std::move(items)), at_(std::move(at)), resets_(resets), depth_(1 + depth) {}
  std::string_view type_name() const override { return "method"; }
  Value call(Interpreter& interpreter, CallArguments arguments) override {
    if (!arguments.positional.empty() || !arguments.named.empty()) {
      return interpreter.meter().fail("a cycler's methods take no arguments");
    }
    if (resets_) {
      *at_ = 0;
      return Value::none();
    }
    size_t now = *at_;
    *at_ = (now + 1) % items_.size();
    return items_[now];
  }
  uint32_t depth() const override { return depth_; }

 private:
  std::vector<Value> items_;
  std::shared_ptr<size_t> at_;
  bool resets_;
  uint32_t depth_;
};

std::optional<Value> Cycler::attribute(Interpreter& interpreter, std::string_view name) {
  if (name == "current") return items_[*at_];
  if (name != "next" && name != "reset") return std::nullopt;
  if (!interpreter.meter().charge(items_.size())) return Value();
  return Value(std::static_pointer_cast<Object>(std::make_shared<CyclerMethod>(items_, at_, name == "reset", depth_)));
}

Value cycler(NativeCall& call) {
  if (!call.arguments.named.empty()) return call.meter.fail("cycler() takes no keyword arguments");
  if (call.arguments.positional.empty()) return call.meter.fail("at least one item has to be provided");
  return std::static_pointer_cast<Object>(std::make_shared<Cycler>(std::move(call.arguments.positional)));
}

// Nothing at its first call, the separator afterwards.
class Joiner final : public Object {
 public:
  explicit Joiner(std::string separator) : separator_(std::move(separator)) {}
  std::string_view type_name() const override { return "Joiner"; }
  Value call(Interpreter&, CallArguments) override {
    return std::exchange(used_, true) ? Value(separator_) : Value("");
  }

 private:
  std::string separator_;
  bool used_ = false;
};

Value joiner(NativeCall& call) {
  if (!call.bind({"sep"})) return {};
  return std::static_pointer_cast<Object>(std::make_shared<Joiner>(call.text_or(0, ", ")));
}

constexpr auto kGlobals = std::to_array<NativeEntry>({{"range", range},
                                                      {"namespace", make_namespace},
                                                      {"raise_exception", raise_exception},
                                                      {"strftime_now", strftime_now},
                                                      {"cycler", cycler},
                                                      {"joiner", joiner}});

}  // namespace

std::optional<Value> find_global(std::string_view name) {
  if (name == "dict") return Value(std::static_pointer_cast<Object>(std::make_shared<DictType>()));
  for (const NativeEntry& entry : kGlobals) {
    if (entry.name != name) continue;
    return Value(std::static_pointer_cast<Object>(std::make_shared<NativeFunction>(entry, Value())));
  }
  return std::nullopt;
}

}  // namespace weft::jinja
