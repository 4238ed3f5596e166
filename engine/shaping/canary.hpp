// The first recipients of a campaign at each provider go ahead of the others, who wait for what becomes of
// them: a bad list or a message nobody wants is noticed after a few hundred refusals, not after a million.
//
// A provider passes when `size` of its recipients have an answer, or `wait` has passed since the last of them
// left; sites without a provider pass together, as one. One provider that trips holds the whole campaign.
// A campaign that is nowhere held back costs a load or two a record.
//
// Threads: any; a mutex, taken while a campaign's canary is out at the provider. What may go freely (no
// canary, or it has passed there) is remembered in a table of fixed size without a lock. State is lost at a
// restart: the canary begins again with the recipients that are left.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/clock.hpp"
#include "engine/base/id.hpp"
#include "engine/shaping/rule.hpp"

namespace sluice::shaping {

struct CanaryOptions {
  std::uint32_t size = 0;     ///< recipients a provider; 0: no canary
  double max_bounced = 0.05;  ///< share of hard bounces among the answers
  double max_unknown = 0.10;  ///< share of refusals of class `other`
  Millis wait{600'000};       ///< for answers that do not come

  friend bool operator==(const CanaryOptions&, const CanaryOptions&) = default;
};

/// What tick() found out about a campaign.
struct CanaryNews {
  StreamId stream = 0;
  bool tripped = false;
  std::string text;  ///< for a person
};

class Canary {
 public:
  /// Before the campaign's records are fed. Nothing for size 0.
  void begin(StreamId stream, const CanaryOptions& options);
  /// The campaign goes on without, or is over.
  void end(StreamId stream);
  [[nodiscard]] bool watches(StreamId stream) const;

  /// One more may leave for the provider now.
  [[nodiscard]] bool may_go(StreamId stream, std::string_view provider) const;
  /// It was granted.
  void went(StreamId stream, std::string_view provider, Instant now);
  /// An answer, from a reply of any kind.
  void answered(StreamId stream, std::string_view provider, bool hard_bounce, bool unknown);

  /// Judges what is due. Passed: the campaign's waiting lanes may be asked again. Tripped: it should be held;
  /// its canary has ended.
  [[nodiscard]] std::vector<CanaryNews> tick(Instant now);

 private:
  struct Flock {
    std::uint32_t gone = 0;
    std::uint32_t answers = 0;
    std::uint32_t bounced = 0;
    std::uint32_t unknown = 0;
    Instant last{};
    bool passed = false;
  };
  struct Watched {
    CanaryOptions options;
    std::map<std::string, Flock, std::less<>> providers;
  };
  [[nodiscard]] static std::string trip_of(const Watched& watched, std::string_view provider,
                                           const Flock& flock);

  static constexpr std::size_t kFree = 1024;
  [[nodiscard]] static std::uint64_t mark_of(StreamId stream, std::string_view provider);
  [[nodiscard]] bool free(std::uint64_t mark) const {
    return free_[mark % kFree].load(std::memory_order_acquire) == mark;
  }
  /// With the mutex held, so that begin() cannot be overtaken.
  void set_free(std::uint64_t mark) const { free_[mark % kFree].store(mark, std::memory_order_release); }

  /// mark_of() what may go freely; one that was overwritten by another asks under the mutex again.
  mutable std::array<std::atomic<std::uint64_t>, kFree> free_{};
  std::atomic<std::size_t> watched_count_{0};  ///< of streams_, so that most never take the mutex
  mutable std::mutex mutex_;
  std::map<StreamId, Watched> streams_;
};

}  // namespace sluice::shaping
