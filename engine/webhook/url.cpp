#include "engine/webhook/url.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <charconv>

namespace sluice::webhook {
namespace {

bool is_plain_byte(char c) { return c > 0x20 && c < 0x7f; }

bool is_host_byte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
         c == '_';
}

}  // namespace

Expected<Url> Url::parse(std::string_view text) {
  const auto bad = [&](std::string_view why) {
    return fail(ErrorCode::invalid_input, fmt::format("\"{}\" is no URL of an endpoint: {}", text, why));
  };
  Url out;
  if (!std::ranges::all_of(text, is_plain_byte))
    return bad("it holds a blank or a byte that must be escaped");
  auto rest = text;
  if (rest.starts_with("https://")) {
    rest.remove_prefix(8);
  } else if (rest.starts_with("http://")) {
    rest.remove_prefix(7);
    out.tls = false;
    out.port = 80;
  } else {
    return bad("it begins with neither https:// nor http://");
  }
  const auto end = std::min(rest.find_first_of("/?#"), rest.size());
  const auto authority = rest.substr(0, end);
  const auto target = rest.substr(end);
  if (target.contains('#')) return bad("a fragment is never sent");
  if (authority.contains('@')) return bad("a user and password do not belong there");
  const bool bracketed = authority.starts_with('[');
  const auto closing = bracketed ? authority.find(']') : 0;
  if (closing == std::string_view::npos) return bad("the address has no closing bracket");
  const auto colon = authority.find(':', closing);
  out.host = bracketed ? authority.substr(1, closing - 1) : authority.substr(0, colon);
  boost::system::error_code no_address;
  boost::asio::ip::make_address_v6(out.host, no_address);
  const bool good = bracketed ? !no_address : std::ranges::all_of(out.host, is_host_byte);
  if (out.host.empty() || out.host.size() > 253 || !good) return bad("the host is no name or address");
  if (bracketed && closing + 1 != std::min(colon, authority.size()))
    return bad("the port is missing its colon");
  if (colon != std::string_view::npos) {
    const auto digits = authority.substr(colon + 1);
    const auto parsed = std::from_chars(digits.data(), digits.data() + digits.size(), out.port);
    if (parsed.ec != std::errc() || parsed.ptr != digits.data() + digits.size() || out.port == 0)
      return bad("the port is no number from 1 to 65535");
  }
  out.authority = authority;
  if (!target.empty()) out.target = target.front() == '/' ? std::string(target) : "/" + std::string(target);
  return out;
}

bool Url::is_loopback() const {
  boost::system::error_code error;
  const auto address = boost::asio::ip::make_address(host, error);
  if (!error) return address.is_loopback();
  return host == "localhost" || host.ends_with(".localhost");
}

Expected<> check_transport(const Url& url, bool plain) {
  if (url.tls || plain || url.is_loopback()) return {};
  return fail(ErrorCode::invalid_input,
              fmt::format("http://{} would carry addresses in plain text; use https://, or allow it with "
                          "plain = true",
                          url.authority));
}

}  // namespace sluice::webhook
