#include <fmt/format.h>

#include <algorithm>

#include "engine/message/template_compiler.hpp"
#include "engine/message/template_path.hpp"

namespace sluice::message {

Expected<TemplateProgram> TemplateCompiler::run() {
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

Expected<> TemplateCompiler::tag(const Tag& tag) {
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

void TemplateCompiler::literal(std::string_view text) {
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

Expected<> TemplateCompiler::variable(const Tag& tag, bool escaped) {
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

Expected<std::uint32_t> TemplateCompiler::path_of(const Tag& tag, std::string_view word) {
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

std::uint32_t TemplateCompiler::slot_of(const std::string& name) {
  const auto [at, fresh] = slots_.try_emplace(name, program_.slots.size());
  if (fresh) program_.slots.push_back({name, layout_.find(name), extra_named(name), default_of(name)});
  return at->second;
}

std::optional<std::string> TemplateCompiler::default_of(std::string_view name) const {
  for (const auto& [key, text] : defaults_) {
    if (key == name) return text;
  }
  return std::nullopt;
}

void TemplateCompiler::note_variable(const Tag& tag, const Path& path) {
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

Expected<Template> Template::compile(std::string_view source, Mode mode, const RowLayout& layout,
                                     Defaults defaults, const TemplateOptions& options) {
  TemplateCompiler compiler(source, mode, layout, defaults, options);
  auto program = compiler.run();
  if (!program) return std::unexpected(program.error());
  return Template(std::make_shared<const TemplateProgram>(std::move(*program)));
}

}  // namespace sluice::message
