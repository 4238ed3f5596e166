// From what happened to mail to who gets no more of it: reads the events and changes the book.
//
// Guarantee: each event is dealt with exactly once, across kill -9: the book's changes of a page and the
// cursor behind it are one commit. Events stay in the outbox until they are dealt with (Book::cursor,
// EventLog), so a slow feed costs disk and loses nothing.
//
// A final `bounced` (or a `returned`) of a suppressing class adds the address, for invalid-domain the domain
// for a time; a complaint adds the address; mailbox-full counts a soft bounce, a delivery clears them.
// Nothing else touches the address: a block of our IP says nothing about it (FACTS 4).
//
// Upkeep's thread.
#pragma once

#include "engine/suppression/book.hpp"

namespace sluice::suppression {

class BounceFeed {
 public:
  BounceFeed(queue::Queue& queue, Book& book) : queue_(queue), book_(book) {}

  /// Deals with events up to `exported` that were not yet, a page of them; how many. Waits for the commit.
  /// limit: the delta is full, and nothing was dealt with.
  [[nodiscard]] Expected<std::size_t> step(std::uint64_t exported);

 private:
  void take(const queue::Event& event, Changes& changes) const;
  void take_bounce(const queue::Event& event, const std::string& tenant, Changes& changes) const;

  queue::Queue& queue_;
  Book& book_;
};

}  // namespace sluice::suppression
