#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>

#include "engine/message/template_path.hpp"
#include "engine/message/template_program.hpp"
#include "engine/message/template_scan.hpp"

namespace sluice::message {

namespace {

constexpr std::size_t kDeepest = 64;

/// A block whose end is still to come. `else` starts its next arm; an arm ends at an `else` or at the close
/// tag.
struct Block {
  std::string_view closes_with;      ///< what the close tag must say
  std::size_t at = 0;                ///< of the opening tag, for errors
  std::uint32_t arm = 0;             ///< segment that tests the current arm
  bool arm_tests = true;             ///< false in the arm of a plain {{else}}, which must be the last
  bool arm_frame = false;            ///< the current arm pushed a frame
  std::vector<std::uint32_t> leave;  ///< segments to point behind the block
};

class Compiler {
 public:
  Compiler(std::string_view source, Mode mode, const RowLayout& layout, Defaults defaults,
           const TemplateOptions& options)
      : source_(source), layout_(layout), defaults_(defaults) {
    program_.mode = mode;
    program_.options = options;
  }

  Expected<TemplateProgram> run();

 private:
  using Fine = Expected<>;

  Fine tag(const Tag& tag);
  Fine variable(const Tag& tag, bool escaped);
  Fine open(const Tag& tag);
  Fine inverted(const Tag& tag);
  Fine otherwise(const Tag& tag);
  Fine close(const Tag& tag);

  Fine start_arm(const Tag& tag, std::string_view helper, std::string_view name, Block& block);
  void finish_arm(Block& block, bool more);
  void literal(std::string_view text);
  Expected<std::uint32_t> path_of(const Tag& tag, std::string_view word);
  std::uint32_t slot_of(const std::string& name);
  void note_variable(const Tag& tag, const Path& path);
  [[nodiscard]] std::optional<std::string> default_of(std::string_view name) const;

  std::uint32_t emit(Segment segment) {
    program_.segments.push_back(segment);
    return here() - 1;
  }
  /// The next segment's number. It becomes a jump's target: literals before and behind it stay apart.
  std::uint32_t label() { return barrier_ = here(); }
  [[nodiscard]] std::uint32_t here() const { return static_cast<std::uint32_t>(program_.segments.size()); }
  [[nodiscard]] std::unexpected<Error> error(const Tag& tag, std::string_view text) const {
    return fail(ErrorCode::invalid_input, at_position(source_, tag.at, text));
  }

