#include "engine/sink/inbox.hpp"

#include <algorithm>
#include <chrono>

namespace sluice::sink {
namespace {

constexpr std::size_t kOverhead = 512;  // of a message beside its content

bool contains_without_case(std::string_view text, std::string_view wanted) {
  const auto same = [](char a, char b) {
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; };
    return lower(a) == lower(b);
  };
  return std::ranges::search(text, wanted, same).begin() != text.end() || wanted.empty();
}

bool is_about(const InboxMessage& message, std::string_view wanted) {
  if (contains_without_case(message.sender, wanted)) return true;
  return std::ranges::any_of(message.recipients,
                             [&](const auto& address) { return contains_without_case(address, wanted); });
}

}  // namespace

void Inbox::offer(const smtp::Envelope& envelope, std::string_view persona, std::string_view content) {
  if (!on()) return;
  if (seen_.fetch_add(1, std::memory_order_relaxed) % options_.every != 0) return;
  auto made = std::make_shared<InboxMessage>();
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  made->time_ms = std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
  made->persona = persona;
  made->peer = envelope.peer.address;
  made->hello = envelope.hello;
  if (envelope.tls) made->tls = envelope.tls_version + ' ' + envelope.tls_cipher;
  made->sender = envelope.sender.address;
  const auto shown = std::min(envelope.recipients.size(), options_.max_recipients);
  for (std::size_t i = 0; i < shown; ++i) made->recipients.push_back(envelope.recipients[i].mailbox.address);
  made->recipients_beyond = envelope.recipients.size() - shown;
  made->bytes = content.size();
  made->content = content.substr(0, options_.max_message_bytes);
  ring_.with([&](Ring& ring) {
    made->number = ring.next++;
    ring.bytes += made->content.size() + kOverhead;
    ring.messages.push_back(std::move(made));
    while (ring.messages.size() > 1 &&
           (ring.messages.size() > options_.max_messages || ring.bytes > options_.max_bytes)) {
      ring.bytes -= ring.messages.front()->content.size() + kOverhead;
      ring.messages.pop_front();
    }
  });
}

std::vector<InboxMessagePtr> Inbox::page(std::uint64_t before, std::size_t most,
                                         std::string_view wanted) const {
  const auto all = ring_.with([](const Ring& ring) { return ring.messages; });
  std::vector<InboxMessagePtr> out;
  for (auto at = all.rbegin(); at != all.rend() && out.size() < most; ++at) {
    if (before != 0 && (*at)->number >= before) continue;
    if (wanted.empty() || is_about(**at, wanted)) out.push_back(*at);
  }
  return out;
}

InboxMessagePtr Inbox::find(std::uint64_t number) const {
  return ring_.with([number](const Ring& ring) -> InboxMessagePtr {
    if (ring.messages.empty()) return nullptr;
    const auto first = ring.messages.front()->number;
    if (number < first || number - first >= ring.messages.size()) return nullptr;
    return ring.messages[number - first];
  });
}

Inbox::Counts Inbox::counts() const {
  Counts out;
  out.seen = seen_.load(std::memory_order_relaxed);
  ring_.with([&out](const Ring& ring) {
    out.kept = ring.next - 1;
    out.here = ring.messages.size();
    out.bytes = ring.bytes;
  });
  return out;
}

}  // namespace sluice::sink
