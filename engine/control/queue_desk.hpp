// What operators ask of the queue of a running service: look, count, edit, hold. Also its housekeeping
// between their questions: expiry of what nobody serves, and the count behind the summary.
//
// Control's thread only. An edit waits for its commit there: a thousand records at a time, and the caller
// asks again for the next ones.
#pragma once

#include <boost/json/object.hpp>
#include <map>
#include <memory>
#include <string>

#include "engine/control/queue_query.hpp"
#include "queue/census.hpp"
#include "queue/sweeper.hpp"

namespace sluice::control {

class Service;

class QueueDesk {
 public:
  explicit QueueDesk(Service& service);

  /// A few times a second.
  void tick(Instant now);

  [[nodiscard]] const QueueSource& source() const { return source_; }
  /// {"edited","busy","unchanged","next"} of one step; with a `next` there is more to do from there on.
  [[nodiscard]] Expected<boost::json::object> edit(queue::Edit what, const QueueQuery& query);
  /// Rows by provider, site or campaign, totals, orders, and how the estimates were made.
  [[nodiscard]] boost::json::object summary(std::string_view by);
  [[nodiscard]] boost::json::object orders() const;
  /// Somebody watches the queue's size by provider: it is counted over and over for a while, at a fraction of
  /// the pace of a summary's count.
  void watch(Instant now) { watched_ = now; }
  /// The last count that ended; before the first did, as far as it is. `ended` 0: as far as it is.
  [[nodiscard]] const queue::CensusResult& count() const {
    return census_.last().ended != Instant{} ? census_.last() : census_.counting();
  }
  /// The stream's records by provider as of the last whole count, which is made anew as for a summary; empty
  /// before the first has ended.
  [[nodiscard]] std::map<std::string, std::uint64_t, std::less<>> shares_of(StreamId stream);
  /// "" for a domain that is not known now.
  [[nodiscard]] std::string provider_of(std::string_view domain) const;
  /// Why the stream sends nothing, or when it will; or "".
  [[nodiscard]] std::string stream_waits_for(const queue::Stream& stream) const;
  /// Why a ready record waits, beyond limits; or "".
  [[nodiscard]] std::string waits_for(const queue::Stream& stream, std::string_view domain) const;

 private:
  void count_now();

  Service& service_;
  QueueSource source_;
  queue::Census census_;
  queue::Sweeper sweeper_;
  Instant counted_for_{};  ///< somebody asked for a summary then
  Instant watched_{};
};

}  // namespace sluice::control
