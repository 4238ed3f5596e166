#include "queue/event.hpp"

#include "engine/base/bytes.hpp"

namespace sluice::queue {
namespace {

// kind(1) then tagged fields, each tag once: text as tag, length, bytes; numbers as tag, varint. A reader
// that does not know a tag can still skip it, because tags below 64 are text and the others are numbers.
enum Tag : std::uint8_t {
  kRecipient = 1,
  kSender,
  kDomain,
  kSite,
  kProvider,
  kSource,
  kRemoteIp,
  kMx,
  kStage,
  kReplyEnhanced,
  kReplyText,
  kClass,
  kTlsVersion,
  kTlsCipher,
  kTlsPolicy,
  kDkim,
  kMeta,
  kDetail,
  kId,
  kTime = 64,
  kStream,
  kReplyCode,
  kAttempts,
  kQueued,
  kSize,
  kCount,
  kFirstRow,
  kLastRow,
  kDue,
};

struct Encoder {
  std::string& out;
  void text(Tag tag, std::string_view value) {
    if (value.empty()) return;
    put_u8(out, tag);
    put_string(out, value);
  }
  void number(Tag tag, std::uint64_t value) {
    if (value == 0) return;
    put_u8(out, tag);
    put_varint(out, value);
  }
};

std::string_view* text_field(Event& event, std::uint8_t tag) {
  switch (tag) {
    case kRecipient:
      return &event.recipient;
    case kSender:
      return &event.sender;
    case kDomain:
      return &event.domain;
    case kSite:
      return &event.site;
    case kProvider:
      return &event.provider;
    case kSource:
      return &event.source;
    case kRemoteIp:
      return &event.remote_ip;
    case kMx:
      return &event.mx;
    case kStage:
      return &event.stage;
    case kReplyEnhanced:
      return &event.reply_enhanced;
    case kReplyText:
      return &event.reply_text;
    case kClass:
      return &event.event_class;
    case kTlsVersion:
      return &event.tls_version;
    case kTlsCipher:
      return &event.tls_cipher;
    case kTlsPolicy:
      return &event.tls_policy;
    case kDkim:
      return &event.dkim;
    case kMeta:
      return &event.meta;
    case kDetail:
      return &event.detail;
    default:
      return nullptr;
  }
}

void set_number(Event& event, std::uint8_t tag, std::uint64_t value) {
  switch (tag) {
    case kTime:
      event.time_ms = static_cast<std::int64_t>(value);
      break;
    case kStream:
      event.stream = static_cast<StreamId>(value);
      break;
    case kReplyCode:
      event.reply_code = static_cast<std::uint16_t>(value);
      break;
    case kAttempts:
      event.attempts = static_cast<std::uint32_t>(value);
      break;
    case kQueued:
      event.queued_ms = static_cast<std::int64_t>(value);
      break;
    case kSize:
      event.size_bytes = value;
      break;
    case kCount:
      event.count = value;
      break;
    case kFirstRow:
      event.first_row = value;
      break;
    case kLastRow:
      event.last_row = value;
      break;
    case kDue:
      event.due_ms = static_cast<std::int64_t>(value);
      break;
    default:
      break;
  }
}

bool read_text(Event& event, std::uint8_t tag, std::string_view value) {
  if (tag == kId) {
    ByteReader in(value);
    MessageId id;
    id.high = in.be<8>();
    id.low = in.be<8>();
    if (!in.ok()) return false;
    event.id = id;
  } else if (auto* field = text_field(event, tag)) {
    *field = value;
  }
  return true;
}

}  // namespace

const char* name_of(EventKind kind) {
  switch (kind) {
    case EventKind::injected:
      return "injected";
    case EventKind::delivered:
      return "delivered";
    case EventKind::bounced:
      return "bounced";
    case EventKind::expired:
      return "expired";
    case EventKind::suppressed:
      return "suppressed";
    case EventKind::cancelled:
      return "cancelled";
    case EventKind::deferred:
      return "deferred";
    case EventKind::in_doubt:
      return "in_doubt";
    case EventKind::returned:
      return "returned";
    case EventKind::complaint:
      return "complaint";
    case EventKind::unsubscribed:
      return "unsubscribed";
    case EventKind::campaign:
      return "campaign";
    case EventKind::backoff:
      return "backoff";
    case EventKind::suspended:
      return "suspended";
    case EventKind::alert:
      return "alert";
    case EventKind::warmup:
      return "warmup";
  }
  return "alert";
}

void Event::append_to(std::string& out) const {
  put_u8(out, static_cast<std::uint8_t>(kind));
  Encoder e{out};
  e.number(kTime, static_cast<std::uint64_t>(time_ms));
  e.number(kStream, stream);
  if (id) {
    put_u8(out, kId);
    put_varint(out, 16);
    put_be<8>(out, id->high);
    put_be<8>(out, id->low);
  }
  e.text(kRecipient, recipient);
  e.text(kSender, sender);
  e.text(kDomain, domain);
  e.text(kSite, site);
  e.text(kProvider, provider);
  e.text(kSource, source);
  e.text(kRemoteIp, remote_ip);
  e.text(kMx, mx);
  e.text(kStage, stage);
  e.number(kReplyCode, reply_code);
  e.text(kReplyEnhanced, reply_enhanced);
  e.text(kReplyText, reply_text);
  e.text(kClass, event_class);
  e.number(kAttempts, attempts);
  e.number(kQueued, queued_ms > 0 ? static_cast<std::uint64_t>(queued_ms) : 0);
  e.number(kSize, size_bytes);
  e.text(kTlsVersion, tls_version);
  e.text(kTlsCipher, tls_cipher);
  e.text(kTlsPolicy, tls_policy);
  e.text(kDkim, dkim);
  e.text(kMeta, meta);
  e.number(kCount, count);
  e.number(kFirstRow, first_row);
  e.number(kLastRow, last_row);
  e.text(kDetail, detail);
  e.number(kDue, due_ms > 0 ? static_cast<std::uint64_t>(due_ms) : 0);
}

std::optional<Event> Event::decode(std::string_view bytes) {
  ByteReader in(bytes);
  Event event;
  const auto kind = in.u8();
  if (kind < 1 || kind > static_cast<std::uint8_t>(EventKind::warmup)) return std::nullopt;
  event.kind = static_cast<EventKind>(kind);
  while (in.ok() && !in.at_end()) {
    const auto tag = in.u8();
    if (tag < 64) {
      if (!read_text(event, tag, in.string())) return std::nullopt;
    } else {
      set_number(event, tag, in.varint());
    }
  }
  if (!in.ok()) return std::nullopt;
  return event;
}

}  // namespace sluice::queue
