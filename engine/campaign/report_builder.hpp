// A campaign's report, made from the event files: what happened to whom, when, and what the receivers said.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "engine/campaign/report.hpp"
#include "engine/campaign/report_lines.hpp"
#include "queue/counters.hpp"
#include "queue/stream.hpp"

namespace sluice::campaign {

struct ReportOptions {
  std::size_t max_buckets = 120;     ///< of the time series; the span is divided into at most so many
  std::size_t samples = 3;           ///< replies shown a bounce class
  std::size_t max_replies = 10'000;  ///< different replies counted; later ones go uncounted
  std::size_t max_providers = 64;    ///< shown apart; later ones count as "other"
  std::size_t max_throttles = 200;
};

/// Reads the event files (queue/event_log.hpp) from `first_seq` on. Finals are written to `finals` when it is
/// not null. Counts come from `counters`, which are exact whatever was expired from the files. Errors: io; a
/// line that does not parse is corrupt.
[[nodiscard]] Expected<CampaignReport> build_report(const queue::Stream& stream,
                                                    const queue::Counters& counters,
                                                    const std::string& events_folder, std::uint64_t first_seq,
                                                    LineFile* finals, const ReportOptions& options = {});

}  // namespace sluice::campaign
