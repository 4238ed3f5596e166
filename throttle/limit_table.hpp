// The limits that policies and overrides have grown, by key. A key is the prefix of whoever made the limit
// (which rule, which kind) and the values of its "*" dimensions; a limit is found again by it after a reload
// and, through a snapshot, after a restart.
//
// Bounded: at max_limits the idle ones (full, unused, unheld) are forgotten, which changes nothing; if none
// is idle, further values of a rule share one limit named "(others)", and overflowed() counts them.
//
// Threads: under the lock of its PolicySet.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "throttle/limit.hpp"

namespace sluice::throttle {

/// A limit's state across a restart. `key` is opaque and stable while name and match of its policy are.
struct SavedLimit {
  std::string key;
  LimitState state;
};

/// What a limit is to be.
struct LimitSpec {
  std::string prefix;  ///< names rule and kind
  std::string values;  ///< of its "*" dimensions; empty: the rule has one limit of the kind
  std::string title;
  std::string where;
  LimitValue value;
  Instant ends = Limit::kForever;
};

class LimitTable {
 public:
  explicit LimitTable(std::size_t max_limits) : max_limits_(max_limits) {}

  struct Found {
    std::shared_ptr<Limit> limit;  // shared: by the table, and every answer that names it
    std::string_view key;          ///< lives as long as the limit is in the table
  };
  /// The limit of this key, under the spec's value and end; made when it is not there. At the bound it calls
  /// `make_room` once.
  [[nodiscard]] Found get(const LimitSpec& spec, Instant now, const std::function<void()>& make_room);

  /// Journal and saved state for a limit, here or made elsewhere.
  void adopt(Limit& limit, const std::string& key, Instant now);

  /// Drops every limit for which `keep` says false, and wakes who waits for it.
  void keep(const std::function<bool(std::string_view prefix, Limit& limit)>& keep);
  /// Drops what is idle and held by nobody else. Cheap when the last call found little.
  void forget_idle(Instant now);

  /// Changes of what it makes are reported there. Before traffic.
  void set_journal(LimitJournal* journal) { journal_ = journal; }
  [[nodiscard]] std::vector<SavedLimit> snapshot(Instant now) const;
  void restore(std::span<const SavedLimit> saved, Instant now);

  void each(const std::function<void(const std::shared_ptr<Limit>& limit)>& visit) const;
  void wake_all();
  [[nodiscard]] std::size_t size() const { return limits_.size(); }
  [[nodiscard]] std::uint64_t overflowed() const { return overflowed_; }

 private:
  struct Entry {
    std::shared_ptr<Limit> limit;  // see Found
    std::size_t prefix = 0;        ///< bytes of the key
  };

  const std::size_t max_limits_;
  std::unordered_map<std::string, Entry> limits_;
  std::unordered_map<std::string, LimitState> restored_;  ///< not met again yet
  std::optional<Instant> restored_at_;
  LimitJournal* journal_ = nullptr;
  std::size_t credit_ = 0;  ///< misses until a sweep is worth its time again
  std::uint64_t overflowed_ = 0;
};

}  // namespace sluice::throttle
