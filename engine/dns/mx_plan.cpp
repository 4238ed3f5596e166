#include "engine/dns/mx_plan.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <span>
#include <tuple>
#include <utility>

#include "engine/dns/name.hpp"
#include "engine/dns/site.hpp"

namespace sluice::dns {
namespace {

constexpr std::uint32_t kNoLimit = 65'536;  ///< above every preference

std::unexpected<RouteFailure> permanent(FailureClass c, const char* enhanced, std::string text) {
  return std::unexpected(RouteFailure{true, c, enhanced, std::move(text)});
}

std::unexpected<RouteFailure> temporary(std::string text) {
  return std::unexpected(RouteFailure{false, FailureClass::dns, "4.4.3", std::move(text)});
}

std::unexpected<RouteFailure> mail_loop(std::string_view domain) {
  return permanent(
      FailureClass::dns, "5.4.6",
      fmt::format("mail for {} loops back to this system: its best mail host is one of our own names "
                  "or addresses",
                  domain));
}

template <class T>
void shuffle(std::span<T> items, Random& random) {
  for (std::size_t i = items.size(); i > 1; --i) std::swap(items[i - 1], items[random.below(i)]);
}

/// Shuffles each run of equal key among themselves; `items` must be sorted by it.
template <class T, class Key>
void shuffle_equal(std::vector<T>& items, Key key, Random& random) {
  for (std::size_t begin = 0; begin < items.size();) {
    std::size_t end = begin + 1;
    while (end < items.size() && key(items[end]) == key(items[begin])) ++end;
    shuffle(std::span(items).subspan(begin, end - begin), random);
    begin = end;
  }
}

bool is_own_name(const PlanOptions& options, const std::string& name) {
  return std::ranges::find(options.own_names, name) != options.own_names.end();
}

/// v4-mapped IPv6 addresses are compared and used as the IPv4 addresses they are.
Address plain(const Address& address) {
  if (!address.is_v6() || !address.to_v6().is_v4_mapped()) return address;
  return boost::asio::ip::make_address_v4(boost::asio::ip::v4_mapped, address.to_v6());
}

bool is_own_address(const PlanOptions& options, const Address& address, std::uint16_t port) {
  return std::ranges::any_of(options.own_addresses, [&](const OwnAddress& own) {
    return plain(own.address) == plain(address) && (own.port == 0 || own.port == port);
  });
}

/// Asked of every address found, usable or not: what loops must not be found out by connecting.
bool is_own_host(const HostAnswers& answers, std::uint16_t port, const PlanOptions& options) {
  return std::ranges::any_of(std::array{answers.v4, answers.v6}, [&](const AnswerPtr& answer) {
    return answer && std::ranges::any_of(answer->addresses,
                                         [&](const Address& a) { return is_own_address(options, a, port); });
  });
}

bool can_connect(const Address& address, const PlanOptions& options) {
  if (address.is_v4() ? !options.use_v4 : !options.use_v6) return false;
  const bool broadcast = address.is_v4() && address.to_v4() == boost::asio::ip::address_v4::broadcast();
  return !address.is_unspecified() && !address.is_multicast() && !broadcast;
}

/// Canonical names, each once with its best preference, sorted by preference; `invalid` counts what was
/// skipped.
std::vector<MxRecord> valid_hosts(const Answer& mx, std::size_t& invalid) {
  std::vector<MxRecord> hosts;
  for (const auto& record : mx.mx) {
    auto name = canonical_host(record.host);
    if (name) {
      hosts.push_back({record.preference, std::move(*name)});
    } else {
      ++invalid;
    }
  }
  std::ranges::sort(hosts, {}, [](const MxRecord& r) { return std::tie(r.host, r.preference); });
  const auto repeated = std::ranges::unique(hosts, {}, &MxRecord::host);
  hosts.erase(repeated.begin(), repeated.end());
  std::ranges::sort(hosts);
  return hosts;
}

/// Addresses of one host in the configured order; families are shuffled apart.
std::vector<Address> ordered_addresses(const HostAnswers& answers, const PlanOptions& options,
                                       Random& random) {
  std::vector<Address> v4;
  std::vector<Address> v6;
  for (const auto& answer : {answers.v4, answers.v6}) {
    if (!answer || answer->status != Status::found) continue;
    for (const auto& raw : answer->addresses) {
      const auto address = plain(raw);
      if (can_connect(address, options)) (address.is_v4() ? v4 : v6).push_back(address);
    }
  }
  for (auto* family : {&v4, &v6}) {
    std::ranges::sort(*family);
    const auto repeated = std::ranges::unique(*family);
    family->erase(repeated.begin(), repeated.end());
    shuffle(std::span(*family), random);
  }
  const bool v6_first = options.order != AddressOrder::prefer_v4;
  const auto& first = v6_first ? v6 : v4;
  const auto& second = v6_first ? v4 : v6;
  std::vector<Address> out;
  if (options.order == AddressOrder::interleave) {
    for (std::size_t i = 0; i < std::max(first.size(), second.size()); ++i) {
      if (i < first.size()) out.push_back(first[i]);
      if (i < second.size()) out.push_back(second[i]);
    }
  } else {
    out = first;
    out.insert(out.end(), second.begin(), second.end());
  }
  if (out.size() > options.max_addresses_per_host) out.resize(options.max_addresses_per_host);
  return out;
}

/// What the address lookups of a selection said, all hosts together.
struct LookupTally {
  std::size_t temporary = 0;
  std::string first_text;

