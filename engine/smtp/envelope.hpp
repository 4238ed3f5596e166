// What a client is given to send, and what it refuses to put on the wire.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace sluice::smtp {

/// Asked at the last moment before a message's commands leave ahead of its turn: seconds may have passed
/// since it was given as the next one.
class Consent {
 public:
  [[nodiscard]] virtual bool given() const = 0;

 protected:
  ~Consent() = default;
};

/// What the sender asked of reports (RFC 3461), as it goes to a server that offers DSN.
struct ReportRequest {
  std::string_view ret;     ///< "FULL", "HDRS" or empty
  std::string_view envid;   ///< xtext; empty: none
  std::string_view notify;  ///< "NEVER", "SUCCESS,FAILURE" …; empty: none
  std::string_view orcpt;   ///< "rfc822;" and xtext; empty: none

  [[nodiscard]] bool empty() const { return ret.empty() && envid.empty() && notify.empty() && orcpt.empty(); }
};

struct Envelope {
  std::string_view sender;  ///< without brackets; empty: the null sender <>
  std::span<const std::string_view> recipients;
  std::uint64_t size_bytes = 0;  ///< of the content, for SIZE=; 0: not known
  bool eight_bit = false;        ///< the content holds bytes above 127: needs 8BITMIME
  bool smtp_utf8 = false;        ///< an address or header needs SMTPUTF8; without it addresses must be ASCII
  ReportRequest report = {};     ///< for every recipient; its bytes must be legal as parameters
  const Consent* consent = nullptr;  ///< of a message given as the next one; null: given
};

/// What is known about the content's lines.
enum class ContentForm {
  raw,      ///< nothing: it is checked and dot-stuffed here
  plain,    ///< checked, no line begins with a dot: goes out as it is, by DATA or BDAT
  stuffed,  ///< checked and dot-stuffed: goes out as it is, by DATA only
};

/// Header and body as wire bytes, in pieces; ends in CRLF (added when missing) and without the final dot.
/// Envelope, pieces and bytes must outlive the call they are given to.
struct Message {
  Envelope envelope;
  std::span<const std::string_view> content;
  ContentForm form = ContentForm::raw;
};

/// Why a message was not offered to the server at all. Permanent for this message at this destination.
enum class LocalFailure : unsigned char {
  none,
  too_large,              ///< above the server's SIZE (RFC 1870)
  utf8_not_offered,       ///< needs SMTPUTF8 (RFC 6531 §3.2)
  eight_bit_not_offered,  ///< needs 8BITMIME (RFC 6152 §3)
  illegal_message,  ///< bare CR or LF, NUL, or a line above 998 bytes (RFC 5321 §4.5.3.1.6, RFC 5322 §2.1.1)
  illegal_address,  ///< control byte, unquoted space or bracket, too long, or non-ASCII without SMTPUTF8
  too_many_recipients,  ///< beyond ClientOptions::max_recipients: give it in a transaction of its own
};

[[nodiscard]] std::string_view name_of(LocalFailure failure);

/// May stand between the brackets of MAIL FROM:<> or RCPT TO:<>. Checks what would break the command, not
/// whether the address makes sense. The empty address is legal as a sender only.
[[nodiscard]] bool is_legal_path(std::string_view address, bool utf8_allowed);

/// May stand behind EHLO.
[[nodiscard]] bool is_legal_ehlo_name(std::string_view name);

}  // namespace sluice::smtp
