// Where the mail of a domain goes: its hosts in the order to try them, each with its addresses (RFC 5321
// §5.1).
//
// Two pure steps around the address lookups: select_hosts() reads the MX answer and says which hosts to look
// up, make_plan() joins their addresses. Rules:
//   no such domain (NXDOMAIN)              permanent, invalid-domain
//   null MX (RFC 7505)                     permanent, invalid-domain
//   no MX, address found                   implicit MX: the domain is its own only host (kind implicit)
//   no MX, no address                      permanent, invalid-domain
//   MX lookup fails or is bogus            temporary, dns; never the implicit MX
//   no MX host has an address              permanent when every lookup said so, temporary when one failed
//   no host has an IPv4 address, IPv6 off  permanent, but class dns: it says nothing about the recipient
//   an MX host is one of us                equal and worse preferences are dropped; none left: permanent, dns
// RFC 5321 wants "an error" where no MX host has an address; permanent is what the field does, and a host
// that is being moved answers with its old addresses or not at all. Hosts of one preference are shuffled
// (seeded Random). A host name that breaks the rules of names is skipped. Threads: pure functions; a plan is
// immutable once shared.
#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/clock.hpp"
#include "engine/base/random.hpp"
#include "engine/dns/answer.hpp"
#include "engine/dns/failure.hpp"

namespace sluice::dns {

enum class AddressOrder {
  prefer_v4,
  prefer_v6,
  interleave,  ///< v6, v4, v6, … so that one dead family costs one attempt (RFC 8305's idea)
};

/// One of our own listening addresses; port 0 means every port.
struct OwnAddress {
  Address address;
  std::uint16_t port = 0;
};

struct PlanOptions {
  /// Hosts kept, best first; 1-100. More than ten MX hosts are never needed and cost two lookups each.
  std::size_t max_hosts = 10;
  /// Addresses kept of one host, 1-64; the rest is dropped after the shuffle.
  std::size_t max_addresses_per_host = 8;
  AddressOrder order = AddressOrder::prefer_v4;
  bool use_v4 = true;
  bool use_v6 = true;                     ///< off when no source has an address6
  std::uint16_t smtp_port = 25;           ///< port on the MX hosts
  std::vector<std::string> own_names;     ///< canonical; a mail host with such a name is us
  std::vector<OwnAddress> own_addresses;  ///< a mail host there, on smtp_port, is us
};

enum class PlanKind { mx, implicit, route };

struct PlanHost {
  std::string name;  ///< canonical; an address in text form for a host given by address
  std::uint16_t preference = 0;
  bool secure = false;  ///< its addresses were validated by DNSSEC
};

struct Endpoint {
  Address address;
  std::uint16_t port = 25;
  std::uint16_t host = 0;  ///< index in MxPlan::hosts
};

/// hosts are by preference, endpoints by host: walking endpoints from the front is the order of RFC 5321
/// §5.1. Never empty. Which of them answer is the delivery layer's knowledge.
struct MxPlan {
  std::string site;
  PlanKind kind = PlanKind::mx;
  Security security = Security::insecure;  ///< of the MX answer
  std::vector<PlanHost> hosts;
  std::vector<Endpoint> endpoints;
  Instant expires{};        ///< ask again from then on
  std::string tls;          ///< a route's TLS policy word; "" = the default policy
  std::string credentials;  ///< a route's reference into the credentials; "" = none
  std::string pool;         ///< a route's source pool; "" = the message's own
};

/// shared_ptr: one immutable plan is held by the router's cache and by every path that uses it, on any
/// worker.
using PlanPtr = std::shared_ptr<const MxPlan>;

template <class T>
using Planned = std::expected<T, RouteFailure>;

struct SelectedHost {
  std::string name;
  std::uint16_t preference = 0;
  std::uint16_t port = 25;
};

/// The hosts to look up, by preference, equal ones shuffled; site as in site.hpp, of all valid hosts.
struct HostSelection {
  std::string site;
  PlanKind kind = PlanKind::mx;
  Security security = Security::insecure;
  std::vector<SelectedHost> hosts;
};

/// `domain` must be canonical.
[[nodiscard]] Planned<HostSelection> select_hosts(std::string_view domain, const Answer& mx,
                                                  const PlanOptions& options, Random& random);

/// Answers for the host of the same index; null where the family was not asked.
struct HostAnswers {
  AnswerPtr v4;
  AnswerPtr v6;
};

/// `incomplete` is set when a lookup failed though the plan is usable: keep it for a short time only.
[[nodiscard]] Planned<MxPlan> make_plan(std::string_view domain, const HostSelection& selection,
                                        const std::vector<HostAnswers>& answers, const PlanOptions& options,
                                        Random& random, bool& incomplete);

/// Indices into plan.endpoints in a fresh order for one connection: by preference, hosts of one preference
/// shuffled again, so that a plan shared for an hour still spreads its load (RFC 5321 §5.1).
[[nodiscard]] std::vector<std::uint16_t> attempt_order(const MxPlan& plan, Random& random);

}  // namespace sluice::dns
