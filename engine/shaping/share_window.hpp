// Outcomes of one path, campaign or tenant in a moving window, in twelve parts. One owner thread.
#pragma once

#include <array>
#include <cstdint>

#include "engine/shaping/rule.hpp"

namespace sluice::shaping {

struct Counts {
  std::uint64_t answers = 0;  ///< attempts that had a reply; the next four count some of them
  std::uint64_t delivered = 0;
  std::uint64_t deferred = 0;    ///< without greylisting, full mailboxes and what a rule has acted on
  std::uint64_t bounced = 0;     ///< hard: no such recipient or domain
  std::uint64_t unknown = 0;     ///< refusals of class `other`
  std::uint64_t complaints = 0;  ///< these come later, and are no answers
  std::uint64_t blocked = 0;     ///< refusals about us or our content that no rule has acted on

  Counts& operator+=(const Counts& more);
  friend bool operator==(const Counts&, const Counts&) = default;
};

/// The share a controller looks at, and of how many.
struct Judged {
  double share = 0;
  std::uint64_t of = 0;
};
[[nodiscard]] Judged judge(Share share, const Counts& counts);

class ShareWindow {
 public:
  explicit ShareWindow(Millis window) : window_(window) {}

  void add(Instant now, const Counts& counts);
  [[nodiscard]] Counts sum(Instant now) const;
  /// Begins anew: what was acted on is not held against it twice.
  void clear() { parts_ = {}; }

 private:
  static constexpr std::int64_t kParts = 12;
  struct Part {
    std::int64_t number = -1;
    Counts counts;
  };
  [[nodiscard]] std::int64_t number_of(Instant at) const;

  Millis window_;
  std::array<Part, kParts> parts_{};
};

}  // namespace sluice::shaping
