#include "engine/feedback/bounce_class.hpp"

#include <algorithm>

namespace sluice::feedback {

std::optional<BounceClass> bounce_class_of(std::string_view name) {
  const auto found = std::ranges::find(kBounceClassNames, name);
  if (found == kBounceClassNames.end()) return std::nullopt;
  return static_cast<BounceClass>(found - kBounceClassNames.begin());
}

}  // namespace sluice::feedback
