// The keys of receivers and of what follows when they push back: [shaping], [[provider]], and the two
// sections of shaping.toml.
#include "config/schema_tables.hpp"

namespace sluice::config::tables {
namespace {

constexpr std::string_view kTlsModes[] = {"off", "opportunistic", "required"};
constexpr std::string_view kPer[] = {"provider", "site", "remote_ip"};
constexpr std::string_view kReach[] = {"provider", "site"};
constexpr std::string_view kActions[] = {"slow", "connections", "pause", "source-out", "ignore"};
constexpr std::string_view kShares[] = {"deferred", "bounced", "complained", "unknown", "blocked"};
constexpr std::string_view kOver[] = {"path", "campaign", "tenant"};
constexpr std::string_view kRemedies[] = {"slow", "pause", "hold"};
constexpr std::string_view kStages[] = {"banner", "ehlo", "starttls", "auth", "mail", "rcpt", "data", "dot"};

constexpr Millis kWeek{7LL * 86'400'000};

constexpr Field kShaping[] = {
    field<&Shaping::enabled>("enabled", "rules, controllers and canaries act; off: policies alone limit"),
    field<&Shaping::providers_file>("providers_file",
                                    "[[provider]] entries that add to the shipped ones or change them, "
                                    "value by value; [[provider]] in this file comes last")
        .as(Format::path)
        .eg("providers.toml")
        .live(),
    field<&Shaping::rules_file>("rules_file",
                                "[[rule]] and [[controller]] entries beside the shipped ones; the same name "
                                "changes one")
        .as(Format::path)
        .eg("shaping.toml")
        .live(),
};

constexpr Field kProvider[] = {
    field<&Provider::name>("name",
                           "how policies, events and reports call it; a shipped one's changes that one")
        .as(Format::name)
        .eg("google")
        .required(),
    field<&Provider::mx_suffixes>(
        "mx_suffixes",
        "a site whose first MX host is one of these or below one is the provider's; "
        "an address stands for itself")
        .as(Format::host)
        .eg("[\"google.com\", \"googlemail.com\"]"),
    field<&Provider::networks>("networks", "so is one whose addresses are all in these")
        .as(Format::network)
        .eg("[\"192.0.2.0/24\"]"),
    field<&Provider::per>("per", "each limit below holds for each source and each of these").one_of(kPer),
    field<&Provider::connections>("connections", "open at once; 0: as [delivery] says")
        .in(0, 100'000, "connections"),
    field<&Provider::connection_rate>("connection_rate", "new connections; empty: as [delivery] says")
        .as(Format::rate)
        .eg("100/min"),
    field<&Provider::messages_per_connection>("messages_per_connection",
                                              "then it is closed; 0: as [delivery] says")
        .in(0, 1'000'000, "messages"),
    field<&Provider::message_rate>("message_rate", "messages; empty: as [delivery] says")
        .as(Format::rate)
        .eg("50/s"),
    field<&Provider::tls>("tls", "instead of [tls] mode, unless a [[route]] says")
        .one_of(kTlsModes)
        .eg("required"),
    field<&Provider::source>("source", "where the numbers come from; shown by `throttle resolve`")
        .eg("https://postmaster.example/"),
};

template <class Struct>
constexpr Field pause_of() {
  return field<&Struct::pause>("pause", "before anything is sent again; doubles with each step down")
      .in(Millis{0}, kWeek)
      .live();
}
template <class Struct>
constexpr Field pause_max_of() {
  return field<&Struct::pause_max>("pause_max", "it doubles up to this").in(Millis{0}, kWeek).live();
}
template <class Struct>
constexpr Field reduce_of() {
  return field<&Struct::reduce>("reduce", "the rate after a pause, of what was taken before")
      .in(1, 99, "percent")
      .live();
}
template <class Struct>
constexpr Field recover_every_of() {
  return field<&Struct::recover_every>("recover_every", "without a refusal: one step up")
      .in(Millis{1}, kWeek)
      .live();
}
template <class Struct>
constexpr Field recover_of() {
  return field<&Struct::recover>("recover", "a step up adds this share of the rate")
      .in(1, 1000, "percent")
      .live();
}
template <class Struct>
constexpr Field recover_max_of() {
  return field<&Struct::recover_max>("recover_max", "steps beyond what was refused become as rare as this")
      .in(Millis{1}, kWeek)
      .live();
}
template <class Struct>
constexpr Field least_of() {
  return field<&Struct::least>("least", "never slower").as(Format::rate).live();
}

constexpr Field kRule[] = {
    field<&ShapingRule::name>("name",
                              "how events and `throttle show` call it; a shipped one's changes that one")
        .as(Format::name)
        .eg("gmail-rate")
        .required()
        .live(),
    field<&ShapingRule::enabled>("enabled", "false: the rule is not there").live(),
    field<&ShapingRule::provider>("provider", "only there; empty: everywhere")
        .as(Format::name)
        .eg("google")
        .live(),
    field<&ShapingRule::stages>("stage", "where in the conversation; empty: anywhere")
        .one_of(kStages)
        .eg("[\"mail\"]")
        .live(),
    field<&ShapingRule::codes>("code", "reply codes, x for any digit; empty: any")
        .eg("[\"421\", \"45x\"]")
        .live(),
    field<&ShapingRule::enhanced>("enhanced", "enhanced codes, x for any part; empty: any")
        .eg("[\"4.7.28\", \"4.7.x\"]")
        .live(),
    field<&ShapingRule::texts>("text", "RE2 patterns, any case, anywhere in the text; one is enough")
        .eg("['unusual rate']")
        .live(),
    field<&ShapingRule::bounce_classes>("class", "bounce classes; empty: any").eg("[\"rate-limit\"]").live(),
    field<&ShapingRule::per>("per", "the action concerns the source and this").one_of(kReach).live(),
    field<&ShapingRule::action>("action", "what follows").one_of(kActions).live(),
    pause_of<ShapingRule>(),
    pause_max_of<ShapingRule>(),
    reduce_of<ShapingRule>(),
    recover_every_of<ShapingRule>(),
    recover_of<ShapingRule>(),
    recover_max_of<ShapingRule>(),
    least_of<ShapingRule>(),
};

constexpr Field kController[] = {
    field<&ShapingController::name>(
        "name", "how events and `throttle show` call it; a shipped one's changes that one")
        .as(Format::name)
        .eg("path-deferrals")
        .required()
        .live(),
    field<&ShapingController::enabled>("enabled", "false: the controller is not there").live(),
    field<&ShapingController::of>("of", "the share it looks at").one_of(kShares).eg("deferred").live(),
    field<&ShapingController::over>("over", "whose outcomes it counts").one_of(kOver).live(),
    field<&ShapingController::above>("above", "it acts when the share is larger")
        .as(Format::percent)
        .eg("20%")
        .live(),
    field<&ShapingController::minimum>("minimum", "it does not judge fewer")
        .in(1, 1'000'000'000, "outcomes")
        .live(),
    field<&ShapingController::window>("window", "older outcomes do not count").in(Millis{1000}, kWeek).live(),
    field<&ShapingController::action>("action", "what follows; only a campaign can be held")
        .one_of(kRemedies)
        .live(),
    pause_of<ShapingController>(),
    pause_max_of<ShapingController>(),
    reduce_of<ShapingController>(),
    recover_every_of<ShapingController>(),
    recover_of<ShapingController>(),
    recover_max_of<ShapingController>(),
    least_of<ShapingController>(),
};

}  // namespace

std::span<const Field> shaping() { return kShaping; }
std::span<const Field> provider() { return kProvider; }
std::span<const Field> shaping_rule() { return kRule; }
std::span<const Field> shaping_controller() { return kController; }

}  // namespace sluice::config::tables
