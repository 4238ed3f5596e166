// One SMTP command line (RFC 5321 §4.1, RFC 3030 for BDAT) into a Command. Strict: what does not follow the
// grammar gets the reply the client must see. Pure; a Command's views point into the line given.
#pragma once

#include <cstdint>
#include <expected>
#include <string_view>

#include "engine/message/reply.hpp"
#include "engine/smtp/server_parameters.hpp"
#include "engine/smtp/server_path.hpp"

namespace sluice::smtp {

enum class Verb : std::uint8_t {
  mail,
  rcpt,
  data,
  bdat,
  rset,
  noop,
  ehlo,
  helo,
  quit,
  starttls,
  vrfy,
  help,
  expn,
  auth,
  foreign,  ///< HTTP or another protocol talking to us (GET, POST, CONNECT …): the session must end
  unknown,
};

struct Command {
  Verb verb = Verb::unknown;
  std::string_view argument;      ///< after the verb and one space, trailing blanks dropped
  Path path;                      ///< MAIL, RCPT
  MailParameters mail;            ///< MAIL
  RecipientParameters recipient;  ///< RCPT
  std::uint64_t chunk_bytes = 0;  ///< BDAT
  bool last = false;              ///< BDAT … LAST
};

/// A line that is no command: `reply` goes to the client. `verb` tells a bad BDAT (the bytes that follow are
/// a chunk of unknown length, so the session cannot go on) from the rest.
struct Refusal {
  Verb verb;
  message::Reply reply;
};

/// `line` is without its CRLF. Control bytes, so also a bare CR or LF, are refused (500 5.5.2); bytes above
/// 127 are allowed in paths only and must be UTF-8.
[[nodiscard]] std::expected<Command, Refusal> parse_command(std::string_view line,
                                                            const ParameterSet& offered);

}  // namespace sluice::smtp
