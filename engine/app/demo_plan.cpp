#include "engine/app/demo_plan.hpp"

namespace sluice::app {
namespace {

using std::chrono::milliseconds;

/// Holds to a published rate and a connection cap; nobody is refused as long as our policy keeps to them.
DemoProvider large() {
  DemoProvider out{"gmail-like", "gmail-like.test", "127.0.0.2:0", 36, 60, "900/s", 5, 100, {}};
  auto& p = out.persona;
  p.max_messages_per_s = 1000;
  p.rate_reply.text = "Our system has detected an unusual rate of mail originating from your address";
  p.max_connections = 5;
  p.bounce_share = 0.01;
  p.tls = sink::Tls::offered;
  return out;
}

/// Takes less a second than we would send: answers with rate replies, which make the path back off.
DemoProvider strict() {
  DemoProvider out{"yahoo-like", "yahoo-like.test", "127.0.0.3:0", 18, 40, "", 6, 50, {}};
  auto& p = out.persona;
  p.max_messages_per_s = 700;
  p.rate_reply = {
      421, {4, 7, 0}, "[TSS04] Messages from your address temporarily deferred due to unexpected volume"};
  p.bounce_share = 0.02;
  p.chunking = false;
  return out;
}

/// Counts connections, and is out of sorts now and then.
DemoProvider moody() {
  DemoProvider out{"outlook-like", "outlook-like.test", "127.0.0.4:0", 25, 60, "620/s", 4, 50, {}};
  auto& p = out.persona;
  p.max_connections = 4;
  p.connection_reply = {
      421, {4, 3, 2}, "The maximum number of concurrent server connections has exceeded a limit"};
  p.bounce_share = 0.01;
  p.mailbox_full_share = 0.002;
  p.defer_share = 0.01;
  p.tls = sink::Tls::offered;
  return out;
}

/// Refuses who it has never seen, once.
DemoProvider greylisting() {
  DemoProvider out{"gmx-like", "gmx-like.test", "127.0.0.5:0", 14, 30, "500/s", 8, 100, {}};
  auto& p = out.persona;
  p.greylist = milliseconds(2000);
  p.bounce_share = 0.015;
  return out;
}

/// Small hosts, each reply after a while, TLS only, and a list nobody has cleaned for years.
DemoProvider slow() {
  DemoProvider out{"small-hosts", "small-hosts.test", "127.0.0.6:0", 7, 200, "", 10, 100, {}};
  auto& p = out.persona;
  p.reply_delay = milliseconds(15);
  p.bounce_share = 0.06;
  p.tls = sink::Tls::required;
  return out;
}

std::vector<DemoProvider> make_table() {
  std::vector<DemoProvider> out{large(), moody(), strict(), greylisting(), slow()};
  for (auto& one : out) one.persona.name = one.name;
  return out;
}

}  // namespace

std::span<const DemoProvider> demo_providers() {
  static const auto made = make_table();
  return made;
}

}  // namespace sluice::app
