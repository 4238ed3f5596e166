// One campaign as GET /v1/campaigns/{id} tells it (engine/control/API.md), and how people see it.
#pragma once

#include <boost/json/object.hpp>
#include <cstdint>
#include <string>
#include <vector>

#include "engine/app/terminal.hpp"

namespace sluice::app {

/// Counts of one campaign, or of its part at one provider. Text is untrusted.
struct Progress {
  std::string name;
  std::int64_t injected = 0;
  std::int64_t delivered = 0;
  std::int64_t bounced = 0;
  std::int64_t expired = 0;
  std::int64_t suppressed = 0;
  std::int64_t cancelled = 0;
  std::int64_t queued = 0;
  std::int64_t deferred = 0;  ///< of the queued: tried at least once
  double rate = 0;            ///< finals a second, lately

  [[nodiscard]] std::int64_t finals() const { return delivered + bounced + expired + suppressed + cancelled; }
  /// 0 to 1; 0 while nothing is injected.
  [[nodiscard]] double done() const;
};

struct CampaignView {
  std::string id;
  std::string tenant;
  std::string state;
  std::string reason;     ///< why it is held, paused, failed or rejected; often ""
  std::string waits_for;  ///< why it sends nothing though it runs: "opens …", "held by operator"
  std::string accepted;   ///< RFC 3339
  std::int64_t read = 0;
  std::int64_t rejected = 0;
  std::int64_t in_doubt = 0;
  double eta_s = -1;  ///< below 0: unknown
  Progress total;
  std::vector<Progress> providers;

  [[nodiscard]] static CampaignView from(const boost::json::object& object);
  /// Nothing more will happen: done, failed, rejected.
  [[nodiscard]] bool is_final() const { return state == "done" || state == "failed" || state == "rejected"; }
};

/// "████████▌      " of exactly `columns`; `done` is clamped to 0…1.
[[nodiscard]] std::string bar(double done, std::size_t columns);

/// A line for the campaign and one for each provider (at most `max_providers`, the largest; the others
/// together).
[[nodiscard]] std::vector<std::string> progress_lines(const CampaignView& view, const Terminal& terminal,
                                                      std::size_t max_providers = 8);

/// What is left to say at the end: totals, a line a kind of outcome.
[[nodiscard]] std::string summary_text(const CampaignView& view, const Terminal& terminal);

}  // namespace sluice::app
