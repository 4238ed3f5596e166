// Who changed what by hand, and why: one line a change, kept in the store. Removals always have one; so have
// operators' additions and the beginning and end of imports. What the feed adds says so in the entry itself.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "engine/suppression/entry.hpp"

namespace sluice::suppression {

struct AuditLine {
  std::int64_t time_ms = 0;
  std::string action;   ///< "add", "remove", "import"
  std::string subject;  ///< comparison key; "" for an import
  std::string by;
  std::string why;             ///< an operator's words; of an import: its file and what it came to
  std::optional<Entry> entry;  ///< what was added or removed

  void append_to(std::string& out) const;
  /// Nothing for damaged bytes.
  [[nodiscard]] static std::optional<AuditLine> decode(std::string_view bytes);
};

}  // namespace sluice::suppression
