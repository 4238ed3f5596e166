// One queued recipient as it stands on disk and in a window. About 150 bytes; the content is elsewhere, once.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "queue/key.hpp"

namespace sluice::queue {

/// What attempts so far have left behind; all zero for a record never tried.
struct Trail {
  std::uint16_t attempts = 0;  ///< attempts that reached an answer or a network failure
  std::uint8_t doubts =
      0;  ///< attempts whose answer was lost after the final dot, not counting our own crashes
  std::uint16_t source = 0;  ///< 1 + index of the source it keeps for retries; 0 = any
  bool held = false;         ///< not to be sent: in doubt under the policy `hold`, or after two repeats
  bool greylisted = false;   ///< the last answer was a greylisting
  bool moved = false;        ///< its source was refused as such, and it went to another: not twice

  friend bool operator==(const Trail&, const Trail&) = default;
};

/// The record's value bytes; the address' domain, stream, phase, due and row stand in the key.
struct RecordValue {
  std::string_view local;    ///< local part of the address
  std::int64_t accepted_ms;  ///< when the engine took responsibility; part of the message id
  Trail trail;
  std::string_view payload;    ///< the content layer's own: an encoded row, or an envelope
  std::string_view body = {};  ///< key of the stored body it needs (body_refs.hpp); empty: none

  void append_to(std::string& out) const;
  /// Views into `bytes`. Nothing when the bytes are damaged (a CRC over the value is checked).
  [[nodiscard]] static std::optional<RecordValue> decode(std::string_view bytes);
};

/// A decoded record inside a Page.
struct Record {
  RecordKey key;
  RecordValue value;

  [[nodiscard]] std::string address() const {
    std::string out;
    out.reserve(value.local.size() + 1 + key.domain.size());
    out.append(value.local).append(1, '@').append(key.domain);
    return out;
  }
  [[nodiscard]] MessageId id(std::uint16_t node) const {
    return MessageId::make(from_ms(value.accepted_ms), node, key.stream, key.row);
  }
};

/// Records read together, with the bytes they point into. Immutable once filled. Shared by the leases cut
/// from it: the last one to settle frees it.
class Page {
 public:
  /// `read_at`: the edits (Ledger::edits) that were committed before the first record was read, so that an
  /// edit of a later number may be missing here.
  explicit Page(std::uint64_t read_at = 0) : read_at_(read_at) {}

  /// Copies key and value. False when they do not decode: the caller sets the bytes aside.
  [[nodiscard]] bool add(std::string_view key, std::string_view value);
  [[nodiscard]] const std::vector<Record>& records() const { return records_; }
  [[nodiscard]] std::size_t size() const { return records_.size(); }
  [[nodiscard]] std::size_t bytes() const { return bytes_; }
  [[nodiscard]] std::uint64_t read_at() const { return read_at_; }
  void set_read_at(std::uint64_t edits) { read_at_ = edits; }

 private:
  char* copy(std::string_view bytes);

  std::vector<std::unique_ptr<char[]>> chunks_;
  std::size_t chunk_used_ = 0;
  std::size_t chunk_size_ = 0;
  std::size_t bytes_ = 0;
  std::uint64_t read_at_;
  std::vector<Record> records_;
};

}  // namespace sluice::queue
