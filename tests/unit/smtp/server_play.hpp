// Plays bytes into a ServerMachine by hand: every step is answered at once by simple rules, and all that
// happened is one text, so that two plays can be compared.
#pragma once

#include <algorithm>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "engine/smtp/server_machine.hpp"

namespace sluice::smtp::testing {

struct Played {
  std::string replies;                 ///< all bytes the server said
  std::vector<std::string> messages;   ///< accepted texts
  std::vector<std::string> envelopes;  ///< "sender>rcpt,rcpt" of each
  bool closed = false;
  std::size_t writes = 0;

  [[nodiscard]] bool said(std::string_view text) const { return replies.contains(text); }
  friend bool operator==(const Played& a, const Played& b) {
    return a.replies == b.replies && a.messages == b.messages && a.envelopes == b.envelopes &&
           a.closed == b.closed;
  }
};

class Player {
  const ServerOptions options_;  // the machine refers to it

 public:
  explicit Player(const ServerOptions& options)
      : options_(options), machine(options_, Peer{.address = "192.0.2.1", .port = 4711}) {
    run();
  }

  /// Feeds `bytes`, at most `piece` at a time.
  void feed(std::string_view bytes, std::size_t piece = 1 << 20) {
    while (!bytes.empty() && !played.closed) {
      const auto room = machine.prepare();
      const auto n = std::min({room.size(), bytes.size(), piece});
      if (n == 0) return;
      std::memcpy(room.data(), bytes.data(), n);
      machine.received(n);
      bytes.remove_prefix(n);
      run();
    }
  }

  ServerMachine machine;
  Played played;
  message::Reply to_message{250, {2, 0, 0}, "Queued"};

 private:
  void run() {
    for (;;) {
      using Step = ServerMachine::Step;
      const auto step = machine.next();
      switch (step) {
        case Step::flush:
        case Step::read:
          take_output();
          break;
        case Step::close:
          take_output();
          played.closed = true;
          break;
        case Step::connect:
          machine.answer({220, {}, ""});
          continue;
        case Step::mail:
          machine.answer(verdict(machine.envelope().sender));
          continue;
        case Step::recipient:
          machine.answer(verdict(machine.candidate().mailbox));
          continue;
        case Step::message:
          take_message();
          continue;
        case Step::start_tls:
          take_output();
          machine.tls_started("TLSv1.3", "test");
          continue;
      }
      if (step != Step::flush) return;
    }
  }

  static message::Reply verdict(const Mailbox& who) {
    if (who.local().starts_with("no")) return {550, {5, 1, 1}, "No such user"};
    if (who.local().starts_with("later")) return {451, {4, 7, 1}, "Try again later"};
    return {250, {2, 1, 0}, "OK"};
  }

  void take_message() {
    std::string envelope = machine.envelope().sender.address + '>';
    for (const auto& r : machine.envelope().recipients) envelope += r.mailbox.address + ',';
    played.envelopes.push_back(std::move(envelope));
    played.messages.emplace_back(machine.content());
    machine.answer(to_message);
  }

  void take_output() {
    if (!machine.output().empty()) ++played.writes;
    played.replies += machine.output();
    machine.output().clear();
  }
};

[[nodiscard]] inline Played play(const ServerOptions& options, std::string_view bytes,
                                 std::size_t piece = 1 << 20) {
  Player player(options);
  player.feed(bytes, piece);
  return std::move(player.played);
}

inline constexpr std::string_view kOpen =
    "EHLO client.test\r\nMAIL FROM:<a@shop.test>\r\nRCPT TO:<b@example.test>\r\n";

/// Text sent by DATA in a fresh session.
[[nodiscard]] inline Played play_data(std::string_view text, const ServerOptions& options = {}) {
  return play(options, std::string(kOpen) + "DATA\r\n" + std::string(text));
}

}  // namespace sluice::smtp::testing
