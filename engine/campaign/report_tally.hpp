// Adds up the events of one campaign into its report. One thread.
#pragma once

#include <map>
#include <set>
#include <string>

#include "engine/campaign/report_builder.hpp"
#include "engine/campaign/report_domains.hpp"
#include "engine/campaign/report_timeline.hpp"
#include "engine/campaign/time_series.hpp"

namespace sluice::campaign {

class ReportTally {
 public:
  /// `options` must outlive it.
  ReportTally(StreamId stream, std::string name, std::string tenant, const ReportOptions& options);

  /// In the order of the feed. Events of other campaigns change nothing.
  void add(const ReportEvent& event);
  /// Everything but who the campaign is. `counters` are the exact accounts, not older than the last event.
  [[nodiscard]] CampaignReport finish(const queue::Counters& counters, Instant accepted, Instant now);

 private:
  enum Attempt : std::size_t { kDelivered, kBounced, kExpired, kDeferred, kInDoubt };
  enum Came : std::size_t { kReturned, kComplaint, kUnsubscribed };
  struct Provider {
    ReportProvider report;
    std::map<std::uint64_t, std::uint64_t> waits;  ///< milliseconds in queue, in steps of 5 % -> deliveries
  };
  using Names = std::set<std::string, std::less<>>;

  void add_attempt(const ReportEvent& event);
  void add_after(const ReportEvent& event);
  Provider& provider_for(const ReportEvent& event);
  void remember(Names& names, std::string_view name) const;
  [[nodiscard]] ReportMissing missing(const queue::Counters& counters) const;
  void add_series(CampaignReport& out) const;
  [[nodiscard]] std::vector<ReportThrottle> held(Instant accepted, Instant now) const;

  StreamId stream_;
  const ReportOptions& options_;
  std::string state_reason_;
  std::map<std::string, Provider, std::less<>> providers_;
  std::map<std::string, std::uint64_t> suppressed_;
  TimeSeries<5> attempts_;
  TimeSeries<3> after_;
  ReportReplies replies_;
  ReportDomains domains_;
  ReportTimeline timeline_;
  Names sources_;
  Names sites_;
  queue::Counters seen_;  ///< finals, deferrals and doubts in the files
  ReportCounts came_;     ///< the after-events
  std::optional<Instant> first_;
  Instant last_{};
};

}  // namespace sluice::campaign
