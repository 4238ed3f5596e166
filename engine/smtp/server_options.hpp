// Limits and offers of an SMTP server, shared by every session of a listener.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>

namespace sluice::smtp {

struct ServerOptions {
  std::string hostname = "localhost";    ///< in the greeting and the EHLO reply
  std::string product = "sluice ESMTP";  ///< after it in the greeting

  // What EHLO offers besides PIPELINING, SIZE, 8BITMIME and ENHANCEDSTATUSCODES.
  bool smtputf8 = true;
  bool dsn = true;
  bool chunking = false;
  bool starttls = false;     ///< needs a TlsServerContext in the session
  bool require_tls = false;  ///< MAIL before STARTTLS is answered 530 5.7.0

  std::size_t max_message_bytes = 25 << 20;  ///< 1 KiB-1 GiB; beyond: 552 5.3.4, the text is read and dropped
  std::size_t max_dropped_bytes = 100 << 20;  ///< refused text read to keep the session; beyond: 421, close
  std::size_t max_recipients = 1000;          ///< a message, 1-100,000; beyond: 452 4.5.3
  std::size_t max_command_bytes = 2048;       ///< with CRLF, 512-65,536; beyond: 500 5.5.2
  std::size_t max_text_line_bytes = 1000;  ///< with CRLF (RFC 5321 §4.5.3.1.6), 1000-1 GiB; beyond: 554 5.6.0
  std::size_t max_errors = 20;             ///< refused commands and texts a session; then 421 4.7.0, close
  std::size_t max_idle_commands = 100;  ///< commands in a row that reach no recipient; then 421 4.7.0, close
  std::size_t max_refusals = 1000;  ///< MAIL and RCPT by the handler, a session; then 421 4.7.0; 0: no limit
  std::size_t max_messages = 0;     ///< accepted a session; then 421 4.7.0, close; 0: no limit

  std::size_t read_bytes = 32 << 10;  ///< wanted room a read, and what an idle session holds; 4 KiB-1 MiB
  std::size_t max_reply_bytes = 16 << 10;  ///< replies gathered before they are written even if input is left

  // Each covers the whole step, not one read, so that a slow drip ends too. At the limit: 421 4.4.2, close.
  std::chrono::milliseconds command_timeout =
      std::chrono::minutes(5);  ///< from the last reply to a full command line
  std::chrono::milliseconds text_timeout =
      std::chrono::minutes(10);  ///< from DATA or BDAT to the end of the text
  std::chrono::milliseconds tls_timeout = std::chrono::seconds(30);  ///< the handshake
  std::chrono::milliseconds write_timeout =
      std::chrono::minutes(1);  ///< one write of replies; no reply at the limit
};

}  // namespace sluice::smtp
