// report.json: CampaignReport for programs. Schema version in `v`; fields are only ever added.
#pragma once

#include <string>

#include "engine/campaign/report.hpp"

namespace sluice::campaign {

/// One JSON object, indented by nothing, with a line end. Times are RFC 3339 in UTC, null when not reached.
[[nodiscard]] std::string report_json(const CampaignReport& report);

}  // namespace sluice::campaign
