// One message that came back, from whatever door: read, judged for each of those it is for, and written.
//
// Guarantee: when take() has answered without an error, what follows from the message is on disk; on an error
// nothing is promised, and the message may be given again.
//
// A message from a file has no envelope: whom it is for stands in its own fields, signed by us or not at all.
// Not for delivery workers. Any other thread; `content` stays valid until the task is over.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/inbound/options.hpp"
#include "engine/inbound/returns.hpp"

namespace sluice::inbound {

/// Whom a message at the door is for.
struct Target {
  enum class Kind : std::uint8_t { token, unsubscribe, feedback };
  Kind kind = Kind::token;
  std::optional<MessageId> id;
};

/// It is our bounce domain, in whatever case.
[[nodiscard]] bool ours(std::string_view domain, const Options& options);
/// Nothing: no address of ours. `local` and `domain` are untrusted.
[[nodiscard]] std::optional<Target> target_of(std::string_view local, std::string_view domain,
                                              const Options& options, const feedback::TokenKeys& keys,
                                              Instant now);

/// What was made of it, for one of those it was for.
struct Taken {
  std::string what;  ///< as Outcome::what
  std::string recipient;
  std::string bounce_class;
};

class Intake {
 public:
  /// Both outlive it.
  Intake(const Options& options, Returns& returns) : options_(options), returns_(returns) {}

  /// By SMTP. `null_sender`: MAIL FROM was <>.
  net::Task<Expected<std::vector<Taken>>> take(std::vector<Target> targets, bool null_sender,
                                               std::string_view content) const;
  /// From a file.
  net::Task<Expected<std::vector<Taken>>> take_file(std::string_view content) const;

 private:
  net::Task<Expected<std::vector<Taken>>> take(std::vector<Target> targets, bool null_sender,
                                               feedback::Feedback report) const;
  net::Task<Expected<Outcome>> judge(const Target& target, bool null_sender,
                                     const feedback::Feedback& report) const;

  const Options& options_;
  Returns& returns_;
};

}  // namespace sluice::inbound
