// Recipients on their way into a stream: one write batch with the checkpoint that says how far the list was
// read.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "queue/debt.hpp"
#include "queue/record.hpp"
#include "queue/stream.hpp"

namespace sluice::queue {

class Injection {
 public:
  explicit Injection(StreamPtr stream) : stream_(std::move(stream)) {}

  /// `domain` in lower-case A-labels; rows of a stream grow, also from one injection to the next submitted.
  /// `body` names a stored body (body_refs.hpp) that is kept until the recipient is final. Bytes are copied.
  void add(Row row, std::string_view domain, std::string_view local, std::int64_t accepted_ms,
           std::string_view payload, std::string_view body = {});
  /// An encoded event that goes into the outbox with these records: `injected`, or the `suppressed` final of
  /// a duplicate (which counts as injected and as suppressed).
  void add_event(std::string encoded) { events_.push_back(std::move(encoded)); }
  void add_suppressed(std::string encoded_final) {
    events_.push_back(std::move(encoded_final));
    ++suppressed_;
  }
  /// The debt goes in the same batch.
  void pay(Debt debt) { paid_.push_back(std::move(debt)); }
  void add_rejected(std::uint64_t rows) { rejected_ += rows; }
  /// Read back by Queue::checkpoint() after a restart. Empty: unchanged.
  void set_checkpoint(std::string bytes) { checkpoint_ = std::move(bytes); }

  /// On the committer's thread: the page's records are as of these edits (Page::read_at).
  void set_read_at(std::uint64_t edits) {
    if (page_) page_->set_read_at(edits);
  }
  /// Sorts by key; to be called once, by the submitter, so that the committer only copies. Few records are
  /// also laid out as a page that the feeder hands straight to the workers.
  void seal();

  struct Entry {
    std::uint32_t at;
    std::uint32_t key_bytes;
    std::uint32_t value_bytes;
  };

  [[nodiscard]] const StreamPtr& stream() const { return stream_; }
  [[nodiscard]] std::size_t size() const { return entries_.size(); }
  [[nodiscard]] std::size_t bytes() const { return arena_.size(); }
  [[nodiscard]] const std::vector<Entry>& entries() const { return entries_; }
  [[nodiscard]] std::string_view key(const Entry& e) const { return {arena_.data() + e.at, e.key_bytes}; }
  [[nodiscard]] std::string_view value(const Entry& e) const {
    return {arena_.data() + e.at + e.key_bytes, e.value_bytes};
  }
  [[nodiscard]] const std::vector<std::string>& body_refs() const { return body_refs_; }
  [[nodiscard]] const std::vector<Debt>& paid() const { return paid_; }
  [[nodiscard]] const std::vector<std::string>& events() const { return events_; }
  [[nodiscard]] std::uint64_t suppressed() const { return suppressed_; }
  [[nodiscard]] std::uint64_t rejected() const { return rejected_; }
  [[nodiscard]] const std::string& checkpoint() const { return checkpoint_; }
  [[nodiscard]] std::shared_ptr<const Page> page() const { return page_; }

 private:
  StreamPtr stream_;
  std::string arena_;
  std::vector<Entry> entries_;
  std::vector<std::string> body_refs_;
  std::vector<std::string> events_;
  std::vector<Debt> paid_;
  std::uint64_t suppressed_ = 0;
  std::uint64_t rejected_ = 0;
  std::string checkpoint_;
  std::shared_ptr<Page> page_;  // shared with the runs cut from it
};

}  // namespace sluice::queue
