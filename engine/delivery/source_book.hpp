// Our sending addresses as operators see them: which are suspended, everywhere or at one provider, and the
// number by which a record remembers its source.
//
// Kept in the store (FORMAT.md, `suspend.` and `source.`): a suspension outlives a restart, and a number
// means the same source however the configuration orders them. A suspended source opens no connection and
// begins no attempt; its mail waits or goes by another source of the pool.
//
// Any thread. Paths look at generation() and ask again when it has moved.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "engine/delivery/options.hpp"

namespace sluice::delivery {

struct Suspension {
  std::string source;
  std::string provider;  ///< empty: everywhere
  std::int64_t since_ms = 0;
  std::int64_t until_ms = 0;  ///< 0: until it is resumed
  std::string cause;
  std::string by;  ///< "operator", or the rule that did it
};

/// Whether a source may be used at a provider.
struct SourceStanding {
  Instant since{};                 ///< suspended since then
  Instant until = Instant::min();  ///< Instant::max(): until it is resumed; in the past: it is not suspended
};

inline constexpr std::size_t kMaxSuspensions = 10'000;

class SourceBook {
 public:
  /// Reads what the store keeps, and numbers sources it has not met. Both outlive the book.
  [[nodiscard]] static Expected<std::unique_ptr<SourceBook>> open(queue::Queue& queue,
                                                                  const std::vector<SourceOptions>& sources);

  /// What Trail::source says for Options::sources[source].
  [[nodiscard]] std::uint16_t number(std::size_t source) const { return numbers_[source]; }
  [[nodiscard]] std::uint64_t generation() const { return generation_.load(std::memory_order_acquire); }
  [[nodiscard]] SourceStanding standing(const std::string& source, const std::string& provider) const;
  [[nodiscard]] std::vector<Suspension> suspensions() const;

  /// Durable and in force when it returns, with an event `suspended`; one of the same source and provider is
  /// replaced and keeps its `since`. not_found: no such source. limit: kMaxSuspensions. Blocks for a commit.
  [[nodiscard]] Expected<> suspend(Suspension suspension, Instant now);
  /// not_found: it is not suspended there.
  [[nodiscard]] Expected<> resume(const std::string& source, const std::string& provider,
                                  const std::string& by, Instant now);
  /// Forgets suspensions whose time is over. Blocks for a commit when there is one.
  void expire(Instant now);
  /// Called after each change, on the thread that made it. Before traffic.
  void set_listener(std::function<void()> listener) { listener_ = std::move(listener); }

 private:
  SourceBook(queue::Queue& queue, const std::vector<SourceOptions>& sources)
      : queue_(queue), sources_(sources) {}

  Expected<> load_suspensions();
  Expected<> number_sources();
  [[nodiscard]] bool known(const std::string& source) const;
  [[nodiscard]] std::optional<Suspension> find(const std::string& source, const std::string& provider) const;
  Expected<> remove(const Suspension& suspension, const std::string& why, Instant now);
  void changed();

  queue::Queue& queue_;
  const std::vector<SourceOptions>& sources_;
  std::vector<std::uint16_t> numbers_;  ///< by index in sources_
  std::function<void()> listener_;
  std::atomic<std::uint64_t> generation_{1};
  mutable std::mutex mutex_;
  std::vector<Suspension> suspensions_;  ///< few
};

}  // namespace sluice::delivery
