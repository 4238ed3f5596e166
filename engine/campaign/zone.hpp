// A time zone by its IANA name, from the system's zone files.
#pragma once

#include <string>
#include <string_view>

#include "engine/base/error.hpp"

namespace date {
class time_zone;
}

namespace sluice::campaign {

/// Points into the process-wide zone database, which is read once and never freed: copy freely, any thread.
class Zone {
 public:
  /// "Europe/Berlin", "UTC". not_found names the nearest zone; unavailable when the system has no zone files.
  [[nodiscard]] static Expected<Zone> find(std::string_view name);

  /// UTC, which needs no zone files.
  Zone() = default;

  /// nullptr for UTC.
  [[nodiscard]] const date::time_zone* get() const { return zone_; }
  [[nodiscard]] std::string name() const;
  friend bool operator==(const Zone&, const Zone&) = default;

 private:
  explicit Zone(const date::time_zone* zone) : zone_(zone) {}

  const date::time_zone* zone_ = nullptr;
};

}  // namespace sluice::campaign
