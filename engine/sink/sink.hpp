// The scripted receiver: `sluice sink`, the demo's other end, and what tests and benchmarks deliver to.
//
// Each address has a persona; each worker thread listens on all addresses (SO_REUSEPORT). Nothing is stored
// but what is asked for: samples, the id log, the inbox in memory. start() returns with the addresses bound
// and threads running; stop() ends sessions, flushes the log, writes the statistics file. All functions may
// be called from any thread but a worker.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "engine/base/error.hpp"
#include "engine/sink/inbox.hpp"
#include "engine/sink/ledger.hpp"
#include "engine/sink/persona.hpp"
#include "engine/sink/samples.hpp"
#include "engine/sink/stats.hpp"

namespace sluice::sink {

struct SinkAddress {
  std::string listen = "127.0.0.1:0";  ///< "127.0.0.2:2525", "[::1]:2525"; port 0: any free one
  Persona persona = {};
};

enum class Accounting {
  ids,       ///< unique and duplicate deliveries, domains, samples, log
  counting,  ///< messages and bytes only: raw speed
};

struct Options {
  std::vector<SinkAddress> addresses = {SinkAddress{}};  ///< 1-1000
  std::size_t threads = 1;                               ///< 1-64
  std::uint64_t seed = 1;                                ///< shares and draws are a function of it
  Accounting accounting = Accounting::ids;
  std::string hostname = "sink.test";      ///< in the greeting and the certificate
  std::size_t max_connections = 10'000;    ///< an address and thread; beyond: 421 4.3.2
  std::size_t max_domains = 100'000;       ///< counted apart, a thread; the rest as "*"
  std::size_t max_text_line_bytes = 1000;  ///< RFC 5321 §4.5.3.1.6; longer lines refuse the message
  LedgerOptions ledger = {};
  SampleOptions samples = {};
  InboxOptions inbox = {};      ///< a page to look at what came; not in counting mode
  std::string stats_file = {};  ///< written by stop(); empty: none
};

class Sink {
 public:
  /// Fails, leaving nothing behind, on a bad option, an address that cannot be bound or a file that cannot be
  /// made.
  [[nodiscard]] static Expected<std::unique_ptr<Sink>> start(Options options);
  /// Stops if that was not done.
  ~Sink();

  /// "127.0.0.1:40123" for each of options.addresses, in order.
  [[nodiscard]] std::vector<std::string> addresses() const;
  /// Where the inbox is, "127.0.0.1:40123"; "" without one.
  [[nodiscard]] std::string inbox_address() const;
  /// A snapshot; counters of one message may be apart by that message.
  [[nodiscard]] Stats stats() const;
  /// Refuses new connections, gives sessions a second to end, flushes. Fails when the statistics file or the
  /// log could not be written; the sink is stopped all the same. Again: the same statistics.
  Expected<Stats> stop();

 private:
  struct State;
  explicit Sink(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace sluice::sink
