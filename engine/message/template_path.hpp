// Parses the name inside a tag: dotted names, `.`, `this`, `../`, `@index`, and [names with spaces].
#pragma once

#include <string_view>
#include <vector>

#include "engine/base/error.hpp"
#include "engine/message/template_program.hpp"

namespace sluice::message {

/// The words of a tag's content; blanks inside [...] do not part them.
[[nodiscard]] std::vector<std::string_view> words_of(std::string_view content);

/// `slot` and `fallback` stay for the compiler to fill. Errors are the sentence without the position.
[[nodiscard]] Expected<Path> parse_path(std::string_view word);

/// The parts joined by dots: the name defaults and warnings use.
[[nodiscard]] std::string dotted(const Path& path);

}  // namespace sluice::message
