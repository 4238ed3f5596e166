#include "engine/base/nearest_name.hpp"

#include <algorithm>
#include <vector>

namespace sluice {
namespace {

constexpr std::size_t kLongestName = 64;

std::string folded(std::string_view name) {
  std::string out;
  for (const char c : name.substr(0, kLongestName)) {
    if (c == '-' || c == '_') continue;
    out += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  }
  return out;
}

std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before(b.size() + 1), last(b.size() + 1), row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) last[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + (a[i - 1] == b[j - 1] ? 0u : 1u)});
      const bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (swapped) row[j] = std::min(row[j], before[j - 2] + 1);
    }
    before.swap(last);
    last.swap(row);
  }
  return last[b.size()];
}

}  // namespace

std::string nearest_name(std::string_view typed, std::span<const std::string_view> known) {
  const auto word = folded(typed);
  const std::size_t allowed = std::max<std::size_t>(1, word.size() / 3);
  std::size_t best_distance = allowed + 1;
  std::string_view best;
  for (const auto name : known) {
    const auto d = distance(word, folded(name));
    if (d < best_distance) {
      best_distance = d;
      best = name;
    }
  }
  return std::string(best);
}

std::string did_you_mean(std::string_view typed, std::span<const std::string_view> known) {
  const auto name = nearest_name(typed, known);
  return name.empty() ? std::string{} : "; did you mean `" + name + "`?";
}

}  // namespace sluice
