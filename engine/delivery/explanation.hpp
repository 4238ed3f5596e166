// What holds mail back inside delivery, as an operator asks for it: for each path that the mail could take,
// every blocker with the instant at which it ends by what is known now.
//
// Collected on each worker's own thread, changes nothing there. Bounded by kMaxExplained sites a worker.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/base/clock.hpp"
#include "queue/stream.hpp"
#include "throttle/policy_set.hpp"

namespace sluice::delivery {

inline constexpr std::size_t kMaxExplained = 50;

struct Blocker {
  std::string kind;                ///< "bucket", "quota", "concurrency", "back-off" …: API.md has them all
  std::string what;                ///< the limit's name, the cause; for a person
  Instant since{};                 ///< the epoch: not known
  Instant until = Instant::max();  ///< Instant::max(): not known, or until somebody ends it
};

/// When the last of them ends; `now` when there are none.
[[nodiscard]] Instant last_end(const std::vector<Blocker>& blockers, Instant now);

/// Members that are empty match everything.
struct ExplainQuery {
  queue::StreamPtr stream{};
  std::string domain{};      ///< with `stream`: of one message
  std::string site{};        ///< where the domain's mail goes
  std::string pool{};        ///< the route's; empty, with `stream` and `site`: the stream's
  std::string provider{};    ///< "other": sites without one
  std::uint16_t source = 0;  ///< Trail::source of one message
};

/// A rate that messages by a path meet. Paths that share a limit name the same one.
struct RateCap {
  const void* limit = nullptr;  ///< to tell it from others, nothing else
  double per_second = 0;
};

struct PathExplanation {
  std::string source;
  std::size_t connections = 0;
  std::size_t leased = 0;
  std::vector<Blocker> blockers;
  std::vector<RateCap> caps;
};

struct SiteExplanation {
  std::string site;
  std::string provider;
  std::string pool;
  std::size_t lanes = 0;  ///< that wait in memory
  std::vector<PathExplanation> paths;

  /// When the first of the paths is free; `now` when one is.
  [[nodiscard]] Instant until(Instant now) const;
};

/// What the limits let the paths send a second, together: those that nothing blocks now, or all where
/// everything is blocked. A limit that paths share counts once, divided as each could use it. 0: no rate
/// limits them.
[[nodiscard]] double allowed_per_second(const std::vector<SiteExplanation>& sites, Instant now);

/// Those of the limits that deny `n` units now; `since` when the asker began to wait, if it does. A bucket's
/// end is for the last of those who wait for it.
void add_denials(std::vector<Blocker>& out, const std::vector<throttle::Limit*>& limits, std::uint64_t n,
                 Instant now, Instant since = {});

}  // namespace sluice::delivery
