// A tenant's transactional stream, as the doors put messages into it.
//
// Guarantee: accepted() runs with an id only after the message's body and then its records are on disk.
//
// A suppressed recipient is accepted and has its final event at once, as in a campaign: refusing the
// recipient would tell whoever submits who has unsubscribed from whom, and would make one door behave unlike
// the others.
//
// Rows. The feeder needs the rows of a stream to enter the queue in growing order, but the id, which holds
// the row, stands in the Received field of the stored bytes. So a message gets its rows and its place in the
// body store's order in one step, under a lock; a message kept inside its record passes as a fence. The body
// store then calls back in that order, and from there the records are submitted. The next row is the stream's
// checkpoint, in the same batch as the records: after a restart rows go on, and rows that were given out but
// never committed are free.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/clock.hpp"
#include "engine/delivery/raw_payload.hpp"
#include "engine/message/address.hpp"
#include "engine/store/segments.hpp"
#include "engine/suppression/book.hpp"
#include "queue/queue.hpp"

namespace sluice::delivery {

struct FlowOptions {
  std::string tenant = "default";
  std::string pool = "default";            ///< source pool; of a stream that is made now
  std::chrono::seconds expire{48 * 3600};  ///< the same
  std::size_t inline_bytes = 4096;  ///< a shorter message for one recipient stays in its record; 0-65,536
  suppression::Book* suppressed = nullptr;  ///< null: nobody is; outlives the flow
  std::size_t max_in_flight = 4096;         ///< messages not yet on disk; beyond: refused (limit); 1-65,536
};

struct RawRecipient {
  message::Address address;
  DsnRequest dsn;  ///< all but ret and envid
};

/// A message as a door hands it in. Recipients differ from one another.
struct RawMessage {
  std::string sender;
  std::vector<RawRecipient> recipients;
  bool eight_bit = false;
  bool smtp_utf8 = false;  ///< some header or the sender needs it; a recipient's own need is added
  std::uint8_t ret = 0;
  std::string envid;
  std::string from_domain;
  std::size_t content_header_bytes = 0;  ///< of `content`
  std::string content;                   ///< CRLF text; with `fields` before it, what is stored and sent
  std::function<std::string(const MessageId&, Instant)> fields;  ///< header lines that hold the id
  std::string remote_ip;                                         ///< the submitter's, for the event
  std::string stage = "smtp";                                    ///< the door, for the event
  std::string about;                ///< why it was made, for the event: a report names its message
  std::optional<queue::Debt> pays;  ///< the debt that ends with its acceptance
};

class Flow {
 public:
  /// With the id of the first recipient's record; the others' rows follow. On the body store's or the
  /// committer's thread: must not block.
  using Accepted = std::function<void(const Expected<MessageId>&)>;

  /// Finds the tenant's transactional flow or makes it. The queue must be started. Blocks for a commit.
  [[nodiscard]] static Expected<std::unique_ptr<Flow>> open(FlowOptions options, queue::Queue& queue,
                                                            store::Segments& segments, const Clock& clock);

  /// Any thread. On error `accepted` is not called and nothing was stored: limit, unavailable (the store
  /// cannot write), no_space (too little disk is free), conflict (the stream was cancelled), cancelled (we
  /// are stopping).
  [[nodiscard]] Expected<> submit(RawMessage message, Accepted accepted);
  [[nodiscard]] const queue::StreamPtr& stream() const { return stream_; }
  /// Can a message be taken now? Cheap; any thread.
  [[nodiscard]] Expected<> ready() const;

 private:
  struct Pending;

  Flow(FlowOptions options, queue::Queue& queue, store::Segments& segments, const Clock& clock)
      : options_(std::move(options)), queue_(queue), segments_(segments), clock_(clock) {}
  static void inject(const std::shared_ptr<Pending>& pending, const Expected<store::StoredBody>& stored);

  const FlowOptions options_;
  queue::Queue& queue_;
  store::Segments& segments_;
  const Clock& clock_;
  queue::StreamPtr stream_;
  std::mutex mutex_;  ///< over next_row_ and the order of append(): see above
  Row next_row_ = 0;
  // shared: messages on their way count down after the flow is gone
  std::shared_ptr<std::atomic<std::size_t>> in_flight_ = std::make_shared<std::atomic<std::size_t>>(0);
};

}  // namespace sluice::delivery
