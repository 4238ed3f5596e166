#include "engine/app/table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>

#include "engine/base/assert.hpp"

namespace sluice::app {
namespace {

constexpr std::size_t kGap = 2;
constexpr std::size_t kNarrowest = 6;

}  // namespace

void Table::add(std::vector<std::string> cells) {
  SLUICE_ASSERT(cells.size() == columns_.size());
  for (auto& cell : cells) cell = safe_text(cell);
  rows_.push_back(std::move(cells));
}

std::vector<std::size_t> Table::widths(std::size_t total) const {
  std::vector<std::size_t> out;
  std::size_t sum = 0;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    std::size_t width = display_width(columns_[i].title);
    for (const auto& row : rows_) width = std::max(width, display_width(row[i]));
    out.push_back(width);
    sum += width + (i > 0 ? kGap : 0);
  }
  while (sum > total) {
    std::size_t widest = columns_.size();
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      if (columns_[i].align == Align::right || out[i] <= kNarrowest) continue;
      if (widest == columns_.size() || out[i] > out[widest]) widest = i;
    }
    if (widest == columns_.size()) break;
    const auto less = std::min(sum - total, out[widest] - kNarrowest);
    out[widest] -= less;
    sum -= less;
  }
  return out;
}

std::string Table::text(const Terminal& terminal) const {
  // A pipe has no width: what reads it wants the whole name.
  const auto width = widths(terminal.is_tty ? terminal.width : SIZE_MAX);
  const auto line = [&](const auto& cell_of) {
    std::string out;
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      if (i > 0) out += std::string(kGap, ' ');
      out += pad_to(cut_to(cell_of(i), width[i]), width[i], columns_[i].align == Align::right);
    }
    out.erase(out.find_last_not_of(' ') + 1);
    return out;
  };
  auto text = styled(terminal, Style::bold,
                     line([&](std::size_t i) { return std::string_view(columns_[i].title); })) +
              '\n';
  for (const auto& row : rows_) text += line([&](std::size_t i) { return std::string_view(row[i]); }) + '\n';
  return text;
}

std::string grouped(std::int64_t number) {
  auto digits = std::to_string(number);
  const auto first = number < 0 ? 1 : 0;
  for (auto at = static_cast<std::int64_t>(digits.size()) - 3; at > first; at -= 3) {
    digits.insert(static_cast<std::size_t>(at), ",");
  }
  return digits;
}

std::string short_duration(double seconds) {
  const auto all = static_cast<std::int64_t>(std::clamp(seconds, 0.0, 1e9));
  if (all < 60) return fmt::format("{}s", all);
  if (all < 3600) return fmt::format("{}m{:02}s", all / 60, all % 60);
  if (all < 172'800) return fmt::format("{}h{:02}m", all / 3600, all / 60 % 60);
  return fmt::format("{}d{}h", all / 86'400, all / 3600 % 24);
}

}  // namespace sluice::app
