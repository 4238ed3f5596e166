// The last look at the suppression book, in memory, right before an attempt begins.
//
// A record was looked up in all rows when it entered the queue; here only what was added since counts.
// Between this look and the first byte nothing is added unseen: still() is asked again when the message has
// waited.
#pragma once

#include <optional>
#include <string>

#include "engine/suppression/book.hpp"
#include "queue/lease.hpp"

namespace sluice::delivery {

/// A worker's. The book outlives it.
class NotSuppressed {
 public:
  /// Looks the record up; a verdict means it must not be sent. `book` may be null: nobody is suppressed.
  [[nodiscard]] std::optional<suppression::Verdict> look(const suppression::Book* book,
                                                         const queue::Stream& stream,
                                                         const std::string& list_id,
                                                         const queue::Record& record);
  /// Nothing that was added since look() is about it.
  [[nodiscard]] bool still() const;

 private:
  const suppression::Book* book_ = nullptr;
  std::uint64_t version_ = 0;  ///< of the delta
  suppression::Audience audience_;
  std::string key_;
};

/// Whom the stream's mail is for, as suppression sees it.
[[nodiscard]] suppression::Audience audience_of(const queue::Stream& stream, std::string list_id);

}  // namespace sluice::delivery
