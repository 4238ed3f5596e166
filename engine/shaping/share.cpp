#include "engine/shaping/share.hpp"

#include <algorithm>

namespace sluice::shaping {

std::optional<double> parse_share(std::string_view text) {
  if (!text.ends_with('%')) return std::nullopt;
  text.remove_suffix(1);
  const auto point = std::min(text.find('.'), text.size());
  if (point == 0 || point > 2 || text.size() > point + 5 || text.size() == point + 1) return std::nullopt;
  double value = 0;
  double scale = 1;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (i == point) continue;
    if (text[i] < '0' || text[i] > '9') return std::nullopt;
    value = value * 10 + (text[i] - '0');
    if (i > point) scale *= 10;
  }
  if (value <= 0) return std::nullopt;
  return value / scale / 100;
}

}  // namespace sluice::shaping
