// The resolver: answers to DNS questions, from the cache or from name servers, for the coroutines of one
// thread.
//
// A question that is being asked already is joined, not asked twice. At most max_in_flight are with the
// servers and max_queued wait; beyond that a lookup fails with ErrorCode::unavailable. What servers say, or
// do not say within query_timeout, is an Answer; Errors are only ours: timeout (the caller's deadline),
// unavailable, cancelled. Threads: one owner, the thread that runs `home`; stats() from any. The library's
// own thread does the waiting.
#pragma once

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "engine/base/clock.hpp"
#include "engine/base/error.hpp"
#include "engine/dns/cache.hpp"
#include "engine/dns/unbound.hpp"
#include "engine/net/deadline.hpp"
#include "engine/net/task.hpp"

namespace sluice::dns {

struct ResolverOptions {
  UnboundOptions library;
  CacheOptions cache;
  std::size_t max_in_flight = 512;  ///< questions with the servers, 1-2,000; further ones queue
  std::size_t max_queued = 20'000;  ///< questions waiting for their turn; further ones are refused
  std::chrono::milliseconds query_timeout{10'000};  ///< with the servers; then the answer is "failed"
};

/// Since the start, except the last three.
struct ResolverStats {
  std::uint64_t lookups = 0;    ///< all that follow, and those that joined
  std::uint64_t hits = 0;       ///< answered from the cache
  std::uint64_t joined = 0;     ///< found their question on its way
  std::uint64_t asked = 0;      ///< questions given to the library
  std::uint64_t refused = 0;    ///< queue full
  std::uint64_t negative = 0;   ///< answers: no such domain or records
  std::uint64_t failed = 0;     ///< answers: SERVFAIL and the like, bogus
  std::uint64_t timed_out = 0;  ///< no answer within query_timeout
  std::uint64_t evicted = 0;    ///< cache entries that made room
  std::uint64_t in_flight = 0;
  std::uint64_t queued = 0;
  std::uint64_t cached = 0;
};

class Resolver {
 public:
  /// `clock` and `home` must outlive the resolver. invalid_input: a server, zone or anchor is not what it
  /// should be.
  [[nodiscard]] static Expected<std::unique_ptr<Resolver>> make(net::asio::io_context& home,
                                                                const Clock& clock,
                                                                const ResolverOptions& options);
  /// Closes. On the owner's thread, or when `home` no longer runs.
  ~Resolver();
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;

  /// Called with each answer of the servers (or its absence) and the time they took, on the owner's thread.
  void set_meter(std::function<void(const Answer&, std::chrono::nanoseconds)> meter);

  /// The name must be canonical.
  net::Task<Expected<Lookup>> lookup(Question question, net::Deadline deadline);
  /// All at once; results in the order of the questions. One that fails does not end the others.
  net::Task<std::vector<Expected<Lookup>>> lookup_all(std::vector<Question> questions,
                                                      net::Deadline deadline);

  /// Every waiting lookup ends with ErrorCode::cancelled, and so does every later one. Idempotent.
  void close();
  /// Forgets all cached answers.
  void flush();
  /// Any thread.
  [[nodiscard]] ResolverStats stats() const;

 private:
  struct State;
  explicit Resolver(std::shared_ptr<State> state);
  std::shared_ptr<State> state_;  // shared with completion handlers that Asio may run or drop after us
};

}  // namespace sluice::dns
