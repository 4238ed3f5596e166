// report.html: one self-contained page for people. No script, nothing fetched (a Content-Security-Policy says
// so), readable on a phone, in light and dark. All text from outside is escaped and isolated from the page's
// direction.
#pragma once

#include <string>

#include "engine/campaign/report.hpp"

namespace sluice::campaign {

[[nodiscard]] std::string report_html(const CampaignReport& report);

}  // namespace sluice::campaign
