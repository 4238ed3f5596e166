// The columns of a list that a campaign wants back in every event: `meta` of its settings.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/message/row.hpp"

namespace sluice::message {

/// Immutable.
class MetaColumns {
 public:
  MetaColumns() = default;
  /// A name the layout does not have gives "".
  MetaColumns(std::vector<std::string> names, const RowLayout& layout);

  /// `{"contact_id":"7"}` of a row of the layout; "" when no column is wanted.
  [[nodiscard]] std::string json(std::string_view row) const;

 private:
  std::vector<std::string> names_;
  std::vector<std::optional<std::uint16_t>> columns_;  ///< by name
};

}  // namespace sluice::message
