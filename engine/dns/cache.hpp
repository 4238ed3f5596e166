// Answers kept by question until their time to live is over, within bounds on number and age.
//
// It stands before the resolver library's own cache to save the trip to its thread, and to hold our bounds: a
// TTL of 0 must not mean a query a message, nor one of a year outlive a server's move. What failed is kept
// for a moment (RFC 2308 §7), so that a broken domain is not asked for every recipient. Time is an argument.
// One thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include "engine/base/clock.hpp"
#include "engine/base/lru_cache.hpp"
#include "engine/dns/answer.hpp"

namespace sluice::dns {

struct CacheOptions {
  std::size_t max_entries = 50'000;              ///< 1 or more; the longest unused answer goes first
  std::chrono::seconds min_ttl{5};               ///< answers with records live at least so long
  std::chrono::seconds max_ttl{86'400};          ///< and at most so long
  std::chrono::seconds min_negative_ttl{30};     ///< the same for "no such domain" and "no such records"
  std::chrono::seconds max_negative_ttl{3'600};  ///< (RFC 2308 §5: one to three hours work well)
  std::chrono::seconds failure_ttl{10};          ///< SERVFAIL and bogus; RFC 2308 §7.1 allows up to 300
};

/// An answer and the moment from which it must be asked for again.
struct Lookup {
  AnswerPtr answer;
  Instant expires{};
};

class AnswerCache {
 public:
  explicit AnswerCache(const CacheOptions& options) : options_(options), entries_(options.max_entries) {}

  [[nodiscard]] std::optional<Lookup> find(const Question& question, Instant now);
  /// Keeps the answer and returns it with its clamped expiry.
  Lookup put(const Question& question, AnswerPtr answer, Instant now);
  /// Forgets everything: after the network changed.
  void clear() { entries_.clear(); }

  [[nodiscard]] std::size_t size() const { return entries_.size(); }
  [[nodiscard]] std::uint64_t evictions() const { return entries_.evictions(); }

 private:
  CacheOptions options_;
  LruCache<AnswerPtr> entries_;
};

}  // namespace sluice::dns
