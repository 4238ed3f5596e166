// One endpoint at work: reads the event files behind its cursor, posts batch after batch, in order, and moves
// the cursor when a batch was taken.
//
// Guarantee: every event the filter takes is posted until a 2xx answers it, also across kill -9 (at least
// once, the same batch under the same webhook-id), unless its file is gone: what was passed over is counted,
// told as an `alert` event and said in the next batch. An answer other than 2xx, or none, is tried again with
// back-off, without end; 410 disables the endpoint until an operator resumes it.
//
// The webhooks' thread; view() from any.
#pragma once

#include <boost/asio/steady_timer.hpp>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>

#include "engine/base/clock.hpp"
#include "engine/base/random.hpp"
#include "engine/net/task_group.hpp"
#include "engine/net/worker.hpp"
#include "engine/webhook/batch.hpp"
#include "engine/webhook/http_post.hpp"
#include "engine/webhook/options.hpp"
#include "engine/webhook/secret.hpp"
#include "engine/webhook/standing.hpp"
#include "metrics/registry.hpp"
#include "queue/queue.hpp"

namespace sluice::webhook {

/// Options that passed their checks, with the secrets read.
struct Target {
  EndpointOptions options;
  Url url;
  std::vector<Secret> secrets;

  [[nodiscard]] static Expected<Target> make(const EndpointOptions& options);
};

/// What endpoints share; outlives them.
struct Shared {
  const Options options;
  net::Worker& worker;
  queue::Queue& queue;
  const Clock& clock;
  metrics::Shard& shard;
  std::function<std::uint64_t()> exported;  ///< number of the last event in the files
  std::unique_ptr<net::TlsClientContext> tls;
};

/// What an endpoint does, for people.
struct EndpointView {
  std::string name;
  std::string url;
  std::string state;  ///< "idle", "sending", "waiting" (after a failure), "disabled"
  std::uint64_t after = 0;
  std::uint64_t batches = 0;  ///< taken since the start
  std::uint64_t events = 0;
  std::uint64_t missing = 0;  ///< events passed over since the start
  unsigned failures = 0;      ///< in a row
  std::string error;          ///< of the last one; until a batch is taken
  std::int64_t next_ms = 0;   ///< when the batch is tried again
  std::int64_t disabled_ms = 0;
};

/// What a test request came to.
struct TestResult {
  int status = 0;
  std::string error;  ///< empty: an answer came
  std::string begin;  ///< of its body
  std::int64_t took_ms = 0;
};

class Endpoint : public std::enable_shared_from_this<Endpoint> {
 public:
  Endpoint(Shared& shared, Target target, Standing standing);

  /// Until end(), or the group it was spawned in is cancelled.
  net::Task<> run();
  void end();
  /// From the next batch on; new secrets alone from the next attempt on.
  void set_target(Target target);
  /// Events behind `after` go again, under new ids; also ends a 410. `done` on the committer's thread.
  void replay(std::uint64_t after, queue::Done done);
  /// A disabled endpoint goes on where it was, and one that waits tries at once.
  void resume(queue::Done done);
  /// One signed request of type `test`, on a connection of its own.
  net::Task<TestResult> test();

  [[nodiscard]] EndpointView view() const;

 private:
  bool collect();
  bool due() const;
  [[nodiscard]] net::Task<bool> is_over() const;
  void tell_missing();
  void drop_batch();
  net::Task<bool> begin();
  net::Task<> attempt();
  void taken();
  void failed(int status, const std::string& why, std::optional<std::chrono::milliseconds> asked);
  net::Task<> keep();
  net::Task<> keep_idle();
  net::Task<> sleep(std::chrono::milliseconds time);
  void save(queue::Done done);
  void publish(std::string state);
  [[nodiscard]] Headers headers(std::string_view id, const std::string& body) const;
  void count(const metrics::Family& family, std::string_view result, double n);

  Shared& shared_;
  Target target_;
  Standing standing_;
  Standing kept_;  ///< as last written
  std::optional<queue::EventReader> reader_;
  std::optional<Batch> batch_;
  std::chrono::steady_clock::time_point batch_begun_{};
  bool batch_ready_ = false;        ///< its end is on disk
  std::shared_ptr<HttpPost> http_;  // shared: with a post under way when the target changes
  boost::asio::steady_timer timer_;
  std::chrono::steady_clock::time_point kept_at_{};
  Random random_ = Random::from_system();
  std::uint64_t generation_ = 0;  ///< grows when what is under way no longer counts
  unsigned failures_ = 0;
  bool ended_ = false;
  bool nudged_ = false;  ///< the sleep to come is over
  mutable std::mutex view_mutex_;
  EndpointView view_;
};

}  // namespace sluice::webhook
