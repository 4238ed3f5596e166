// One client at the inbound door. Takes mail for our own tokens, unsubscribe+TOKEN and the feedback names at
// [bounce] domain; everything else is 550: it relays for nobody. A 250 is given when what follows is on disk.
//
// What it takes and cannot use (an ordinary letter, a report about a message we no longer know) is accepted
// and dropped: refusing it would make a bounce of a bounce.
#pragma once

#include <optional>
#include <vector>

#include "engine/inbound/options.hpp"
#include "engine/inbound/returns.hpp"
#include "engine/inbound/token_limit.hpp"
#include "engine/smtp/server_handler.hpp"

namespace sluice::inbound {

/// Whom a message at the door is for.
struct Target {
  enum class Kind : std::uint8_t { token, unsubscribe, feedback };
  Kind kind = Kind::token;
  std::optional<MessageId> id;
};

/// Nothing: no address of ours. `local` and `domain` are untrusted.
[[nodiscard]] std::optional<Target> target_of(std::string_view local, std::string_view domain,
                                              const Options& options, const feedback::TokenKeys& keys,
                                              Instant now);

/// All outlive it; `limit` belongs to its thread.
class BounceSession final : public smtp::ServerHandler {
 public:
  BounceSession(const Options& options, Returns& returns, TokenLimit& limit)
      : options_(options), returns_(returns), limit_(limit) {}

  net::Task<message::Reply> on_recipient(const smtp::Envelope& envelope,
                                         const smtp::Recipient& recipient) override;
  net::Task<message::Reply> on_message(const smtp::Envelope& envelope, std::string_view content) override;

 private:
  [[nodiscard]] Expected<Outcome> judge(const Target& target, bool null_sender,
                                        const feedback::Feedback& report);

  const Options& options_;
  Returns& returns_;
  TokenLimit& limit_;
};

}  // namespace sluice::inbound
