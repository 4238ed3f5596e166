#include "engine/smtp/server_received.hpp"

#include <fmt/format.h>

#include <ctime>

#include "engine/smtp/server_text.hpp"

namespace sluice::smtp {
namespace {

/// RFC 5322 §3.3 in UTC, without the locale.
std::string header_date(Instant at) {
  static constexpr const char* kDays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr const char* kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                            "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const std::time_t seconds = to_ms(at) / 1000;
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  return fmt::format("{}, {} {} {} {:02}:{:02}:{:02} +0000", kDays[utc.tm_wday], utc.tm_mday,
                     kMonths[utc.tm_mon], utc.tm_year + 1900, utc.tm_hour, utc.tm_min, utc.tm_sec);
}

/// RFC 3848, RFC 6531 §4.3.
std::string protocol(const Envelope& envelope) {
  if (!envelope.esmtp) return "SMTP";
  return std::string(envelope.parameters.smtputf8 ? "UTF8SMTP" : "ESMTP") + (envelope.tls ? "S" : "");
}

}  // namespace

std::string received_header(const Envelope& envelope, std::string_view host, std::string_view id,
                            Instant at) {
  const auto& peer = envelope.peer.address;
  auto out = fmt::format("Received: from {} ([{}{}])\r\n\tby {} with {} id {}", envelope.hello,
                         peer.contains(':') ? "IPv6:" : "", peer, host, protocol(envelope), id);
  if (envelope.recipients.size() == 1) {
    out += fmt::format("\r\n\tfor <{}>", envelope.recipients.front().mailbox.address);
  }
  return out + ";\r\n\t" + header_date(at) + "\r\n";
}

std::size_t count_received(std::string_view content, std::size_t stop_at) {
  constexpr std::string_view kName = "received";
  std::size_t count = 0;
  while (count < stop_at && !content.empty() && !content.starts_with("\r\n")) {
    if (content.size() > kName.size() && same_text(content.substr(0, kName.size()), kName)) {
      auto rest = content.substr(kName.size());
      while (rest.starts_with(' ') || rest.starts_with('\t')) rest.remove_prefix(1);
      if (rest.starts_with(':')) ++count;
    }
    const auto line = content.find('\n');
    if (line == std::string_view::npos) break;
    content.remove_prefix(line + 1);
  }
  return count;
}

std::optional<message::Reply> refuse_loop(std::string_view content, std::size_t limit) {
  if (count_received(content, limit + 1) <= limit) return std::nullopt;
  return message::Reply{554, {5, 4, 6}, "Too many hops, this message is in a loop"};
}

}  // namespace sluice::smtp
