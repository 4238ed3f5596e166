// What delivery may be told. Times are durations, sizes bytes.
#pragma once

#include <boost/asio/ip/address.hpp>
#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/feedback/classifier.hpp"
#include "engine/smtp/client_options.hpp"
#include "queue/queue.hpp"
#include "throttle/warmup.hpp"

namespace sluice::delivery {

/// One of our sending addresses.
struct SourceOptions {
  std::string name;
  std::optional<boost::asio::ip::address> address;   ///< IPv4; absent: the system chooses
  std::optional<boost::asio::ip::address> address6;  ///< IPv6; absent: not sent over IPv6
  std::string ehlo;
  std::optional<throttle::WarmupPlan> warmup{};  ///< absent: receivers know it
};

struct PoolOptions {
  std::string name;
  std::vector<std::string> sources;
  std::vector<unsigned> weights{};  ///< shares of first attempts, in the order of sources; empty: equal
};

/// A group of sites that one receiver runs, recognised by its MX hosts.
struct ProviderOptions {
  std::string name;
  std::vector<std::string> mx_suffixes;  ///< "google.com" matches aspmx.l.google.com
  /// Where no suffix of any provider matches: every address of the site is in one of these.
  std::vector<std::string> networks = {};
  /// "off", "opportunistic" or "required" where no route says; "": as ClientOptions.
  std::string tls = {};
};

struct RetryOptions {
  std::vector<std::chrono::milliseconds> ladder{std::chrono::minutes(5),  std::chrono::minutes(10),
                                                std::chrono::minutes(30), std::chrono::hours(1),
                                                std::chrono::hours(2),    std::chrono::hours(4)};
  std::vector<std::chrono::milliseconds> greylist{std::chrono::minutes(1), std::chrono::minutes(5),
                                                  std::chrono::minutes(15), std::chrono::minutes(30)};
  unsigned jitter_percent = 20;  ///< a step is spread over ±this
  queue::DoubtPolicy in_doubt = queue::DoubtPolicy::retry;
  std::chrono::milliseconds in_doubt_delay = std::chrono::minutes(30);
  unsigned in_doubt_tries = 2;  ///< live doubts repeated at most so often, then held until it expires
};

/// A path has at most so many lease runs that are not settled on disk: what may be in doubt after a crash.
/// The last of them cover settlements on their way to the disk: 512 records of 64 a run let a path send
/// 50,000 a second while a commit takes 10 ms.
inline constexpr std::size_t kRunsUnsettled = 8;

struct Options {
  std::vector<SourceOptions> sources;  ///< empty: one source "default" with the system's choice of address
  std::vector<PoolOptions> pools;      ///< a pool "default" of all sources is added when absent
  std::vector<ProviderOptions> providers;  ///< a site none of them matches has no provider
  RetryOptions retry;
  /// What replies mean; const, read by all workers. Null: the built-in rules.
  std::shared_ptr<const feedback::Classifier> classifier;
  smtp::ClientOptions client;  ///< ehlo_name is each source's
  unsigned workers = 2;
  std::chrono::seconds delay_report{
      4 * 3600};                       ///< senders that asked are told of mail that waits so long; 0: not
  std::size_t lease_run = 64;          ///< records leased at once for a path; see kRunsUnsettled
  std::size_t max_connections = 2000;  ///< of one worker; beyond it paths wait for one to end
  std::chrono::seconds sticky_for{24 * 3600};  ///< a source suspended for so long loses its retries to others
  std::chrono::milliseconds idle_keep{5000};   ///< an unused connection is kept so long
  std::chrono::milliseconds give_back_after{30'000};  ///< a lane that waits longer gives its memory back
  std::chrono::milliseconds back_off_first{1000};  ///< after a failure to connect; doubles up to back_off_max
  std::chrono::milliseconds back_off_max{300'000};
  std::chrono::milliseconds route_deadline{30'000};  ///< for one domain's DNS
  std::chrono::milliseconds drain_for{10'000};       ///< on stop: for transactions under way

  [[nodiscard]] const feedback::Classifier& reply_rules() const {
    return classifier ? *classifier : feedback::Classifier::builtin();
  }
};

}  // namespace sluice::delivery
