// Greylisting is no push-back: it has a ladder of its own, and a site that lets mail in after a certain delay
// is asked again after just that the next time. One owner thread (a site belongs to one worker); bounded,
// forgotten at a restart.
#pragma once

#include <string_view>
#include <vector>

#include "engine/base/lru_cache.hpp"
#include "engine/shaping/rule.hpp"

namespace sluice::shaping {

class Greylist {
 public:
  /// `ladder` not empty: the waits where nothing is known of the site.
  Greylist(std::vector<Millis> ladder, const Options& options)
      : ladder_(std::move(ladder)), keep_(options.greylist_keep), sites_(options.max_greylist_sites) {}

  /// How long to wait after the record's nth refusal (from 1).
  [[nodiscard]] Millis wait(std::string_view site, unsigned refusals, Instant now);
  /// A record was taken after so many refusals, at least 1: the time they took together is remembered.
  void passed(std::string_view site, unsigned refusals, Instant now);
  /// What is remembered of the site.
  [[nodiscard]] std::optional<Millis> remembered(std::string_view site, Instant now);

 private:
  [[nodiscard]] Millis step(unsigned refusals) const;

  const std::vector<Millis> ladder_;
  const std::chrono::hours keep_;
  LruCache<Millis> sites_;
};

}  // namespace sluice::shaping
