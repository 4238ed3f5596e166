#include "engine/delivery/trusted_networks.hpp"

#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <charconv>

namespace sluice::delivery {
namespace {

namespace ip = boost::asio::ip;

bool same_prefix(const ip::address_v6& a, const ip::network_v6& network) {
  return ip::network_v6(a, network.prefix_length()).network() == network.network();
}

std::unexpected<Error> refuse(const std::string& text, const std::string& why) {
  return fail(ErrorCode::invalid_input, "the trusted network \"" + text + "\" " + why);
}

}  // namespace

Expected<TrustedNetworks> TrustedNetworks::parse(const std::vector<std::string>& texts) {
  TrustedNetworks out;
  for (const auto& text : texts) {
    if (auto added = out.add(text); !added) return std::unexpected(added.error());
  }
  return out;
}

Expected<> TrustedNetworks::add(const std::string& text) {
  const auto slash = text.find('/');
  boost::system::error_code error;
  const auto address = ip::make_address(text.substr(0, slash), error);
  if (error) return refuse(text, "is not an address with a prefix length, as in 10.0.0.0/8");
  const unsigned widest = address.is_v4() ? 32 : 128;
  unsigned length = widest;
  if (slash != std::string::npos) {
    const auto* end = text.data() + text.size();
    const auto [at, wrong] = std::from_chars(text.data() + slash + 1, end, length);
    if (wrong != std::errc{} || at != end || length > widest) {
      return refuse(text, "needs a prefix length of 1 to " + std::to_string(widest));
    }
  }
  if (length == 0) return refuse(text, "is everybody: that would be an open relay");
  if (address.is_v4()) {
    const ip::network_v4 network(address.to_v4(), static_cast<unsigned short>(length));
    if (network.canonical() != network) {
      return refuse(text, "has bits behind its prefix; meant was " + network.canonical().to_string());
    }
    v4_.push_back(network);
    return {};
  }
  if (address.to_v6().is_v4_mapped()) return refuse(text, "is an IPv4 network: write it as one");
  const ip::network_v6 network(address.to_v6(), static_cast<unsigned short>(length));
  if (network.canonical() != network) {
    return refuse(text, "has bits behind its prefix; meant was " + network.canonical().to_string());
  }
  v6_.push_back(network);
  return {};
}

bool TrustedNetworks::contain(std::string_view text) const {
  boost::system::error_code error;
  auto address = ip::make_address(text.substr(0, text.find('%')), error);
  if (error) return false;
  if (address.is_v6() && address.to_v6().is_v4_mapped()) {
    address = ip::make_address_v4(ip::v4_mapped, address.to_v6());
  }
  if (address.is_v4()) {
    return std::any_of(v4_.begin(), v4_.end(), [&](const ip::network_v4& network) {
      return (address.to_v4().to_uint() & network.netmask().to_uint()) == network.network().to_uint();
    });
  }
  return std::any_of(v6_.begin(), v6_.end(),
                     [&](const ip::network_v6& network) { return same_prefix(address.to_v6(), network); });
}

}  // namespace sluice::delivery
