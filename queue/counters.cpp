#include "queue/counters.hpp"

#include "engine/base/bytes.hpp"

namespace sluice::queue {

void Counters::count(EventKind kind) {
  switch (kind) {
    case EventKind::delivered:
      ++delivered;
      break;
    case EventKind::bounced:
      ++bounced;
      break;
    case EventKind::expired:
      ++expired;
      break;
    case EventKind::suppressed:
      ++suppressed;
      break;
    case EventKind::cancelled:
      ++cancelled;
      break;
    case EventKind::deferred:
      ++deferrals;
      break;
    case EventKind::in_doubt:
      ++doubts;
      break;
    default:
      break;
  }
}

void Counters::append_to(std::string& out) const {
  for (const auto value : {injected, rejected, delivered, bounced, expired, suppressed, cancelled, deferrals,
                           doubts, retries_waiting}) {
    put_varint(out, value);
  }
}

std::optional<Counters> Counters::decode(std::string_view bytes) {
  ByteReader in(bytes);
  Counters out;
  for (auto* value : {&out.injected, &out.rejected, &out.delivered, &out.bounced, &out.expired,
                      &out.suppressed, &out.cancelled, &out.deferrals, &out.doubts, &out.retries_waiting}) {
    *value = in.varint();
  }
  if (!in.ok() || !in.at_end()) return std::nullopt;
  return out;
}

}  // namespace sluice::queue
