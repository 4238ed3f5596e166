// What comes back, applied: finds the message a token stands for, and turns a bounce, a complaint or an
// unsubscription into its event and, for the latter, its suppression.
//
// Guarantee: only a token of ours names the recipient; an address written in a report never does. When
// apply() has answered, event and suppression are on disk, and with an unsubscription no attempt to that
// address begins any more. What a bounce or complaint means for the address follows from its event
// (suppression/bounce_feed.hpp), exactly once. The same bounce or complaint about one message is told once
// (told.hpp).
//
// The recipient is found in the `sent` index, so as long as it is kept after the delivery ([store]
// sent_keep). find() reads the disk: not for delivery workers. Any other thread.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/feedback/parse_feedback.hpp"
#include "engine/feedback/token_keys.hpp"
#include "engine/inbound/told.hpp"
#include "engine/net/task.hpp"
#include "engine/suppression/book.hpp"
#include "queue/event_log.hpp"

namespace sluice::inbound {

/// Whom a token stands for.
struct Addressee {
  MessageId id;
  queue::StreamPtr stream;
  queue::SentEntry sent;

  [[nodiscard]] const std::string& address() const { return sent.address; }
};

/// Where mail to a domain goes, as events name it; empty where it is not known.
struct Place {
  std::string site;
  std::string provider;
};

/// What is to be written. Nothing is said twice: `what` is the event's name, or why there is none.
struct Outcome {
  /// returned, complaint, unsubscribed; autoreply, delayed, repeated, nothing, unknown
  std::string what = "nothing";
  std::string recipient;
  std::string bounce_class;
  std::vector<std::string> events;  ///< encoded
  suppression::Changes changes;
  std::vector<Told::Key> told;       ///< once it is written
  std::vector<queue::SentRow> sent;  ///< that remember it

  [[nodiscard]] bool empty() const { return events.empty() && changes.add.empty(); }
};

enum class Reach : std::uint8_t { list, all };  ///< of an unsubscription

class Returns {
 public:
  using ListOf = std::function<std::string(const queue::Stream&)>;      ///< list_id of a stream, "" for none
  using PlaceOf = std::function<net::Task<Place>(std::string domain)>;  ///< ends by itself, soon

  /// All outlive it.
  Returns(queue::Queue& queue, const queue::SentIndex& sent, suppression::Book& book,
          const feedback::TokenKeys& keys, const feedback::Classifier& classifier, const Clock& clock,
          ListOf list_of, PlaceOf place_of)
      : queue_(queue),
        sent_(sent),
        book_(book),
        keys_(keys),
        classifier_(classifier),
        clock_(clock),
        list_of_(std::move(list_of)),
        place_of_(std::move(place_of)) {}

  [[nodiscard]] const feedback::TokenKeys& keys() const { return keys_; }
  [[nodiscard]] const Clock& clock() const { return clock_; }
  [[nodiscard]] feedback::Feedback parse(std::string_view message) const {
    return feedback::parse_feedback(message, classifier_);
  }
  /// A token of ours in the message a report quotes: its token field, Message-ID, return path, unsubscribe
  /// addresses; and, where nobody else says it, in the address the report was sent to.
  [[nodiscard]] std::optional<MessageId> token_in(const feedback::Feedback& report) const;
  /// Nothing: not delivered, or too long ago.
  [[nodiscard]] Expected<std::optional<Addressee>> find(const MessageId& id) const;

  [[nodiscard]] net::Task<Place> place_of(std::string domain) { return place_of_(std::move(domain)); }

  [[nodiscard]] Outcome judge(const Addressee& to, const Place& place,
                              const feedback::Feedback& report) const;
  /// `how`: "one-click", "page", "mailto".
  [[nodiscard]] Outcome unsubscribe(const Addressee& to, Reach reach, std::string_view how) const;
  /// unavailable (also: the same is being told now), limit: try again later. timeout: it may be written yet.
  net::Task<Expected<>> apply(Outcome outcome, std::chrono::milliseconds timeout);

 private:
  /// It was told already, and `out` says so; else it is noted there.
  [[nodiscard]] bool repeated(Outcome& out, const Addressee& to, queue::EventKind kind) const;
  net::Task<Expected<>> write(Outcome outcome, std::chrono::milliseconds timeout);

  queue::Queue& queue_;
  const queue::SentIndex& sent_;
  suppression::Book& book_;
  const feedback::TokenKeys& keys_;
  const feedback::Classifier& classifier_;
  const Clock& clock_;
  const ListOf list_of_;
  const PlaceOf place_of_;
  Told told_;
};

}  // namespace sluice::inbound
