// ASCII letters in lower case, all other bytes as they are: for names whose case does not count (domains,
// header fields, tokens), whatever the locale.
#pragma once

#include <string>
#include <string_view>

namespace sluice {

[[nodiscard]] inline std::string lower_case(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

}  // namespace sluice
