// A report to the sender of a message about one recipient of it (RFC 3464 in RFC 6522's multipart/report):
// text for a person, message/delivery-status for programs, and what comes back of the message.
//
// Everything a receiver said, and every address, is untrusted: it reaches no header, and what would break a
// field of the status part is replaced. Pure; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "engine/base/clock.hpp"

namespace sluice::message {

inline constexpr std::size_t kMaxReportText = 1000;           ///< of what a receiver said; bytes
inline constexpr std::size_t kMaxReturnedHeader = 64u << 10;  ///< a longer header is cut at a line

struct DeliveryReport {
  enum class Action : std::uint8_t { failed, delayed, relayed };

  Action action = Action::failed;
  std::string host;  ///< our name: Reporting-MTA
  std::string from;  ///< address the report is from
  std::string to;    ///< the original sender
  std::string recipient;
  std::string status;  ///< "5.1.1"
  Instant arrived{};
  Instant attempted{};
  Instant until{};               ///< delayed: when it would be given up
  std::string remote;            ///< host that said it; empty: none was reached
  std::string reply;             ///< what it said, with its code; empty: nobody said anything
  std::string reason;            ///< else why, for a person
  std::string envid;             ///< decoded; empty: none was given
  std::string orcpt_type;        ///< "rfc822"; empty: none was given
  std::string orcpt;             ///< decoded
  std::string_view original;     ///< the message as it was accepted; empty: nothing comes back
  std::size_t header_bytes = 0;  ///< of it
  bool whole = false;            ///< the whole message comes back, else its header
  bool utf8 = false;             ///< the message is one of RFC 6531's
};

struct ReportText {
  std::string content;           ///< CRLF text, all but Date and Message-ID
  std::size_t header_bytes = 0;  ///< of it
  bool eight_bit = false;
};

[[nodiscard]] ReportText build_report(const DeliveryReport& report);

}  // namespace sluice::message
