// Where in an SMTP conversation something happened, and one table of what is awaited there and for how long.
// The stage names appear in events; STATES.md says what every answer there leads to.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <string_view>

namespace sluice::smtp {

enum class Stage : unsigned char {
  connect,   ///< TCP, from the first SYN
  banner,    ///< the server's greeting
  ehlo,      ///< EHLO, or HELO after it was refused
  starttls,  ///< STARTTLS and the handshake; implicit TLS too
  auth,
  mail,
  rcpt,
  data,  ///< DATA until the 354
  dot,   ///< content and its end (final dot, or BDAT … LAST) until the reply
  rset,
  quit,
};

inline constexpr std::size_t kStageCount = 11;

struct StageRow {
  Stage stage;
  std::string_view name;      ///< in events
  std::chrono::seconds wait;  ///< default; RFC 5321 §4.5.3.2 where it gives one
  std::string_view doing;     ///< "waiting for the greeting", for error texts
};

/// In the order of the enum.
inline constexpr std::array<StageRow, kStageCount> kStages{{
    {Stage::connect, "connect", std::chrono::seconds(30), "connecting"},
    {Stage::banner, "banner", std::chrono::minutes(5), "waiting for the greeting"},
    {Stage::ehlo, "ehlo", std::chrono::minutes(5), "waiting for the reply to EHLO"},
    {Stage::starttls, "starttls", std::chrono::minutes(2), "starting TLS"},
    {Stage::auth, "auth", std::chrono::minutes(2), "authenticating"},
    {Stage::mail, "mail", std::chrono::minutes(5), "waiting for the reply to MAIL FROM"},
    {Stage::rcpt, "rcpt", std::chrono::minutes(5), "waiting for the reply to RCPT TO"},
    {Stage::data, "data", std::chrono::minutes(2), "waiting for the reply to DATA"},
    {Stage::dot, "dot", std::chrono::minutes(10), "waiting for the reply to the message"},
    {Stage::rset, "rset", std::chrono::minutes(2), "waiting for the reply to RSET"},
    {Stage::quit, "quit", std::chrono::seconds(5), "waiting for the reply to QUIT"},
}};

[[nodiscard]] constexpr const StageRow& row_of(Stage stage) {
  return kStages[static_cast<std::size_t>(stage)];
}
[[nodiscard]] constexpr std::string_view name_of(Stage stage) { return row_of(stage).name; }

}  // namespace sluice::smtp
