// What a sink has seen, as numbers and as JSON.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "engine/sink/domain_table.hpp"

namespace sluice::sink {

/// One address and its persona; the counters are those of SiteCounters.
struct SiteStats {
  std::string listen;
  std::string persona;
  std::uint64_t connections = 0;
  std::uint64_t connections_refused = 0;
  std::uint64_t most_open = 0;
  std::uint64_t mails = 0;
  std::uint64_t peak_mails_per_s = 0;
  std::uint64_t rate_limited = 0;
  std::uint64_t recipients = 0;
  std::uint64_t bounced = 0;
  std::uint64_t mailbox_full = 0;
  std::uint64_t greylisted = 0;
  std::uint64_t deferred = 0;
  std::uint64_t scripted = 0;
  std::uint64_t messages = 0;
  std::uint64_t deliveries = 0;
  std::uint64_t duplicates = 0;
  std::uint64_t unidentified = 0;
  std::uint64_t dropped = 0;
  std::uint64_t bytes = 0;
  std::uint64_t tls_mails = 0;
  /// For rate or connections, in each second since the first connection.
  std::vector<std::uint32_t> refusals = {};
};

struct Stats {
  double seconds = 0;         ///< since the start
  double active_seconds = 0;  ///< from the first message to the last
  std::uint64_t messages = 0;
  std::uint64_t deliveries = 0;
  std::uint64_t unique = 0;  ///< deliveries of different (id, recipient); 0 in counting mode
  std::uint64_t duplicates = 0;
  std::uint64_t untracked = 0;  ///< beyond max_ids: unique or not, nobody knows
  std::uint64_t bytes = 0;
  std::uint64_t samples = 0;
  bool log_complete = true;                     ///< the id log could be written
  std::vector<SiteStats> sites;                 ///< in the order of the options
  std::map<std::string, DomainCounts> domains;  ///< empty in counting mode

  [[nodiscard]] std::string to_json() const;
};

}  // namespace sluice::sink
