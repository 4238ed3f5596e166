// A walk over all waiting mail that gives those who were suppressed meanwhile their final.
//
// It sees the records as they were when it began. Each one the delta (or, when a pass is owed, any row) names
// gets its final; one that is just being attempted, or was moved, is met again by the next pass. Only a pass
// that left nobody behind ends the delta's old table. A record that came after the beginning was looked up
// against everything the pass is about: Book::begin_check.
//
// Upkeep's thread. A step blocks for its commits. Bound: one pass' iterator keeps deleted records' disk space
// until it ends.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <vector>

#include "engine/suppression/book.hpp"

namespace sluice::suppression {

/// Nothing: the stream's content cannot be read now; its mail is not being sent either.
using AudienceOf = std::function<std::optional<Audience>(const queue::Stream&)>;

class Pass {
 public:
  Pass(queue::Queue& queue, Book& book, const Clock& clock, AudienceOf audience_of, Book::PassPlan plan);

  /// Looks at up to `records`; true: it has ended.
  [[nodiscard]] Expected<bool> step(std::size_t records);
  [[nodiscard]] std::uint64_t looked_at() const { return looked_at_; }
  [[nodiscard]] std::uint64_t suppressed() const { return suppressed_; }
  /// Every record met was dealt with.
  [[nodiscard]] bool complete() const { return left_ == 0; }
  [[nodiscard]] const Book::PassPlan& plan() const { return plan_; }

 private:
  struct Stream {
    queue::StreamPtr stream;  ///< null: ended, or unknown
    std::optional<Audience> audience;
    Reach reach;
  };

  Stream& stream_of(StreamId id);
  Expected<> look(std::string_view key, std::string_view value);
  Expected<> flush();

  queue::Queue& queue_;
  Book& book_;
  const Clock& clock_;
  const AudienceOf audience_of_;
  const Book::PassPlan plan_;
  std::unique_ptr<store::Cursor> cursor_;
  std::map<StreamId, Stream> streams_;
  std::vector<queue::Suppressed> found_;
  std::string scratch_;
  std::uint64_t looked_at_ = 0;
  std::uint64_t suppressed_ = 0;
  std::uint64_t left_ = 0;
};

}  // namespace sluice::suppression
