// Mail hosts that could not be connected to: left out for a while, so that a connection goes to another host
// of the same preference, or to the next preference, without waiting for a timeout first (RFC 5321 §5.1 lets
// the client choose; 4.5.4.1 asks it to remember).
//
// Known by source too: an address of ours without a route finds every host dead, and says nothing about
// others. Each failure in a row doubles the time; a connection that succeeds forgets it. Bounded: at
// max_hosts the one that would be tried again soonest goes. Pure; one owner thread.
#pragma once

#include <boost/asio/ip/address.hpp>
#include <chrono>
#include <cstddef>
#include <map>
#include <set>
#include <tuple>
#include <utility>

#include "engine/base/clock.hpp"

namespace sluice::delivery {

struct DeadHostsOptions {
  std::size_t max_hosts = 10'000;
  std::chrono::seconds first{60};  ///< left out for so long after one failure
  std::chrono::seconds most{900};
};

class DeadHosts {
 public:
  using Host = std::tuple<std::size_t, boost::asio::ip::address, std::uint16_t>;  ///< source, address, port

  explicit DeadHosts(const DeadHostsOptions& options = {}) : options_(options) {}

  void failed(const Host& host, Instant now);
  void worked(const Host& host);
  [[nodiscard]] bool dead(const Host& host, Instant now) const;
  [[nodiscard]] std::size_t size() const { return hosts_.size(); }

 private:
  struct Entry {
    Instant until{};
    unsigned failures = 0;
  };
  void forget(std::map<Host, Entry>::iterator at);
  void make_room(Instant now);

  DeadHostsOptions options_;
  std::map<Host, Entry> hosts_;
  std::set<std::pair<Instant, Host>> by_end_;
};

}  // namespace sluice::delivery
