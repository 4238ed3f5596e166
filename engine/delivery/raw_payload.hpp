// What a record of a raw message carries beside the address: the envelope, and the body or where it is.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sluice::delivery {

/// RET, ENVID, NOTIFY and ORCPT (RFC 3461) as the submitter gave them; kept for our own delivery reports.
struct DsnRequest {
  std::uint8_t ret = 0;     ///< smtp::Return
  std::uint8_t notify = 0;  ///< smtp::Notify bits
  std::string envid;
  std::string orcpt_type;
  std::string orcpt;

  [[nodiscard]] bool empty() const { return ret == 0 && notify == 0 && envid.empty() && orcpt.empty(); }
  friend bool operator==(const DsnRequest&, const DsnRequest&) = default;
};

struct RawPayload {
  std::string_view sender;         ///< MAIL FROM; empty: <>
  bool eight_bit = false;          ///< needs 8BITMIME
  bool smtp_utf8 = false;          ///< needs SMTPUTF8
  std::string_view from_domain;    ///< whose DKIM keys sign it; empty: nobody's
  std::uint64_t header_bytes = 0;  ///< of the message, up to its body
  DsnRequest dsn;
  bool stored = false;  ///< the message is the record's stored body, of this length and crc
  std::uint32_t length = 0;
  std::uint32_t crc = 0;
  std::string_view message;  ///< else it is here

  void append_to(std::string& out) const;
  /// Views point into `bytes`. Nothing for bytes that are no payload.
  [[nodiscard]] static std::optional<RawPayload> decode(std::string_view bytes);
};

}  // namespace sluice::delivery
