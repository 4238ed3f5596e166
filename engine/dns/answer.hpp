// A question to the DNS and its answer, decoded: what the resolver gives, the cache keeps and the MX plan
// reads.
//
// What a name server says is data: "no such domain" and "the servers fail" are answers with a status, not
// errors. Plain values; any thread once made.
#pragma once

#include <boost/asio/ip/address.hpp>
#include <chrono>
#include <compare>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace sluice::dns {

using Address = boost::asio::ip::address;

/// The types we ask for, with their numbers in the protocol.
enum class RecordType : std::uint16_t { a = 1, mx = 15, aaaa = 28 };

/// "A", "MX", "AAAA".
[[nodiscard]] const char* name_of(RecordType type);

struct Question {
  std::string name;  ///< canonical: lower-case, no trailing dot
  RecordType type = RecordType::a;

  friend auto operator<=>(const Question&, const Question&) = default;
};

enum class Status {
  found,       ///< at least one record of the type asked for
  no_records,  ///< the name exists, the type does not
  no_domain,   ///< NXDOMAIN
  failed,      ///< SERVFAIL, REFUSED, no server reachable, records that do not decode
  bogus,       ///< DNSSEC validation failed; records are not passed on
};

/// What DNSSEC says about the answer (RFC 4035 §4.3); bogus is a Status.
enum class Security { insecure, secure };

struct MxRecord {
  std::uint16_t preference = 0;
  std::string host;  ///< lower-case, dotted, "." for the root; not validated further

  friend auto operator<=>(const MxRecord&, const MxRecord&) = default;
};

struct Answer {
  Status status = Status::failed;
  Security security = Security::insecure;
  std::chrono::seconds ttl{0};  ///< as the servers gave it, clamped by the cache
  std::vector<MxRecord> mx{};
  std::vector<Address> addresses{};
  std::string text{};  ///< why it failed or is bogus, printable

  [[nodiscard]] bool negative() const { return status == Status::no_records || status == Status::no_domain; }
  [[nodiscard]] bool temporary() const { return status == Status::failed || status == Status::bogus; }
};

/// shared_ptr: an answer is read by several waiters and the cache at once, and never changes.
using AnswerPtr = std::shared_ptr<const Answer>;

}  // namespace sluice::dns
