// One client at the inbound door. Takes mail for our own tokens, unsubscribe+TOKEN and the feedback names at
// [bounce] domain; everything else is 550: it relays for nobody. A 250 is given when what follows is on disk.
//
// What it takes and cannot use (an ordinary letter, a report about a message we no longer know) is accepted
// and dropped: refusing it would make a bounce of a bounce.
#pragma once

#include "engine/inbound/intake.hpp"
#include "engine/inbound/meter.hpp"
#include "engine/inbound/token_limit.hpp"
#include "engine/smtp/server_handler.hpp"

namespace sluice::inbound {

/// All outlive it; `limit` and `meter` belong to its thread.
class BounceSession final : public smtp::ServerHandler {
 public:
  BounceSession(const Options& options, Returns& returns, TokenLimit& limit, Meter& meter)
      : options_(options), returns_(returns), intake_(options, returns), limit_(limit), meter_(meter) {}

  net::Task<message::Reply> on_recipient(const smtp::Envelope& envelope,
                                         const smtp::Recipient& recipient) override;
  net::Task<message::Reply> on_message(const smtp::Envelope& envelope, std::string_view content) override;

 private:
  const Options& options_;
  Returns& returns_;
  const Intake intake_;
  TokenLimit& limit_;
  Meter& meter_;
};

}  // namespace sluice::inbound
