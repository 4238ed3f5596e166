// What a stream's records are turned into when they are sent. Stored once per stream, compiled once per
// process.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "engine/delivery/prepared.hpp"
#include "engine/message/dkim.hpp"
#include "queue/queue.hpp"

namespace sluice::delivery {

/// Immutable; any thread.
class StreamContent {
 public:
  virtual ~StreamContent() = default;
  /// Fills everything of `out` but `held` and `id`, which are set. The same record always gives the same
  /// bytes, apart from the signatures' time. Errors are permanent for this record.
  [[nodiscard]] virtual Expected<> prepare(const queue::Record& record, message::DkimSigner& signer,
                                           Instant now, Prepared& out) const = 0;
  /// The record's `meta` as a JSON object; empty when it has none.
  [[nodiscard]] virtual std::string meta(const queue::Record& record) const = 0;
  /// The list the mail belongs to, for suppression; "": to none.
  [[nodiscard]] virtual std::string list_id() const { return {}; }
  /// MAIL FROM of the record, for events of attempts that never got so far.
  [[nodiscard]] virtual std::string sender(const queue::Record& record, const MessageId& id) const = 0;
};

/// Compiles a stream's stored bytes (queue content part `source`); the first byte of them says the kind.
using ContentLoader = std::function<Expected<std::shared_ptr<const StreamContent>>(
    const queue::Stream& stream, std::string_view bytes)>;

inline constexpr std::string_view kContentPart = "source";

/// Compiled contents by stream. Any thread; a load holds the lock, because every worker wants the same one
/// then.
class ContentStore {
 public:
  ContentStore(queue::Queue& queue, ContentLoader loader) : queue_(queue), loader_(std::move(loader)) {}

  /// An error is remembered: it stays until forget().
  [[nodiscard]] Expected<std::shared_ptr<const StreamContent>> get(const queue::Stream& stream);
  /// The stream is done: its content leaves memory with the last message that uses it.
  void forget(StreamId stream);

 private:
  queue::Queue& queue_;
  const ContentLoader loader_;
  std::mutex mutex_;
  // shared: messages being sent keep the content of a stream that was forgotten meanwhile
  std::map<StreamId, Expected<std::shared_ptr<const StreamContent>>> contents_;
};

}  // namespace sluice::delivery
