#include "queue/sent_index.hpp"

#include <algorithm>

#include "engine/base/bytes.hpp"
#include "queue/families.hpp"

namespace sluice::queue {
namespace {

constexpr std::size_t kKeyBytes = 9;
constexpr char kToldMark = '\0';  ///< no byte of an address

std::string sent_key(StreamId stream, Row row) {
  std::string key;
  put_be<4>(key, stream);
  put_be<5>(key, row);
  return key;
}

std::optional<SentEntry> decode(std::string_view bytes) {
  ByteReader in(bytes);
  SentEntry out;
  out.time_ms = static_cast<std::int64_t>(in.varint());
  out.source = in.string();
  out.address = in.rest();
  const auto size = out.address.size();
  if (size >= 2 && out.address[size - 2] == kToldMark) {
    out.told = static_cast<std::uint8_t>(out.address.back());
    out.address.resize(size - 2);
  }
  return in.ok() ? std::optional(std::move(out)) : std::nullopt;
}

}  // namespace

void ToldRows::put(store::Batch& batch, const store::Database& database, const SentRow& row) {
  row.put(batch);
  auto key = sent_key(row.stream, row.row);
  const auto stored = database.get(kSent, key);
  if (stored && !*stored) keys_.insert(std::move(key));
}

void SentRow::put(store::Batch& batch) const {
  std::string value;
  put_varint(value, static_cast<std::uint64_t>(entry.time_ms));
  put_string(value, entry.source);
  value += entry.address;
  if (entry.told != 0) value += {kToldMark, static_cast<char>(entry.told)};
  batch.put(kSent, sent_key(stream, row), value);
}

std::string_view SentIndex::Entries::key(const Place& place) const {
  return {arena.data() + place.at, kKeyBytes};
}

std::string_view SentIndex::Entries::value(const Place& place) const {
  return {arena.data() + place.at + kKeyBytes, place.value_bytes};
}

std::optional<std::string> SentIndex::Entries::find(std::string_view wanted) const {
  const auto found =
      std::ranges::lower_bound(places, wanted, {}, [this](const Place& place) { return key(place); });
  if (found == places.end() || key(*found) != wanted) return std::nullopt;
  return std::string(value(*found));
}

/// A key whose hash another one has taken is looked for one by one: never seen, and slow is not wrong.
std::optional<std::string> SentIndex::find_gathered(std::string_view wanted) const {
  constexpr std::hash<std::string_view> kHash;
  const auto& places = gathered_.places;
  for (; indexed_ < places.size(); ++indexed_)
    by_key_.try_emplace(kHash(gathered_.key(places[indexed_])), static_cast<std::uint32_t>(indexed_));
  const auto at = by_key_.find(kHash(wanted));
  if (at == by_key_.end()) return std::nullopt;
  auto found = places.begin() + at->second;
  if (gathered_.key(*found) != wanted)
    found = std::ranges::find(places, wanted, [this](const auto& place) { return gathered_.key(place); });
  return found == places.end() ? std::nullopt : std::optional(std::string(gathered_.value(*found)));
}

void SentIndex::add(const Event& event) {
  if (event.kind != EventKind::delivered || !event.id) return;
  const std::lock_guard lock(mutex_);
  auto& arena = gathered_.arena;
  const auto at = arena.size();
  put_be<4>(arena, event.stream);
  put_be<5>(arena, event.id->row());
  const auto value_at = arena.size();
  put_varint(arena, static_cast<std::uint64_t>(event.time_ms));
  put_string(arena, event.source);
  arena.append(event.recipient);
  gathered_.places.push_back(
      {static_cast<std::uint32_t>(at), static_cast<std::uint32_t>(arena.size() - value_at)});
}

std::size_t SentIndex::size() const {
  const std::lock_guard lock(mutex_);
  return gathered_.places.size();
}

std::shared_ptr<const SentIndex::Entries> SentIndex::take() {
  const std::lock_guard lock(mutex_);
  auto out = std::make_shared<Entries>(std::exchange(gathered_, {}));
  by_key_.clear();
  indexed_ = 0;
  std::sort(out->places.begin(), out->places.end(),
            [&](const auto& a, const auto& b) { return out->key(a) < out->key(b); });
  leaving_.push_back(out);
  return out;
}

void SentIndex::stored(const std::shared_ptr<const Entries>& entries) {
  const std::lock_guard lock(mutex_);
  std::erase(leaving_, entries);
}

bool SentIndex::on_disk(StreamId stream, Row row) const {
  const auto value = database_.get(kSent, sent_key(stream, row));
  return value && *value;
}

Expected<std::optional<SentEntry>> SentIndex::find(StreamId stream, Row row) const {
  const auto key = sent_key(stream, row);
  std::optional<std::string> value;
  {
    const std::lock_guard lock(mutex_);
    value = find_gathered(key);
    for (const auto& entries : leaving_) {
      if (!value) value = entries->find(key);
    }
  }
  // What is on disk is newer than what is on its way: something was told of it.
  auto stored = database_.get(kSent, key);
  if (!stored) return std::unexpected(stored.error());
  if (*stored) value = std::move(*stored);
  if (!value) return std::nullopt;
  auto entry = decode(*value);
  if (!entry) return fail(ErrorCode::corrupt, "an entry of the sent index does not decode");
  return entry;
}

}  // namespace sluice::queue
