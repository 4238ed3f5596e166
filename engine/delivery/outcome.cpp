#include "engine/delivery/outcome.hpp"

namespace sluice::delivery {
namespace {

using feedback::BounceClass;
using queue::EventKind;

/// Stages where a refusal is about us or the connection, never about the recipient.
bool before_the_message(std::string_view stage) {
  return stage == "connect" || stage == "banner" || stage == "ehlo" || stage == "starttls" || stage == "auth";
}

Outcome of_reply(const Ending& ending, const feedback::Classifier& classifier) {
  const auto& reply = *ending.reply;
  const auto verdict =
      classifier.classify({reply.code, reply.enhanced, reply.text, ending.stage, ending.provider, ending.mx});
  Outcome out{EventKind::deferred, verdict.bounce_class, PathAction::none, {}};
  if (before_the_message(ending.stage)) {
    out.path = PathAction::back_off;
    return out;
  }
  if (reply.positive()) {  // a 2xx or 3xx where it decides nothing: out of step
    out.bounce_class = BounceClass::protocol;
    return out;
  }
  const auto brake = feedback::action_of(out.bounce_class).brake;
  const bool slow = brake == feedback::Brake::back_off || brake == feedback::Brake::source_out;
  if (slow || reply.code == 421) out.path = PathAction::back_off;
  // Our own fault (no TLS, no authentication, a blocked source) is not held against the recipient.
  const bool ours = reply.code == 530 || reply.code == 538 || out.bounce_class == BounceClass::auth_failure;
  if (reply.permanent() && !ours) out.kind = EventKind::bounced;
  return out;
}

Outcome of_local(smtp::LocalFailure local) {
  const bool size = local == smtp::LocalFailure::too_large;
  return {EventKind::bounced, size ? BounceClass::too_large : BounceClass::content, PathAction::none,
          std::string(smtp::name_of(local))};
}

Outcome of_error(const Ending& ending) {
  Outcome out{EventKind::deferred, BounceClass::network, PathAction::none, ending.error->text};
  if (ending.error->code == ErrorCode::invalid_input) out.bounce_class = BounceClass::protocol;
  if (ending.stage == "starttls") out.bounce_class = BounceClass::tls;
  if (before_the_message(ending.stage)) out.path = PathAction::back_off;
  return out;
}

}  // namespace

Ending ending_of(const smtp::RecipientResult& result) {
  Ending out;
  out.stage = smtp::name_of(result.stage);
  if (result.reply.code != 0) out.reply = &result.reply;
  if (result.error) out.error = &*result.error;
  out.local = result.local;
  out.accepted = result.accepted();
  out.in_doubt = result.in_doubt;
  return out;
}

Ending ending_of(const smtp::OpenFailure& failure) {
  Ending out;
  out.stage = smtp::name_of(failure.stage);
  if (failure.reply.code != 0) out.reply = &failure.reply;
  if (failure.error) out.error = &*failure.error;
  return out;
}

Ending ending_of(const dns::RouteFailure& failure) {
  Ending out;
  out.stage = "dns";
  out.route = &failure;
  return out;
}

Outcome outcome_of(const Ending& ending, const feedback::Classifier& classifier) {
  if (ending.in_doubt) {
    return {EventKind::in_doubt, BounceClass::network, PathAction::none,
            ending.error != nullptr ? ending.error->text : std::string()};
  }
  if (ending.accepted) return {EventKind::delivered, BounceClass::none, PathAction::none, {}};
  if (ending.local != smtp::LocalFailure::none) return of_local(ending.local);
  if (ending.route != nullptr) {
    const bool domain = ending.route->failure_class == dns::FailureClass::invalid_domain;
    return {ending.route->permanent ? EventKind::bounced : EventKind::deferred,
            domain ? BounceClass::invalid_domain : BounceClass::dns, PathAction::none, ending.route->text};
  }
  if (ending.reply != nullptr) return of_reply(ending, classifier);
  if (ending.error != nullptr) return of_error(ending);
  return {EventKind::deferred, BounceClass::other, PathAction::none, "the attempt ended without a result"};
}

}  // namespace sluice::delivery
