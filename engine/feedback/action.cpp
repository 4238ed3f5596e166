#include "engine/feedback/action.hpp"

#include <array>

namespace sluice::feedback {
namespace {

using R = RecipientAction;
using T = RetryAction;

// By value of BounceClass.
constexpr std::array<Action, kBounceClasses> kActions{{
    {R::none, T::none, Brake::none, false},               // none
    {R::suppress, T::ladder, Brake::none, false},         // invalid-recipient
    {R::suppress_domain, T::ladder, Brake::none, false},  // invalid-domain
    {R::suppress, T::ladder, Brake::none, false},         // inactive
    {R::count_soft, T::ladder, Brake::none, false},       // mailbox-full
    {R::none, T::ladder, Brake::none, false},             // too-large
    {R::none, T::ladder, Brake::slow, true},              // policy
    {R::none, T::ladder, Brake::campaign, false},         // spam-content
    {R::none, T::ladder, Brake::source_out, true},        // blocklist
    {R::none, T::ladder, Brake::back_off, false},         // rate-limit
    {R::none, T::greylist, Brake::none, false},           // greylist
    {R::none, T::ladder, Brake::relay, true},             // auth-failure
    {R::none, T::ladder, Brake::none, true},              // protocol
    {R::none, T::next_host, Brake::back_off, false},      // network
    {R::none, T::next_host, Brake::back_off, false},      // tls
    {R::none, T::ladder, Brake::none, false},             // dns
    {R::none, T::none, Brake::none, false},               // content
    {R::count_soft, T::none, Brake::none, false},         // expired
    {R::count_soft, T::ladder, Brake::none, false},       // other
}};

}  // namespace

Action action_of(BounceClass bounce_class, Witness witness) {
  auto action = kActions[static_cast<std::size_t>(bounce_class)];
  if (bounce_class == BounceClass::inactive && witness == Witness::bounce) action.recipient = R::count_soft;
  return action;
}

std::string_view name_of(RecipientAction action) {
  constexpr std::array<std::string_view, 4> names{"none", "suppress", "suppress-domain", "count-soft"};
  return names[static_cast<std::size_t>(action)];
}

std::string_view name_of(RetryAction action) {
  constexpr std::array<std::string_view, 4> names{"none", "ladder", "greylist", "next-host"};
  return names[static_cast<std::size_t>(action)];
}

std::string_view name_of(Brake brake) {
  constexpr std::array<std::string_view, 6> names{"none",       "back-off", "slow",
                                                  "source-out", "campaign", "relay"};
  return names[static_cast<std::size_t>(brake)];
}

}  // namespace sluice::feedback
