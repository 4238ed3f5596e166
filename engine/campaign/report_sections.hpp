// The lower parts of report.html: each a <section>, or "" when there is nothing to say. All text from outside
// is escaped; each list has a bound, and says what it left out.
#pragma once

#include <string>

#include "engine/campaign/report.hpp"

namespace sluice::campaign {

/// Attempts by time, and below them what held mail back, on the same time axis.
[[nodiscard]] std::string time_section(const CampaignReport& report);
[[nodiscard]] std::string provider_section(const CampaignReport& report);
[[nodiscard]] std::string domain_section(const CampaignReport& report);
/// Why mail bounced or expired, and why attempts were put off: classes with samples of what receivers said.
[[nodiscard]] std::string reply_sections(const CampaignReport& report);
/// What came back after delivery.
[[nodiscard]] std::string after_section(const CampaignReport& report);

}  // namespace sluice::campaign
