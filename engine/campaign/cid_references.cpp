#include <algorithm>

#include "engine/campaign/directory.hpp"

namespace sluice::campaign {
namespace {

/// A reference stands behind a quote, '=' or '(': "acid:rain" and prose are none.
bool opens_reference(std::string_view html, std::size_t at) {
  return at > 0 &&
         (html[at - 1] == '"' || html[at - 1] == '\'' || html[at - 1] == '=' || html[at - 1] == '(');
}

bool is_cid(std::string_view html, std::size_t at) {
  constexpr std::string_view kScheme = "cid:";
  if (html.size() - at < kScheme.size()) return false;
  for (std::size_t i = 0; i < kScheme.size(); ++i) {
    const char c = html[at + i];
    if ((c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c) != kScheme[i]) return false;
  }
  return true;
}

}  // namespace

std::vector<CidReference> cid_references(std::string_view html) {
  std::vector<CidReference> out;
  Position at{1, 1};
  for (std::size_t i = 0; i < html.size(); ++i, ++at.column) {
    if (html[i] == '\n') {
      ++at.line;
      at.column = 0;
      continue;
    }
    if ((html[i] != 'c' && html[i] != 'C') || !is_cid(html, i) || !opens_reference(html, i)) continue;
    const auto name = html.substr(i + 4, html.find_first_of("\"' \t\r\n<>)", i + 4) - (i + 4));
    CidReference reference{std::string(name), at};
    if (std::find(out.begin(), out.end(), reference) == out.end()) out.push_back(std::move(reference));
  }
  return out;
}

}  // namespace sluice::campaign
