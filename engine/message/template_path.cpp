#include "engine/message/template_path.hpp"

#include <fmt/format.h>

namespace sluice::message {

namespace {

constexpr std::string_view kSpaces = " \t\r\n";
/// What Handlebars keeps out of names, less the characters the grammar below gives a meaning.
constexpr std::string_view kNotInNames = "!\"#%&'()*+,/;<=>@[\\]^`{|}~";
constexpr int kMaxUp = 64;

std::unexpected<Error> refuse(std::string text) { return fail(ErrorCode::invalid_input, std::move(text)); }

Expected<Path> parse_data(std::string_view word) {
  Path path;
  if (word == "@index") {
    path.start = Path::Start::index;
  } else if (word == "@first") {
    path.start = Path::Start::first;
  } else if (word == "@last") {
    path.start = Path::Start::last;
  } else if (word == "@key") {
    path.start = Path::Start::key;
  } else {
    return refuse(
        fmt::format("there is no \"{}\"; there are @index, @first, @last, @key and @root.NAME", word));
  }
  return path;
}

/// One part at the front of `rest`, which it shortens; a separator after it is eaten too.
Expected<std::string> take_part(std::string_view& rest, std::string_view word) {
  std::string part;
  if (rest.starts_with('[')) {
    const auto end = rest.find(']');
    if (end == std::string_view::npos) return refuse(fmt::format("\"{}\" lacks its closing ]", word));
    part = rest.substr(1, end - 1);
    rest.remove_prefix(end + 1);
    if (!rest.empty() && rest.front() != '.') {
      return refuse(fmt::format("in \"{}\" only a dot may follow a ]", word));
    }
  } else {
    const auto end = std::min(rest.find('.'), rest.size());
    part = rest.substr(0, end);
    rest.remove_prefix(end);
    const auto bad = part.find_first_of(kNotInNames);
    if (bad != std::string::npos) {
      return refuse(
          fmt::format("\"{}\" is not a name: '{}' cannot be in one; write [{}] if the column is called that",
                      word, part[bad], word));
    }
  }
  if (part.empty()) return refuse(fmt::format("\"{}\" has an empty part between its dots", word));
  if (!rest.empty()) {
    rest.remove_prefix(1);
    if (rest.empty()) return refuse(fmt::format("\"{}\" ends in a dot; a name should follow it", word));
  }
  return part;
}

}  // namespace

std::vector<std::string_view> words_of(std::string_view content) {
  std::vector<std::string_view> words;
  std::size_t at = 0;
  while ((at = content.find_first_not_of(kSpaces, at)) != std::string_view::npos) {
    auto end = at;
    for (bool bracket = false; end < content.size(); ++end) {
      if (content[end] == '[') bracket = true;
      if (content[end] == ']') bracket = false;
      if (!bracket && kSpaces.find(content[end]) != std::string_view::npos) break;
    }
    words.push_back(content.substr(at, end - at));
    at = end;
  }
  return words;
}

Expected<Path> parse_path(std::string_view word) {
  Path path;
  auto rest = word;
  if (rest.starts_with("@root")) {
    path.start = Path::Start::root;
    rest.remove_prefix(5);
    if (rest.size() < 2 || rest.front() != '.') return refuse("@root needs a name; write @root.NAME");
    rest.remove_prefix(1);
  } else if (rest.starts_with('@')) {
    return parse_data(word);
  }
  while (rest == ".." || rest.starts_with("../")) {
    path.start = Path::Start::strict;
    if (++path.up > kMaxUp) return refuse(fmt::format("more than {} levels of ../", kMaxUp));
    rest.remove_prefix(rest.size() == 2 ? 2 : 3);
    if (rest.empty()) return path;
  }
  if (rest == "." || rest == "this") {
    path.start = Path::Start::strict;
    return path;
  }
  for (const std::string_view self : {"./", "this.", "this/"}) {
    if (!rest.starts_with(self)) continue;
    path.start = Path::Start::strict;
    rest.remove_prefix(self.size());
    break;
  }
  if (rest.empty()) return refuse(fmt::format("\"{}\" lacks a name", word));
  while (!rest.empty()) {
    auto part = take_part(rest, word);
    if (!part) return std::unexpected(part.error());
    path.parts.push_back(std::move(*part));
  }
  return path;
}

std::string dotted(const Path& path) {
  std::string name;
  for (const auto& part : path.parts) {
    if (!name.empty()) name += '.';
    name += part;
  }
  return name;
}

}  // namespace sluice::message
