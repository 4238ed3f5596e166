// One persona at work: its counters, and what it says to each command. Shared by the worker threads of its
// address.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "engine/message/reply.hpp"
#include "engine/sink/greylist.hpp"
#include "engine/sink/persona.hpp"
#include "engine/sink/refusal_series.hpp"
#include "engine/sink/second_counter.hpp"

namespace sluice::sink {

/// What happened, each counted once. Relaxed atomics: no order among them is needed.
struct SiteCounters {
  using Count = std::atomic<std::uint64_t>;
  Count connections{0};
  Count connections_refused{0};
  Count open{0};
  Count most_open{0};
  Count mails{0};  ///< MAIL accepted
  Count rate_limited{0};
  Count recipients{0};  ///< RCPT accepted
  Count bounced{0};
  Count mailbox_full{0};
  Count greylisted{0};
  Count deferred{0};
  Count scripted{0};
  Count messages{0};      ///< texts accepted, or kept before a drop
  Count deliveries{0};    ///< their recipients
  Count duplicates{0};    ///< deliveries seen before
  Count unidentified{0};  ///< messages without an id: counted, never duplicates
  Count dropped{0};       ///< connections closed after the final dot
  Count bytes{0};
  Count tls_mails{0};
  Count first_message_us{0};  ///< steady clock; 0: none yet
  Count last_message_us{0};
  SecondCounter mail_rate;
  RefusalSeries refusals;  ///< for the two limits
};

/// The fate of a recipient, and the words for it.
enum class Fate { accepted, bounced, mailbox_full, greylisted, deferred, scripted };
struct Verdict {
  Fate fate;
  message::Reply reply;
};

class Site {
 public:
  using Clock = std::chrono::steady_clock;

  Site(Persona persona, std::uint64_t seed);

  [[nodiscard]] const Persona& persona() const { return persona_; }
  [[nodiscard]] const SiteCounters& counters() const { return counters_; }
  [[nodiscard]] SiteCounters& counters() { return counters_; }

  /// A connection opens; nothing when it is welcome. Call disconnect() once for each, welcome or not.
  [[nodiscard]] std::optional<message::Reply> connect();
  void disconnect();
  /// The `nth` (from 0) MAIL accepted in its connection; nothing when it is accepted.
  [[nodiscard]] std::optional<message::Reply> mail(std::size_t nth, bool tls, Clock::time_point now);
  [[nodiscard]] Verdict recipient(std::string_view sender, std::string_view recipient, Clock::time_point now);
  /// A text of `bytes` to `recipients` was accepted.
  void message(std::size_t recipients, std::size_t bytes, Clock::time_point now);
  /// Close the connection instead of answering this message?
  [[nodiscard]] bool drops();

 private:
  [[nodiscard]] double draw();
  /// The persona's limits hold now.
  [[nodiscard]] bool limits(Clock::time_point now) const;

  const Persona persona_;
  const std::uint64_t seed_;
  SiteCounters counters_;
  Greylist greylist_;
  std::atomic<std::uint64_t> draws_{0};  // the nth draw is a function of seed and n
};

/// `say-550-5.1.1` as a reply; nothing when the local part is no such script.
[[nodiscard]] std::optional<message::Reply> scripted_reply(std::string_view local_part);

}  // namespace sluice::sink
