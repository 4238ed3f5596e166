// The site of a domain: which mail servers it stands behind. Domains with the same set of MX hosts share one
// site, and so share connections and limits.
//
// The name depends only on the set of hosts: not on preferences, order, letter case or the run of the
// program. It is written into policies and events, so its form is frozen:
//   one host       the host: "mx.example.net"
//   several hosts  first in byte order, how many more, 48 bits of hash: "mx1.example.net+2:8feb7f1a469b"
//   no MX          the domain itself (RFC 5321 §5.1's implicit MX)
// Pure functions; any thread.
#pragma once

#include <string>
#include <vector>

namespace sluice::dns {

/// `hosts` are canonical names, in any order; repeated ones count once. "" for no hosts.
[[nodiscard]] std::string site_of(std::vector<std::string> hosts);

}  // namespace sluice::dns