  void add(const std::string& host, const AnswerPtr& answer) {
    if (!answer || !answer->temporary()) return;
    if (temporary++ == 0) first_text = fmt::format("looking up {}: {}", host, answer->text);
  }
};

std::unexpected<RouteFailure> no_address(std::string_view domain, const HostSelection& selection,
                                         const PlanOptions& options, const LookupTally& tally) {
  if (tally.temporary > 0) {
    return temporary(fmt::format("no mail host of {} could be looked up: {}", domain, tally.first_text));
  }
  if (!options.use_v4 || !options.use_v6) {
    return permanent(FailureClass::dns, "5.4.4",
                     fmt::format("no mail host of {} has an {} address, and {} is off here", domain,
                                 options.use_v4 ? "IPv4" : "IPv6", options.use_v4 ? "IPv6" : "IPv4"));
  }
  if (selection.kind == PlanKind::implicit) {
    return permanent(FailureClass::invalid_domain, "5.1.2",
                     fmt::format("{} has neither a mail host nor an address", domain));
  }
  return permanent(FailureClass::invalid_domain, "5.4.4",
                   fmt::format("no mail host of {} has an address", domain));
}

}  // namespace

Planned<HostSelection> select_hosts(std::string_view domain, const Answer& mx, const PlanOptions& options,
                                    Random& random) {
  HostSelection out;
  out.security = mx.security;
  switch (mx.status) {
    case Status::found:
      break;
    case Status::no_records:
      out.kind = PlanKind::implicit;
      out.site = domain;
      out.hosts.push_back({std::string(domain), 0, options.smtp_port});
      if (is_own_name(options, out.site)) return mail_loop(domain);
      return out;
    case Status::no_domain:
      return permanent(FailureClass::invalid_domain, "5.1.2",
                       fmt::format("the domain {} does not exist", domain));
    case Status::failed:
    case Status::bogus:
      return temporary(fmt::format("looking up the mail hosts of {}: {}", domain, mx.text));
  }
  if (mx.mx.size() == 1 && mx.mx.front().host == ".") {
    return permanent(FailureClass::invalid_domain, "5.1.10",
                     fmt::format("the domain {} takes no mail (null MX)", domain));
  }
  std::size_t invalid = 0;
  auto hosts = valid_hosts(mx, invalid);
  if (hosts.empty()) {
    return permanent(FailureClass::invalid_domain, "5.4.4",
                     fmt::format("none of the {} mail hosts of {} is a host name", invalid, domain));
  }
  std::vector<std::string> names;
  for (const auto& host : hosts) names.push_back(host.host);
  out.site = site_of(std::move(names));

  const auto own =
      std::ranges::find_if(hosts, [&](const MxRecord& r) { return is_own_name(options, r.host); });
  if (own != hosts.end()) {
    std::erase_if(hosts, [limit = own->preference](const MxRecord& r) { return r.preference >= limit; });
    if (hosts.empty()) return mail_loop(domain);
  }
  shuffle_equal(hosts, [](const MxRecord& r) { return r.preference; }, random);
  if (hosts.size() > options.max_hosts) hosts.resize(options.max_hosts);
  for (auto& host : hosts) out.hosts.push_back({std::move(host.host), host.preference, options.smtp_port});
  return out;
}

Planned<MxPlan> make_plan(std::string_view domain, const HostSelection& selection,
                          const std::vector<HostAnswers>& answers, const PlanOptions& options, Random& random,
                          bool& incomplete) {
  MxPlan plan;
  plan.site = selection.site;
  plan.kind = selection.kind;
  plan.security = selection.security;
  LookupTally tally;
  const auto count = std::min(selection.hosts.size(), answers.size());
  std::uint32_t limit = kNoLimit;  // hosts of this preference and worse are dropped
  for (std::size_t i = 0; i < count; ++i) {
    const auto& host = selection.hosts[i];
    if (is_own_host(answers[i], host.port, options)) limit = std::min<std::uint32_t>(limit, host.preference);
  }
  for (std::size_t i = 0; i < count; ++i) {
    const auto& host = selection.hosts[i];
    if (host.preference >= limit) continue;
    tally.add(host.name, answers[i].v4);
    tally.add(host.name, answers[i].v6);
    const auto found = ordered_addresses(answers[i], options, random);
    if (found.empty()) continue;
    const auto secure = [](const AnswerPtr& a) { return !a || a->security == Security::secure; };
    plan.hosts.push_back({host.name, host.preference, secure(answers[i].v4) && secure(answers[i].v6)});
    const auto index = static_cast<std::uint16_t>(plan.hosts.size() - 1);
    for (const auto& address : found) plan.endpoints.push_back({address, host.port, index});
  }
  incomplete = tally.temporary > 0;
  if (!plan.endpoints.empty()) return plan;
  if (limit != kNoLimit && tally.temporary == 0) return mail_loop(domain);
  return no_address(domain, selection, options, tally);
}

std::vector<std::uint16_t> attempt_order(const MxPlan& plan, Random& random) {
  std::vector<std::uint16_t> hosts(plan.hosts.size());
  for (std::size_t i = 0; i < hosts.size(); ++i) hosts[i] = static_cast<std::uint16_t>(i);
  shuffle_equal(hosts, [&](std::uint16_t h) { return plan.hosts[h].preference; }, random);
  std::vector<std::uint16_t> order;
  order.reserve(plan.endpoints.size());
  for (const auto host : hosts) {
    for (std::size_t i = 0; i < plan.endpoints.size(); ++i) {
      if (plan.endpoints[i].host == host) order.push_back(static_cast<std::uint16_t>(i));
    }
  }
  return order;
}

}  // namespace sluice::dns
