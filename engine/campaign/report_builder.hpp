// A campaign's report, made from the event files: what happened to whom, when, and what the receivers said.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "engine/campaign/report.hpp"
#include "engine/campaign/report_lines.hpp"
#include "engine/campaign/report_replies.hpp"
#include "queue/counters.hpp"
#include "queue/stream.hpp"

namespace sluice::campaign {

struct ReportOptions {
  std::size_t max_buckets = 120;      ///< of a time series; the span is divided into at most so many
  ReplyLimits replies = {};           ///< what is not told apart is counted: ReportClass::uncounted
  std::size_t max_providers = 64;     ///< shown apart; later ones count as "other"
  std::size_t max_domains = 100'000;  ///< told apart; finals at later ones: CampaignReport::domains_beyond
  std::size_t worst_domains = 100;    ///< kept of them
  std::size_t max_names = 10'000;     ///< sources and sites remembered; back-offs of later ones are left out
  std::size_t max_throttles = 1000;   ///< begun in that time anywhere; later ones: throttles_beyond
};

/// Reads the event files (queue/event_log.hpp) from `first_seq` on; they may grow meanwhile. Finals are
/// written to `finals` when it is not null. `counters` is asked when all is read, so that the accounts are
/// never behind the events. Memory: about 30 MB at the limits above, whatever the campaign. Errors: io; a
/// line that does not parse is corrupt.
[[nodiscard]] Expected<CampaignReport> build_report(const queue::Stream& stream,
                                                    const std::function<queue::Counters()>& counters,
                                                    const std::string& events_folder, std::uint64_t first_seq,
                                                    LineFile* finals, Instant now,
                                                    const ReportOptions& options = {});

}  // namespace sluice::campaign
