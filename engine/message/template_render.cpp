#include <fmt/format.h>

#include <array>
#include <charconv>

#include "engine/message/template_program.hpp"

namespace sluice::message {

namespace {

/// What a section or `each` put on the context stack.
struct Frame {
  Frame(const Value& of, bool iterates) : context(of), items(iterates ? of : Value{}), iterating(iterates) {}

  Value context;
  ValueItems items;  ///< the rest of what is iterated over
  std::uint64_t index = 0;
  bool iterating;
  std::array<char, 20> index_text{};

  /// A section over `true` adds a context for {{.}}, but ../ does not count it: Handlebars adds none.
  [[nodiscard]] bool seen_from_below() const { return iterating || context.kind() != Value::Kind::yes; }
};

/// Values of the slots during one render: on the stack for ordinary templates.
class Slots {
 public:
  explicit Slots(std::size_t count) {
    if (count <= few_.size()) {
      values_ = few_.data();
    } else {
      many_.resize(count);
      values_ = many_.data();
    }
  }
  Value& operator[](std::size_t i) { return values_[i]; }

 private:
  std::array<Value, 24> few_;
  std::vector<Value> many_;
  Value* values_;
};

enum class Stop { none, output, steps, damage };

/// One render. `Encoded` is known when compiling, so that the plain form has no test for an encoder per
/// value.
template <bool Encoded>
class Renderer {
 public:
  Renderer(const TemplateProgram& program, const RenderContext& context, std::string& out,
           const ValueEncoder* encoder)
      : program_(program),
        context_(context),
        out_(out),
        start_(out.size()),
        encoder_(encoder),
        slots_(program.slots.size()),
        steps_(program.options.max_steps) {}

  Stop run();

 private:
  bool read_row();
  void execute(const Segment& segment);
  void enter(const Segment& segment);
  void advance(const Segment& segment);
  void put_value(const Value& value, Escape escape);
  void put_text(std::string_view text, Escape escape);
  void join(const Value& list, std::string& text, std::size_t depth);
  Value resolve(const Path& path);
  Value resolve_start(const Path& path);
  Value resolve_data(Path::Start what);
  const Frame* frame_above(std::size_t up) const;
  std::optional<Value> member(const Value& of, std::string_view key);

  void charge(std::size_t cost) {
    if (steps_ < cost) stop_ = Stop::steps;
    steps_ -= std::min(steps_, cost);
  }
  void check_size() {
    if (out_.size() - start_ > program_.options.max_output_bytes) stop_ = Stop::output;
  }

