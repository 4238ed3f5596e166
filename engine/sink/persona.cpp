#include "engine/sink/persona.hpp"

#include <fmt/format.h>

#include <vector>

namespace sluice::sink {
namespace {

using std::chrono::milliseconds;

Persona gmail() {
  Persona p{.name = "gmail-like"};
  p.max_messages_per_s = 500;
  p.rate_reply.text =
      "Our system has detected an unusual rate of unsolicited mail originating from your IP address.\n"
      "To protect our users from spam, mail sent from your IP address has been temporarily rate limited.";
  p.max_connections = 5;
  p.max_messages_per_connection = 50;
  p.bounce_share = 0.01;
  p.mailbox_full_share = 0.002;
  p.tls = Tls::offered;
  return p;
}

Persona yahoo() {
  Persona p{.name = "yahoo-like"};
  p.max_messages_per_s = 200;
  p.rate_reply = {
      421, {4, 7, 0}, "[TSS04] Messages from your address temporarily deferred due to unexpected volume"};
  p.max_connections = 10;
  p.max_messages_per_connection = 20;
  p.bounce_share = 0.02;
  p.tls = Tls::offered;
  p.chunking = false;
  return p;
}

Persona outlook() {
  Persona p{.name = "outlook-like"};
  p.max_messages_per_s = 300;
  p.rate_reply = {451, {4, 7, 650}, "The mail server has been temporarily rate limited due to IP reputation"};
  p.max_connections = 5;
  p.connection_reply = {
      421, {4, 3, 2}, "The maximum number of concurrent server connections has exceeded a limit"};
  p.max_messages_per_connection = 50;
  p.bounce_share = 0.01;
  p.defer_share = 0.01;
  p.tls = Tls::offered;
  return p;
}

std::vector<Persona> make_table() {
  return {
      Persona{.name = "plain"},
      gmail(),
      yahoo(),
      outlook(),
      Persona{.name = "greylist", .greylist = milliseconds(2000)},
      Persona{.name = "bounce", .bounce_share = 0.1},
      Persona{.name = "full", .mailbox_full_share = 0.1},
      Persona{.name = "flaky", .defer_share = 0.05},
      Persona{.name = "drop", .drop_share = 0.01},
      Persona{.name = "slow", .reply_delay = milliseconds(200)},
      Persona{.name = "tarpit", .tarpit_step = milliseconds(100)},
      Persona{.name = "tls", .tls = Tls::offered},
      Persona{.name = "tls-required", .tls = Tls::required},
      Persona{.name = "limited", .max_messages_per_s = 100, .max_connections = 2},
      Persona{.name = "recovering",
              .max_messages_per_s = 50,
              .max_connections = 3,
              .limited_for = std::chrono::seconds(30)},
      Persona{.name = "scripted", .scripted_recipients = true},
  };
}

const std::vector<Persona>& table() {
  static const auto made = make_table();
  return made;
}

}  // namespace

std::span<const Persona> built_in_personas() { return table(); }

Expected<Persona> find_persona(std::string_view name) {
  std::string names;
  for (const auto& persona : table()) {
    if (persona.name == name) return persona;
    names += (names.empty() ? "" : ", ") + persona.name;
  }
  return fail(ErrorCode::not_found, fmt::format("no persona \"{}\"; there are {}", name, names));
}

Expected<> check(const Persona& p) {
  for (const double share : {p.bounce_share, p.mailbox_full_share, p.defer_share, p.drop_share,
                             p.bounce_share + p.mailbox_full_share}) {
    if (!(share >= 0 && share <= 1)) {
      return fail(ErrorCode::invalid_input,
                  fmt::format("persona {}: share {} is not in 0 to 1", p.name, share));
    }
  }
  return {};
}

}  // namespace sluice::sink
