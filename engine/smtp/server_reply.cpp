#include "engine/smtp/server_reply.hpp"

#include <algorithm>

#include "engine/base/assert.hpp"
#include "engine/smtp/server_text.hpp"

namespace sluice::smtp {
namespace {

constexpr std::size_t kMaxTextBytes = 500;  // RFC 5321 §4.5.3.1.5: 512 with code and CRLF

void append_number(std::string& out, unsigned n) {
  char digits[10];
  auto* at = digits + sizeof digits;
  do {
    *--at = static_cast<char>('0' + n % 10);
    n /= 10;
  } while (n != 0);
  out.append(at, digits + sizeof digits);
}

}  // namespace

void append_reply(std::string& out, const message::Reply& reply) {
  SLUICE_ASSERT(reply.code >= 200 && reply.code < 600);
  std::string_view rest = reply.text;
  for (;;) {
    const auto line = rest.substr(0, rest.find('\n'));
    const bool last = line.size() == rest.size();
    append_number(out, reply.code);
    out.push_back(last ? ' ' : '-');
    if (reply.enhanced.present()) {
      append_number(out, reply.enhanced.class_);
      out.push_back('.');
      append_number(out, reply.enhanced.subject);
      out.push_back('.');
      append_number(out, reply.enhanced.detail);
      out.push_back(' ');
    }
    const auto start = out.size();
    out.append(line.substr(0, kMaxTextBytes));
    std::replace_if(out.begin() + static_cast<std::ptrdiff_t>(start), out.end(), is_control, '?');
    out.append("\r\n");
    if (last) return;
    rest.remove_prefix(line.size() + 1);
  }
}

}  // namespace sluice::smtp