  std::string_view source_;
  const RowLayout& layout_;
  Defaults defaults_;
  TemplateProgram program_;
  std::vector<Block> blocks_;
  std::size_t frames_ = 0;
  std::uint32_t barrier_ = 0;
  std::unordered_map<std::string, std::uint32_t> slots_;
  std::unordered_map<std::string, std::uint32_t> paths_;
  std::unordered_map<std::string, bool> noted_;
  std::size_t position_at_ = 0;  // line_ and column_ are those of this offset
  std::uint32_t line_ = 1;
  std::uint32_t column_ = 1;
};

Expected<TemplateProgram> Compiler::run() {
  const auto& options = program_.options;
  if (source_.size() > options.max_source_bytes) {
    return fail(ErrorCode::limit, fmt::format("the template has {} bytes; at most {} are allowed",
                                              source_.size(), options.max_source_bytes));
  }
  TagScanner scanner(source_);
  for (;;) {
    std::string_view text;
    auto found = scanner.next(text);
    if (!found) return std::unexpected(found.error());
    literal(text);
    if (!*found) break;
    if (auto fine = tag(**found); !fine) return std::unexpected(fine.error());
    if (program_.segments.size() > options.max_segments) {
      return fail(ErrorCode::limit,
                  at_position(source_, (*found)->at,
                              fmt::format("the template has more than {} tags and texts; split it",
                                          options.max_segments)));
    }
  }
  if (!blocks_.empty()) {
    const auto& block = blocks_.back();
    return fail(ErrorCode::invalid_input,
                at_position(source_, block.at,
                            fmt::format("this block is never closed; {{{{/{}}}}} would close it",
                                        block.closes_with)));
  }
  for (std::uint32_t i = 0; i < program_.slots.size(); ++i) {
    if (const auto column = program_.slots[i].column) program_.needed.push_back({*column, i});
  }
  std::ranges::sort(program_.needed, {}, &NeededColumn::column);
  return std::move(program_);
}

Expected<> Compiler::tag(const Tag& tag) {
  switch (tag.kind) {
    case TagKind::comment:
      return {};
    case TagKind::variable:
      return variable(tag, true);
    case TagKind::unescaped:
      return variable(tag, false);
    case TagKind::open:
      return open(tag);
    case TagKind::inverted:
      return inverted(tag);
    case TagKind::otherwise:
      return otherwise(tag);
    case TagKind::close:
      return close(tag);
  }
  return {};
}

void Compiler::literal(std::string_view text) {
  if (text.empty()) return;
  auto& literals = program_.literals;
  const auto offset = static_cast<std::uint32_t>(literals.size());
  const auto size = static_cast<std::uint32_t>(text.size());
  append_escaped(program_.mode == Mode::header ? Escape::header : Escape::none, text, literals);
  auto& segments = program_.segments;
  if (!segments.empty() && segments.back().op == Op::literal && barrier_ != here()) {
    segments.back().a += size;  // a comment stood between: still one run
  } else {
    emit({Op::literal, Escape::none, size, offset});
  }
}

Expected<> Compiler::variable(const Tag& tag, bool escaped) {
  const auto words = words_of(tag.content);
  if (words.empty()) return error(tag, "this tag is empty; it needs a name, like {{first_name}}");
  if (!escaped && program_.mode == Mode::header) {
    return error(tag,
                 fmt::format("unescaped tags are not allowed in a header; write {{{{{}}}}}", tag.content));
  }
  auto escape = Escape::none;
  if (program_.mode == Mode::header) escape = Escape::header;
  if (program_.mode == Mode::html && escaped) escape = Escape::html;
  auto word = words.front();
  if (words.size() == 2 && words.front() == "url") {
    if (!escaped) return error(tag, fmt::format("url is always encoded; write {{{{{}}}}}", tag.content));
    escape = Escape::url;
    word = words.back();
  } else if (words.size() > 1) {
    return error(tag,
                 fmt::format("\"{}\" is more than one name; write {{{{[{}]}}}} if the column is called that "
                             "(url is the only helper)",
                             tag.content, tag.content));
  }
  const auto path = path_of(tag, word);
  if (!path) return std::unexpected(path.error());
  const auto& found = program_.paths[*path];
  if (frames_ == 0 && found.start <= Path::Start::root && found.parts.size() == 1) {
    emit({Op::root_value, escape, found.slot, 0});
  } else {
    emit({Op::value, escape, *path, 0});
  }
  return {};
}

Expected<> Compiler::start_arm(const Tag& tag, std::string_view helper, std::string_view name, Block& block) {
  const auto path = path_of(tag, name);
  if (!path) return std::unexpected(path.error());
  auto op = Op::section;
  if (helper == "each") op = Op::each;
  if (helper == "if") op = Op::test;
  if (helper == "unless") op = Op::test_not;
  block.arm = emit({op, Escape::none, *path, 0});
  block.arm_tests = true;
  block.arm_frame = op == Op::section || op == Op::each;
  if (block.arm_frame) program_.max_frames = std::max(program_.max_frames, ++frames_);
  label();
  return {};
}

Expected<> Compiler::open(const Tag& tag) {
  if (blocks_.size() >= std::min(program_.options.max_depth, kDeepest)) {
    return error(tag,
                 fmt::format("blocks nest deeper than {}; flatten the template", program_.options.max_depth));
  }
  const auto words = words_of(tag.content);
  if (words.empty()) return error(tag, "this block has no name; write {{#name}}...{{/name}}");
  const auto helper = words.front();
  const bool known = helper == "if" || helper == "unless" || helper == "each";
  if (known && words.size() == 1) {
    return error(tag, fmt::format("{0} needs one name; write {{{{#{0} name}}}}...{{{{/{0}}}}}", helper));
  }
  if (!known && words.size() > 1) {
    return error(tag, fmt::format("there is no block helper \"{}\"; there are if, unless and each", helper));
  }
  if (words.size() > 2) {
    return error(tag, fmt::format("{0} takes one name and nothing else; write {{{{#{0} name}}}}", helper));
  }
  Block block;
  block.closes_with = known ? helper : tag.content;
  block.at = tag.at;
  if (auto fine = start_arm(tag, known ? helper : std::string_view{}, words.back(), block); !fine)
    return fine;
  blocks_.push_back(std::move(block));
  return {};
}

Expected<> Compiler::inverted(const Tag& tag) {
  if (blocks_.size() >= std::min(program_.options.max_depth, kDeepest)) {
    return error(tag,
                 fmt::format("blocks nest deeper than {}; flatten the template", program_.options.max_depth));
  }
  const auto words = words_of(tag.content);
  if (words.size() != 1) return error(tag, "an inverted section takes one name; write {{^name}}...{{/name}}");
  Block block;
  block.closes_with = tag.content;
  block.at = tag.at;
  if (auto fine = start_arm(tag, "unless", words.front(), block); !fine) return fine;
  blocks_.push_back(std::move(block));
  return {};
}

void Compiler::finish_arm(Block& block, bool more) {
  if (block.arm_frame) {
    block.leave.push_back(emit({Op::next, Escape::none, block.arm + 1, 0}));
    --frames_;
  } else if (more) {
    block.leave.push_back(emit({Op::jump, Escape::none, 0, 0}));
  }
  block.arm_frame = false;
  if (block.arm_tests) program_.segments[block.arm].b = label();
}

Expected<> Compiler::otherwise(const Tag& tag) {
  if (blocks_.empty())
    return error(tag, "{{else}} stands outside every block; put it between {{#if x}} and {{/if}}");
  auto& block = blocks_.back();
  if (!block.arm_tests)
    return error(tag, "a second {{else}} in one block; only the last arm may be a plain {{else}}");
  const auto words = words_of(tag.content);
  finish_arm(block, true);
  if (words.empty()) {
    block.arm_tests = false;
    return {};
  }
  const auto helper = words.front();
  if (words.size() != 2 || (helper != "if" && helper != "unless" && helper != "each")) {
    return error(tag, fmt::format("\"else {}\" is not known; write {{{{else}}}} or {{{{else if name}}}}",
                                  tag.content));
  }
  return start_arm(tag, helper, words.back(), block);
}

Expected<> Compiler::close(const Tag& tag) {
  if (blocks_.empty()) {
    return error(tag,
                 fmt::format("{{{{/{0}}}}} closes nothing; open the block with {{{{#{0}}}}} or remove it",
                             tag.content));
  }
  auto& block = blocks_.back();
  if (tag.content != block.closes_with) {
    Tag opened = tag;
    opened.at = block.at;
    return error(
        tag,
        fmt::format("{{{{/{}}}}} does not close the open block; {{{{/{}}}}} is due, for the one opened at {}",
                    tag.content, block.closes_with, at_position(source_, block.at, "the open tag")));
  }
  finish_arm(block, false);
  const auto end = label();
  for (const auto leaving : block.leave) {
    auto& segment = program_.segments[leaving];
    (segment.op == Op::jump ? segment.a : segment.b) = end;
  }
  blocks_.pop_back();
  return {};
}

Expected<std::uint32_t> Compiler::path_of(const Tag& tag, std::string_view word) {
  auto path = parse_path(word);
  if (!path) return error(tag, path.error().text);
  const bool about_frame = path->start >= Path::Start::index ||
                           (path->start == Path::Start::strict && (path->parts.empty() || path->up > 0));
  if (about_frame && frames_ == 0) {
    return error(tag,
                 fmt::format("\"{}\" has a meaning only inside a section or each; name a column here", word));
  }
  if (!path->parts.empty()) {
    path->slot = slot_of(path->parts.front());
    if (path->parts.size() > 1) path->fallback = default_of(dotted(*path));
    note_variable(tag, *path);
  }
  const auto [at, fresh] = paths_.try_emplace(std::string(word), program_.paths.size());
  if (fresh) program_.paths.push_back(std::move(*path));
  return at->second;
}

std::uint32_t Compiler::slot_of(const std::string& name) {
  const auto [at, fresh] = slots_.try_emplace(name, program_.slots.size());
  if (fresh) program_.slots.push_back({name, layout_.find(name), extra_named(name), default_of(name)});
  return at->second;
}

std::optional<std::string> Compiler::default_of(std::string_view name) const {
  for (const auto& [key, text] : defaults_) {
    if (key == name) return text;
  }
  return std::nullopt;
}

void Compiler::note_variable(const Tag& tag, const Path& path) {
  auto name = dotted(path);
  if (!noted_.try_emplace(name, true).second) return;
  for (; position_at_ < tag.at; ++position_at_) {
    const auto c = static_cast<unsigned char>(source_[position_at_]);
    if (c == '\n') {
      ++line_;
      column_ = 1;
    } else if ((c & 0xc0) != 0x80) {
      ++column_;
    }
  }
  const auto& slot = program_.slots[path.slot];
  const bool known = slot.column || slot.extra || slot.fallback || path.fallback;
  program_.variables.push_back({std::move(name), line_, column_, known, frames_ > 0});
}

}  // namespace

Expected<Template> Template::compile(std::string_view source, Mode mode, const RowLayout& layout,
                                     Defaults defaults, const TemplateOptions& options) {
  Compiler compiler(source, mode, layout, defaults, options);
  auto program = compiler.run();
  if (!program) return std::unexpected(program.error());
  return Template(std::make_shared<const TemplateProgram>(std::move(*program)));
}

}  // namespace sluice::message
