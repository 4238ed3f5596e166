// What an operator may say about a receiver's replies and about shares of outcomes: the values of
// config/shaping.toml. Checked and compiled by RuleSet and Engine; plain data.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "throttle/rate.hpp"

namespace sluice::shaping {

using Millis = std::chrono::milliseconds;

/// What follows a reply that a rule matches.
enum class Action : std::uint8_t {
  slow,         ///< pause, then a reduced rate, then stepwise recovery
  connections,  ///< no more connections at once than it just took; one more from time to time
  pause,        ///< nothing for a while, then as before
  source_out,   ///< the source is out at that receiver; its mail may leave by another
  ignore,       ///< nothing: the reply is about one recipient
};

/// Whom a rule's action concerns, beside the source.
enum class Reach : std::uint8_t {
  provider,  ///< the provider, where the site has one; else the site
  site,
};

/// The gait of a back-off: quick to step down, slow to step up.
struct Gait {
  Millis pause{60'000};           ///< before anything is sent again; doubles with each step down
  Millis pause_max{3'600'000};    ///< …up to this
  unsigned reduce_percent = 50;   ///< of what was taken before: the rate after the pause; 1-99
  Millis recover_every{300'000};  ///< without a refusal: one step up
  unsigned recover_percent = 25;  ///< a step up adds this share of the rate; 1-1000
  Millis recover_max{7'200'000};  ///< a step beyond what was refused waits longer each time, up to this
  throttle::Rate least{6, std::chrono::minutes(1), 1};  ///< never slower
};

/// One [[rule]]: the first whose conditions all hold is taken. An absent condition holds.
struct RuleOptions {
  std::string name;
  std::string provider;
  std::vector<std::string> stages;    ///< names of smtp::Stage
  std::vector<std::string> codes;     ///< "421", "45x", "5xx"
  std::vector<std::string> enhanced;  ///< "4.7.28", "4.7.x"
  std::vector<std::string> texts;     ///< RE2, any case, found anywhere in the reply's text; one is enough
  std::vector<std::string> bounce_classes;  ///< as events name them: "rate-limit"
  Reach reach = Reach::provider;
  Action action = Action::slow;
  Gait gait;
};

/// Whose outcomes a controller counts.
enum class Whose : std::uint8_t { path, campaign, tenant };
/// Which share it looks at.
enum class Share : std::uint8_t {
  deferred,    ///< of answers; greylisting and full mailboxes are not counted
  bounced,     ///< hard bounces (recipient or domain does not exist) of answers
  complained,  ///< of deliveries
  unknown,     ///< replies of class `other` of answers
  blocked,     ///< refusals of what we send or of us (policy, reputation, block lists, spam) of answers
};
/// What follows when the share is too large.
enum class Remedy : std::uint8_t {
  slow,   ///< a path: as Action::slow. A campaign or tenant: the share of its rate that Gait names
  pause,  ///< for Gait::pause
  hold,   ///< campaigns: until an operator resumes it
};

/// One [[controller]].
struct ControllerOptions {
  std::string name;
  Whose whose = Whose::path;
  Share share = Share::deferred;
  double above = 0.2;           ///< 0-1
  std::uint64_t minimum = 200;  ///< answers (deliveries for `complained`) in the window, before it judges
  Millis window{600'000};
  Remedy remedy = Remedy::slow;
  Gait gait;
};

struct Options {
  std::vector<RuleOptions> rules;
  std::vector<ControllerOptions> controllers;
  std::size_t max_rules = 1000;
  std::size_t max_controllers = 64;
  std::size_t max_text_bytes = 4096;  ///< of a reply are looked at
  std::size_t max_pattern_bytes = 1000;
  std::size_t max_pattern_memory = 32u << 20;  ///< of all patterns, compiled together
  /// Back-offs at once. Beyond it a refusal holds the path that met it for the rule's pause, and no more.
  std::size_t max_back_offs = 4096;
  /// Paths, campaigns and tenants whose outcomes are counted; at the bound the longest unused goes.
  std::size_t max_counted = 16'384;
  std::size_t max_greylist_sites = 10'000;  ///< whose delay is remembered; the longest unused goes
  std::chrono::hours greylist_keep{7 * 24};
  std::size_t max_broken_tls = 10'000;  ///< hosts; the longest unused goes
  std::chrono::hours broken_tls_keep{24};
};

}  // namespace sluice::shaping
