// Who may submit by address alone. Never everybody: that would be an open relay.
#pragma once

#include <boost/asio/ip/network_v4.hpp>
#include <boost/asio/ip/network_v6.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/error.hpp"

namespace sluice::delivery {

/// Immutable once made; any thread.
class TrustedNetworks {
 public:
  /// CIDR ("10.0.0.0/8", "2001:db8::/32") or single addresses. Refused: networks of length 0 (0.0.0.0/0,
  /// ::/0), bits behind the prefix, IPv4-mapped IPv6. Empty: nobody is trusted.
  [[nodiscard]] static Expected<TrustedNetworks> parse(const std::vector<std::string>& texts);

  /// `address` as numbers. An IPv4-mapped IPv6 address counts as the IPv4 one; a scope is ignored.
  [[nodiscard]] bool contain(std::string_view address) const;
  [[nodiscard]] bool empty() const { return v4_.empty() && v6_.empty(); }

 private:
  Expected<> add(const std::string& text);

  std::vector<boost::asio::ip::network_v4> v4_;
  std::vector<boost::asio::ip::network_v6> v6_;
};

}  // namespace sluice::delivery
