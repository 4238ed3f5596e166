#include "queue/record.hpp"

#include <algorithm>
#include <cstring>

#include "engine/base/bytes.hpp"
#include "engine/store/checksum.hpp"
#include "queue/body_refs.hpp"

namespace sluice::queue {
namespace {

// Value: flags(1) [attempts doubts source as varints] accepted_ms(varint) local(string) [body(string)]
// payload(rest-4) crc(4).
constexpr std::uint8_t kTried = 1;
constexpr std::uint8_t kHeld = 2;
constexpr std::uint8_t kGreylisted = 4;
constexpr std::uint8_t kBody = 8;
constexpr std::uint8_t kMoved = 16;
constexpr std::uint8_t kKnownFlags = kTried | kHeld | kGreylisted | kBody | kMoved;
constexpr std::size_t kCrcBytes = 4;
// A lane of one recipient keeps a page of its own: it must start small, and a long lane's must not need many
// chunks.
constexpr std::size_t kFirstChunkBytes = 256;
constexpr std::size_t kMaxChunkBytes = 32u << 10;

}  // namespace

void RecordValue::append_to(std::string& out) const {
  const auto begin = out.size();
  const bool tried = trail.attempts != 0 || trail.doubts != 0 || trail.source != 0;
  put_u8(out, static_cast<std::uint8_t>((tried ? kTried : 0) | (trail.held ? kHeld : 0) |
                                        (trail.greylisted ? kGreylisted : 0) | (body.empty() ? 0 : kBody) |
                                        (trail.moved ? kMoved : 0)));
  if (tried) {
    put_varint(out, trail.attempts);
    put_varint(out, trail.doubts);
    put_varint(out, trail.source);
  }
  put_varint(out, static_cast<std::uint64_t>(accepted_ms));
  put_string(out, local);
  if (!body.empty()) put_string(out, body);
  out.append(payload);
  put_be<4>(out, store::crc32c(std::string_view(out).substr(begin)));
}

std::optional<RecordValue> RecordValue::decode(std::string_view bytes) {
  if (bytes.size() < kCrcBytes) return std::nullopt;
  const auto body = bytes.substr(0, bytes.size() - kCrcBytes);
  if (get_be<4>(bytes.data() + body.size()) != store::crc32c(body)) return std::nullopt;
  ByteReader in(body);
  const auto flags = in.u8();
  if ((flags & ~kKnownFlags) != 0) return std::nullopt;
  RecordValue value{};
  if ((flags & kTried) != 0) {
    value.trail.attempts = static_cast<std::uint16_t>(in.varint());
    value.trail.doubts = static_cast<std::uint8_t>(in.varint());
    value.trail.source = static_cast<std::uint16_t>(in.varint());
  }
  value.trail.held = (flags & kHeld) != 0;
  value.trail.greylisted = (flags & kGreylisted) != 0;
  value.trail.moved = (flags & kMoved) != 0;
  value.accepted_ms = static_cast<std::int64_t>(in.varint());
  value.local = in.string();
  if ((flags & kBody) != 0) value.body = in.string();
  if ((flags & kBody) != 0 && value.body.size() != kBodyKeyBytes) return std::nullopt;
  value.payload = in.rest();
  if (!in.ok()) return std::nullopt;
  return value;
}

char* Page::copy(std::string_view bytes) {
  if (chunks_.empty() || chunk_size_ - chunk_used_ < bytes.size()) {
    chunk_size_ = chunks_.empty() ? kFirstChunkBytes : std::min(chunk_size_ * 2, kMaxChunkBytes);
    chunk_size_ = std::max(chunk_size_, bytes.size());
    chunks_.push_back(std::make_unique_for_overwrite<char[]>(chunk_size_));
    chunk_used_ = 0;
    bytes_ += chunk_size_;
  }
  char* at = chunks_.back().get() + chunk_used_;
  std::memcpy(at, bytes.data(), bytes.size());
  chunk_used_ += bytes.size();
  return at;
}

bool Page::add(std::string_view key, std::string_view value) {
  auto own_key = RecordKey::decode(key);
  auto own_value = RecordValue::decode(value);
  if (!own_key || !own_value) return false;
  const char* key_at = copy(key);
  const char* value_at = copy(value);
  const auto moved = [](std::string_view part, std::string_view whole, const char* to) {
    return part.empty() ? std::string_view()
                        : std::string_view(to + (part.data() - whole.data()), part.size());
  };
  own_key->domain = moved(own_key->domain, key, key_at);
  own_value->local = moved(own_value->local, value, value_at);
  own_value->payload = moved(own_value->payload, value, value_at);
  own_value->body = moved(own_value->body, value, value_at);
  records_.push_back(Record{*own_key, *own_value});
  return true;
}

}  // namespace sluice::queue
