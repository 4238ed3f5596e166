// What held a campaign's mail and when, put together from the events that begin, change and end a back-off, a
// suspension or a pause. One thread.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "engine/campaign/report.hpp"
#include "engine/campaign/report_event.hpp"

namespace sluice::campaign {

/// What an override's event says in its detail: "ID: EFFECT for MATCH, by WHO: CAUSE".
struct OverrideText {
  std::string_view id;
  std::string_view effect;
  std::string_view match;  ///< "source=a, provider=google"; may be ""
  std::string_view cause;  ///< the rest behind the author
};
[[nodiscard]] OverrideText override_text(std::string_view detail);

class ReportTimeline {
 public:
  /// At most so many; what begins later is counted in beyond().
  ReportTimeline(std::size_t max_entries, std::string campaign, std::string tenant)
      : max_entries_(max_entries), campaign_(std::move(campaign)), tenant_(std::move(tenant)) {}

  /// An operational event, or a change of the campaign's own state; others change nothing.
  void add(const ReportEvent& event);

  /// Was this source, provider, site or domain used? "" never asks.
  struct Used {
    std::function<bool(std::string_view)> source;
    std::function<bool(std::string_view)> provider;
    std::function<bool(std::string_view)> site;
    std::function<bool(std::string_view)> domain;
  };
  /// Those that overlap [from, to] and concern what was used, by their begin. What is over by its own word
  /// before `now` is ended there.
  [[nodiscard]] std::vector<ReportThrottle> finish(const Used& used, Instant from, Instant to,
                                                   Instant now) const;
  [[nodiscard]] std::uint64_t beyond() const { return beyond_; }

 private:
  struct Entry {
    ReportThrottle shown;
    std::string source, provider, site, domain;
    std::optional<Instant> due;
    bool own = false;  ///< of this campaign alone: shown whenever it was
  };

  void add_override(const ReportEvent& event);
  void add_suspension(const ReportEvent& event);
  void add_state(const ReportEvent& event);
  void add_moment(const ReportEvent& event, std::string kind);
  [[nodiscard]] bool is_for_others(std::string_view match) const;
  Entry* begin(const std::string& key, const ReportEvent& event);
  void end(const std::string& key, Instant at);

  std::size_t max_entries_;
  std::string campaign_;
  std::string tenant_;
  std::vector<Entry> entries_;
  std::map<std::string, std::size_t> open_;  ///< key -> place in entries_
  std::uint64_t beyond_ = 0;
};

}  // namespace sluice::campaign
