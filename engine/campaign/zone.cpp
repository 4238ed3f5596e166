#include "engine/campaign/zone.hpp"

#include <date/tz.h>

#include <exception>
#include <vector>

#include "engine/base/nearest_name.hpp"
#include "engine/campaign/problem.hpp"

namespace sluice::campaign {

Expected<Zone> Zone::find(std::string_view name) {
  if (name == "UTC") return Zone();
  const date::tzdb* database = nullptr;
  try {
    database = &date::get_tzdb();
  } catch (const std::exception& cause) {
    return fail(ErrorCode::unavailable,
                std::string("no time zone files on this system (package tzdata): ") + cause.what());
  }
  // Searched here: locate_zone takes std::string or string_view depending on how the library was built.
  std::vector<std::string_view> names;
  for (const auto& zone : database->zones) {
    if (zone.name() == name) return Zone(&zone);
    names.push_back(zone.name());
  }
  return fail(ErrorCode::not_found, "no time zone `" + visible(name, 64) + "`" + did_you_mean(name, names));
}

std::string Zone::name() const { return zone_ == nullptr ? "UTC" : zone_->name(); }

}  // namespace sluice::campaign
