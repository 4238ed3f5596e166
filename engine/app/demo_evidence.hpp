// What the demo finds when it looks at what was received, as a stranger would: by reading files.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <unordered_set>
#include <vector>

#include "engine/app/demo_ledger.hpp"
#include "engine/base/error.hpp"
#include "engine/base/id.hpp"

namespace sluice::app {

struct MessageIdHash {
  std::size_t operator()(const MessageId& id) const {
    return static_cast<std::size_t>(id.high * 31 ^ id.low);
  }
};
using MessageIds = std::unordered_set<MessageId, MessageIdHash>;

struct Received {
  MessageIds ids;
  std::uint64_t again = 0;
};

/// The receivers' id logs (engine/sink/ledger.hpp) of all runs together. corrupt: a whole line that is none.
[[nodiscard]] Expected<Received> read_received(const std::vector<std::string>& logs);

/// Holds recipients.jsonl against what was received: sets told, lost, untold and matched.
[[nodiscard]] Expected<> match_results(const std::string& recipients_file, const Received& received,
                                       DemoFacts& facts);

struct SignatureCheck {
  std::uint64_t messages = 0;
  std::uint64_t signatures = 0;
  std::uint64_t verified = 0;  ///< messages with signatures that all verify
  std::string trouble;         ///< the first that does not, and why
};

/// Verifies every .eml file in the folders. `records`: DNS name to key record.
[[nodiscard]] Expected<SignatureCheck> check_signatures(const std::vector<std::string>& folders,
                                                        const std::map<std::string, std::string>& records,
                                                        Instant now);

}  // namespace sluice::app
