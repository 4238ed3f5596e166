// One thing that happened to a recipient (or to the engine), as the outbox keeps it until it stands in an
// event file. DESIGN's event contract: field names, order and meaning are those of the JSON line
// (event_json.hpp).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "engine/base/id.hpp"

namespace sluice::queue {

enum class EventKind : std::uint8_t {
  injected = 1,
  delivered,
  bounced,
  expired,
  suppressed,
  cancelled,
  deferred,
  in_doubt,
  returned,
  complaint,
  unsubscribed,
  campaign,  ///< a stream changed its state
  backoff,
  suspended,
  alert,
  warmup,  ///< a source's daily quota at a provider rose, or was held
};

[[nodiscard]] const char* name_of(EventKind kind);
/// delivered, bounced, expired, suppressed, cancelled: a recipient has exactly one of these.
[[nodiscard]] constexpr bool is_final(EventKind kind) {
  return kind >= EventKind::delivered && kind <= EventKind::cancelled;
}

/// Views belong to the caller (encoding) or to the encoded bytes (decoding). Empty and zero fields are left
/// out.
struct Event {
  EventKind kind = EventKind::injected;
  std::int64_t time_ms = 0;
  StreamId stream = 0;
  std::optional<MessageId> id;
  std::string_view recipient;
  std::string_view sender;
  std::string_view domain;
  std::string_view site;
  std::string_view provider;
  std::string_view source;
  std::string_view remote_ip;
  std::string_view mx;
  std::string_view stage;
  std::uint16_t reply_code = 0;
  std::string_view reply_enhanced;
  std::string_view reply_text;   ///< untrusted bytes of the peer
  std::string_view event_class;  ///< bounce class, or the reason of a suppression
  std::uint32_t attempts = 0;
  std::int64_t queued_ms = 0;
  std::uint64_t size_bytes = 0;
  std::string_view tls_version;
  std::string_view tls_cipher;
  std::string_view tls_policy;
  std::string_view dkim;    ///< "domain/selector" of each signature, separated by spaces
  std::string_view meta;    ///< a JSON object, complete; made by the content layer
  std::uint64_t count = 0;  ///< injected runs: rows in [first_row, last_row] that entered the queue
  std::uint64_t first_row = 0;
  std::uint64_t last_row = 0;
  std::string_view detail;  ///< operational events: one sentence
  std::int64_t due_ms = 0;  ///< deferred and in_doubt: when it will be tried again

  void append_to(std::string& out) const;
  [[nodiscard]] static std::optional<Event> decode(std::string_view bytes);
};

}  // namespace sluice::queue
