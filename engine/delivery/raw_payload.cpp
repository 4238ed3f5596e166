#include "engine/delivery/raw_payload.hpp"

#include "engine/base/bytes.hpp"

namespace sluice::delivery {
namespace {

// flags(1) sender(string) from_domain(string) header_bytes(varint) [ret(1) notify(1) envid orcpt_type orcpt
// as strings] then length(4) crc(4) of a stored body, or the message itself.
constexpr std::uint8_t kEightBit = 1;
constexpr std::uint8_t kUtf8 = 2;
constexpr std::uint8_t kDsn = 4;
constexpr std::uint8_t kStored = 8;
constexpr std::uint8_t kKnown = kEightBit | kUtf8 | kDsn | kStored;

}  // namespace

void RawPayload::append_to(std::string& out) const {
  put_u8(out, static_cast<std::uint8_t>((eight_bit ? kEightBit : 0) | (smtp_utf8 ? kUtf8 : 0) |
                                        (dsn.empty() ? 0 : kDsn) | (stored ? kStored : 0)));
  put_string(out, sender);
  put_string(out, from_domain);
  put_varint(out, header_bytes);
  if (!dsn.empty()) {
    put_u8(out, dsn.ret);
    put_u8(out, dsn.notify);
    for (const auto* text : {&dsn.envid, &dsn.orcpt_type, &dsn.orcpt}) put_string(out, *text);
  }
  if (stored) {
    put_be<4>(out, length);
    put_be<4>(out, crc);
  } else {
    out.append(message);
  }
}

std::optional<RawPayload> RawPayload::decode(std::string_view bytes) {
  ByteReader in(bytes);
  RawPayload out;
  const auto flags = in.u8();
  if ((flags & ~kKnown) != 0) return std::nullopt;
  out.eight_bit = (flags & kEightBit) != 0;
  out.smtp_utf8 = (flags & kUtf8) != 0;
  out.stored = (flags & kStored) != 0;
  out.sender = in.string();
  out.from_domain = in.string();
  out.header_bytes = in.varint();
  if ((flags & kDsn) != 0) {
    out.dsn.ret = in.u8();
    out.dsn.notify = in.u8();
    for (auto* text : {&out.dsn.envid, &out.dsn.orcpt_type, &out.dsn.orcpt}) *text = in.string();
  }
  if (out.stored) {
    out.length = static_cast<std::uint32_t>(in.be<4>());
    out.crc = static_cast<std::uint32_t>(in.be<4>());
    if (!in.at_end()) return std::nullopt;
  } else {
    out.message = in.rest();
    out.length = static_cast<std::uint32_t>(out.message.size());
  }
  if (!in.ok() || out.header_bytes > out.length) return std::nullopt;
  return out;
}

}  // namespace sluice::delivery
