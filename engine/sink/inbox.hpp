// The last messages received, kept in memory for a person to look at: what would have been sent.
//
// Off unless asked for. A ring with two bounds, messages and bytes: the oldest go. Any thread; a message
// costs a copy under a lock, one in `every` is taken, the others cost one atomic addition.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/sink/guarded.hpp"
#include "engine/smtp/server_envelope.hpp"

namespace sluice::sink {

struct InboxOptions {
  std::string listen = {};                  ///< "127.0.0.1:8030"; empty: no inbox
  std::uint64_t every = 1;                  ///< the first, then each `every`th message
  std::size_t max_messages = 1000;          ///< kept; beyond, the oldest goes
  std::size_t max_bytes = 64 << 20;         ///< of all kept together; the same
  std::size_t max_message_bytes = 1 << 20;  ///< kept of one; it is then marked as cut
  std::size_t max_recipients = 20;          ///< kept of one; the others are counted
  std::vector<std::pair<std::string, std::string>> dkim_records = {};  ///< name in DNS -> TXT
};

/// A message as it came. Text in it is untrusted.
struct InboxMessage {
  std::uint64_t number = 0;  ///< 1, 2 … in the order kept
  std::int64_t time_ms = 0;  ///< since 1970
  std::string persona;
  std::string peer;
  std::string hello;
  std::string tls;     ///< "TLSv1.3 TLS_AES_256_GCM_SHA384"; "" without
  std::string sender;  ///< of MAIL FROM
  std::vector<std::string> recipients;
  std::size_t recipients_beyond = 0;
  std::uint64_t bytes = 0;  ///< as received
  std::string content;      ///< the first of them
  [[nodiscard]] bool cut() const { return content.size() < bytes; }
};
using InboxMessagePtr = std::shared_ptr<const InboxMessage>;  ///< shared: by the ring and pages being made

class Inbox {
 public:
  explicit Inbox(InboxOptions options) : options_(std::move(options)) {}

  [[nodiscard]] bool on() const { return !options_.listen.empty(); }
  [[nodiscard]] const InboxOptions& options() const { return options_; }
  /// Keeps the message when its turn has come.
  void offer(const smtp::Envelope& envelope, std::string_view persona, std::string_view content);

  /// Newest first: at most `most` with a number below `before` (0: any) and, if given, `wanted` in a sender
  /// or recipient (compared without case).
  [[nodiscard]] std::vector<InboxMessagePtr> page(std::uint64_t before, std::size_t most,
                                                  std::string_view wanted) const;
  /// Null when it is not kept (any more).
  [[nodiscard]] InboxMessagePtr find(std::uint64_t number) const;

  struct Counts {
    std::uint64_t seen = 0;
    std::uint64_t kept = 0;  ///< ever
    std::size_t here = 0;
    std::size_t bytes = 0;
  };
  [[nodiscard]] Counts counts() const;

 private:
  struct Ring {
    std::deque<InboxMessagePtr> messages;  ///< oldest first, numbers without a gap
    std::size_t bytes = 0;
    std::uint64_t next = 1;
  };

  InboxOptions options_;
  std::atomic<std::uint64_t> seen_{0};  // a counter: no order is needed
  mutable Guarded<Ring> ring_;
};

}  // namespace sluice::sink