  const TemplateProgram& program_;
  const RenderContext& context_;
  std::string& out_;
  std::size_t start_;
  const ValueEncoder* encoder_;
  Slots slots_;
  std::vector<Frame> frames_;
  std::size_t steps_;
  std::uint32_t at_ = 0;
  Stop stop_ = Stop::none;
  std::string scratch_;
  std::string joined_;
};

template <bool Encoded>
Stop Renderer<Encoded>::run() {
  if (!read_row()) return Stop::damage;
  if (program_.max_frames > 0) frames_.reserve(program_.max_frames);
  const auto count = program_.segments.size();
  while (at_ < count) {
    charge(1);
    execute(program_.segments[at_]);
    if (stop_ != Stop::none) return stop_;
  }
  return Stop::none;
}

template <bool Encoded>
bool Renderer<Encoded>::read_row() {
  RowReader row(context_.row.blob());
  std::size_t read = 0;
  Value value;
  for (const auto& [column, slot] : program_.needed) {
    if (column >= row.columns()) break;
    while (read <= column) {
      value = row.next();
      ++read;
    }
    slots_[slot] = value;
  }
  if (!row.ok()) return false;
  for (std::size_t i = 0; i < program_.slots.size(); ++i) {
    const auto& slot = program_.slots[i];
    if (slot.extra) {
      if (const auto own = context_.extras.get(*slot.extra); !own.empty()) {
        slots_[i] = Value::of_string(own);
        continue;
      }
    }
    if (slot.fallback && slots_[i].blank()) slots_[i] = Value::of_string(*slot.fallback);
  }
  return true;
}

template <bool Encoded>
void Renderer<Encoded>::execute(const Segment& segment) {
  switch (segment.op) {
    case Op::literal:
      out_.append(program_.literals, segment.b, segment.a);
      check_size();
      ++at_;
      break;
    case Op::root_value:
      put_value(slots_[segment.a], segment.escape);
      ++at_;
      break;
    case Op::value:
      put_value(resolve(program_.paths[segment.a]), segment.escape);
      ++at_;
      break;
    case Op::section:
    case Op::each:
      enter(segment);
      break;
    case Op::test:
      at_ = resolve(program_.paths[segment.a]).truthy() ? at_ + 1 : segment.b;
      break;
    case Op::test_not:
      at_ = resolve(program_.paths[segment.a]).truthy() ? segment.b : at_ + 1;
      break;
    case Op::next:
      advance(segment);
      break;
    case Op::jump:
      at_ = segment.a;
      break;
  }
}

template <bool Encoded>
void Renderer<Encoded>::enter(const Segment& segment) {
  const auto value = resolve(program_.paths[segment.a]);
  const bool iterates = value.is_list() || (segment.op == Op::each && value.is_object());
  if (segment.op == Op::each ? !iterates : !value.truthy()) {
    at_ = segment.b;
    return;
  }
  Frame frame(value, iterates);
  if (iterates) {
    if (!frame.items.next()) {
      if (!frame.items.ok()) stop_ = Stop::damage;
      at_ = segment.b;
      return;
    }
    frame.context = frame.items.value();
  }
  frames_.push_back(frame);
  ++at_;
}

template <bool Encoded>
void Renderer<Encoded>::advance(const Segment& segment) {
  auto& frame = frames_.back();
  if (frame.iterating && frame.items.next()) {
    frame.context = frame.items.value();
    ++frame.index;
    at_ = segment.a;
    return;
  }
  if (!frame.items.ok()) stop_ = Stop::damage;
  frames_.pop_back();
  at_ = segment.b;
}

template <bool Encoded>
void Renderer<Encoded>::put_value(const Value& value, Escape escape) {
  if (value.is_list()) {
    joined_.clear();
    join(value, joined_, kMaxValueDepth);
    put_text(joined_, escape);
  } else {
    put_text(value.text(), escape);
  }
  check_size();
}

template <bool Encoded>
void Renderer<Encoded>::put_text(std::string_view text, Escape escape) {
  if (text.empty()) return;
  if constexpr (Encoded) {
    if (!passes_unchanged(escape, text)) {
      scratch_.clear();
      append_escaped(escape, text, scratch_);
      text = scratch_;
    }
    (*encoder_)(text, out_);
  } else {
    append_escaped(escape, text, out_);
  }
}

/// A list as text: its scalars joined by commas, as both reference implementations print it.
template <bool Encoded>
void Renderer<Encoded>::join(const Value& list, std::string& text, std::size_t depth) {
  ValueItems items(list);
  for (std::uint64_t i = 0; items.next(); ++i) {
    charge(1);
    if (stop_ != Stop::none) return;
    if (i > 0) text += ',';
    if (items.value().is_list()) {
      if (depth > 0) join(items.value(), text, depth - 1);
    } else {
      text += items.value().text();
    }
    if (text.size() > program_.options.max_output_bytes) stop_ = Stop::output;
  }
  if (!items.ok()) stop_ = Stop::damage;
}

template <bool Encoded>
std::optional<Value> Renderer<Encoded>::member(const Value& of, std::string_view key) {
  charge(of.body().size() / 64);  // a member is found by walking: large objects cost more
  return of.member(key);
}

template <bool Encoded>
const Frame* Renderer<Encoded>::frame_above(std::size_t up) const {
  for (auto frame = frames_.rbegin(); frame != frames_.rend(); ++frame) {
    if (frame->seen_from_below() && up-- == 0) return &*frame;
  }
  return nullptr;  // the top level, or above it
}

template <bool Encoded>
Value Renderer<Encoded>::resolve_data(Path::Start what) {
  for (auto frame = frames_.rbegin(); frame != frames_.rend(); ++frame) {
    if (!frame->iterating) continue;
    if (what == Path::Start::first) return Value::of_bool(frame->index == 0);
    if (what == Path::Start::last) return Value::of_bool(frame->index + 1 == frame->items.count());
    if (what == Path::Start::key && !frame->items.key().empty()) return Value::of_string(frame->items.key());
    auto& text = frame->index_text;
    const auto end = std::to_chars(text.data(), text.data() + text.size(), frame->index).ptr;
    return Value::of_number({text.data(), static_cast<std::size_t>(end - text.data())});
  }
  return {};
}

/// The value of the path's first part, or of the context itself when there is none.
template <bool Encoded>
Value Renderer<Encoded>::resolve_start(const Path& path) {
  if (path.start == Path::Start::root) return slots_[path.slot];
  if (path.start == Path::Start::strict) {
    if (path.parts.empty() && path.up == 0) return frames_.empty() ? Value{} : frames_.back().context;
    const auto* frame = frame_above(path.up);
    if (path.parts.empty()) return frame ? frame->context : Value{};
    if (!frame) return slots_[path.slot];
    return member(frame->context, path.parts.front()).value_or(Value{});
  }
  for (auto frame = frames_.rbegin(); frame != frames_.rend(); ++frame) {
    if (const auto found = member(frame->context, path.parts.front())) return *found;
  }
  return slots_[path.slot];
}

template <bool Encoded>
Value Renderer<Encoded>::resolve(const Path& path) {
  if (path.start >= Path::Start::index) return resolve_data(path.start);
  auto value = resolve_start(path);
  for (std::size_t i = 1; i < path.parts.size(); ++i) {
    value = member(value, path.parts[i]).value_or(Value{});
  }
  if (path.fallback && value.blank()) return Value::of_string(*path.fallback);
  return value;
}

Expected<> finished(Stop stop, const TemplateOptions& options, std::string& out, std::size_t start) {
  if (stop == Stop::none) return {};
  out.resize(start);
  switch (stop) {
    case Stop::output:
      return fail(ErrorCode::limit,
                  fmt::format("the rendered template has more than {} bytes (max_output_bytes)",
                              options.max_output_bytes));
    case Stop::steps:
      return fail(ErrorCode::limit,
                  fmt::format("rendering takes more than {} steps (max_steps); nested lists multiply",
                              options.max_steps));
    default:
      return fail(ErrorCode::corrupt, "the row's merge fields do not decode");
  }
}

}  // namespace

Expected<> Template::render(const RenderContext& context, std::string& out) const {
  const auto start = out.size();
  Renderer<false> renderer(*program_, context, out, nullptr);
  return finished(renderer.run(), program_->options, out, start);
}

Expected<> Template::render(const RenderContext& context, std::string& out, ValueEncoder encoder) const {
  const auto start = out.size();
  Renderer<true> renderer(*program_, context, out, &encoder);
  return finished(renderer.run(), program_->options, out, start);
}

}  // namespace sluice::message
