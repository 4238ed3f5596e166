#include "queue/outbox.hpp"

#include "engine/base/assert.hpp"
#include "engine/base/bytes.hpp"
#include "queue/families.hpp"

namespace sluice::queue {
namespace {

constexpr std::size_t kKeyBytes = 8;
constexpr char kRowTag = 0;  ///< no event begins so

bool decode_into(OutboxRow& row, std::string_view key, std::string_view value) {
  row.events.clear();
  if (key.size() != kKeyBytes || value.empty() || value.front() != kRowTag) return false;
  row.last = get_be<kKeyBytes>(key.data());
  ByteReader in(value.substr(1));
  while (in.ok() && !in.at_end()) row.events.push_back(in.string());
  return in.ok() && !row.events.empty() && row.events.size() <= row.last;
}

}  // namespace

std::string OutboxRow::key(std::uint64_t last) {
  std::string out;
  put_be<kKeyBytes>(out, last);
  return out;
}

std::string OutboxRow::value(std::string_view event) {
  std::string out(1, kRowTag);
  put_string(out, event);
  return out;
}

std::optional<OutboxRow> OutboxRow::decode(std::string_view key, std::string_view value) {
  OutboxRow row;
  if (!decode_into(row, key, value)) return std::nullopt;
  return row;
}

void OutboxWriter::add(store::Batch& batch, std::uint64_t seq, std::string_view event) {
  SLUICE_ASSERT(row_.empty() || seq == last_ + 1);
  if (row_.empty()) row_.push_back(kRowTag);
  put_string(row_, event);
  last_ = seq;
  if (row_.size() >= kFullRow) flush(batch);
}

void OutboxWriter::flush(store::Batch& batch) {
  if (row_.empty()) return;
  batch.put(kOutbox, OutboxRow::key(last_), row_);
  row_.clear();
}

OutboxReader::OutboxReader(const store::Database& database, std::uint64_t first, std::uint64_t last)
    : cursor_(database.cursor(kOutbox, OutboxRow::key(first), std::string(kKeyBytes + 1, '\xff'))),
      last_(last) {
  read_row();
  while (valid() && seq() < first) ++at_;
}

void OutboxReader::next() {
  if (++at_ < row_.events.size()) return;
  cursor_->next();
  read_row();
}

void OutboxReader::read_row() {
  at_ = 0;
  row_.events.clear();
  for (; cursor_->valid(); cursor_->next()) {
    if (cursor_->key().size() != kKeyBytes) continue;  // no event's: `store check` tells of it
    if (decode_into(row_, cursor_->key(), cursor_->value())) return;
    row_ = {get_be<kKeyBytes>(cursor_->key().data()), {std::string_view()}};
    return;
  }
}

}  // namespace sluice::queue
