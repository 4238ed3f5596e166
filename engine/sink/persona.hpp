// How a receiving site behaves, as data. The built-in ones imitate what the large providers are known to do;
// numbers and texts from their public pages (FACTS: destination limits, special replies), scaled so that
// tests end.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "engine/base/error.hpp"
#include "engine/message/reply.hpp"

namespace sluice::sink {

enum class Tls : std::uint8_t { none, offered, required };

/// Zero and empty mean: does not do that. Shares are in [0, 1].
struct Persona {
  std::string name = "plain";

  std::uint32_t max_messages_per_s = 0;  ///< MAIL commands in a clock second; then rate_reply
  message::Reply rate_reply{
      421, {4, 7, 28}, "Our system has detected an unusual rate of mail from your address"};
  std::uint32_t max_connections = 0;  ///< open at once; then connection_reply
  message::Reply connection_reply{421, {4, 7, 0}, "Too many connections from your address"};
  std::uint32_t max_messages_per_connection = 0;  ///< then 421 4.7.0

  /// The two limits above hold so long after the first connection, then no more; 0: for ever.
  std::chrono::milliseconds limited_for{0};

  std::chrono::milliseconds greylist{
      0};                         ///< (MAIL FROM, RCPT TO) first hears 451 4.7.1, is accepted this much later
  double bounce_share = 0;        ///< of recipients, by hash: always 550 5.1.1
  double mailbox_full_share = 0;  ///< of recipients, by hash: always 452 4.2.2
  double defer_share = 0;         ///< of RCPT commands, at random: 451 4.3.0
  double drop_share = 0;  ///< of messages, at random: connection closed after the final dot, no answer
  bool drop_keeps_message = true;  ///< such a message was delivered (its sender cannot know)

  std::chrono::milliseconds reply_delay{0};  ///< before the greeting and each MAIL, RCPT and final reply
  std::chrono::milliseconds tarpit_step{
      0};  ///< added for every such reply in a connection, up to tarpit_limit
  std::chrono::milliseconds tarpit_limit{10'000};

  Tls tls = Tls::none;  ///< with a self-signed certificate made at start
  bool chunking = true;
  bool smtputf8 = true;
  /// A recipient `say-CODE@` or `say-CODE-X.Y.Z@` gets that reply to RCPT: for tests that need one certain
  /// answer.
  bool scripted_recipients = false;
  std::size_t max_message_bytes = 25 << 20;
};

/// The built-in personas; static storage.
[[nodiscard]] std::span<const Persona> built_in_personas();
/// not_found names the ones there are.
[[nodiscard]] Expected<Persona> find_persona(std::string_view name);
/// A share outside [0, 1] or a sum of recipient shares above 1: invalid_input.
[[nodiscard]] Expected<> check(const Persona& persona);

}  // namespace sluice::sink
