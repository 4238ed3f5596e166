// A DKIM-Signature field taken apart (RFC 6376 3.5), with the rules a verifier must hold it to.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/error.hpp"
#include "engine/message/dkim_key.hpp"
#include "engine/message/dkim_record.hpp"

namespace sluice::message {

/// Views point into the tags' text.
struct DkimSignature {
  DkimAlgorithm algorithm = DkimAlgorithm::rsa_sha256;
  bool relaxed_header = false;
  bool relaxed_body = false;
  std::string_view domain;
  std::string_view selector;
  std::string_view identity_domain;      ///< what stands after the @ of i=; "" without i=
  std::vector<std::string_view> names;   ///< h=, as written
  std::string bytes;                     ///< b=, decoded
  std::string body_hash;                 ///< bh=, decoded
  std::optional<std::uint64_t> length;   ///< l=
  std::optional<std::uint64_t> stamped;  ///< t=, seconds since 1970
  std::optional<std::uint64_t> expires;  ///< x=, the same
};

/// Fails (invalid_input) naming the tag that is missing or breaks a rule of 3.5 or 6.1.1; h= must have From.
[[nodiscard]] Expected<DkimSignature> parse_dkim_signature(const std::vector<DkimTag>& tags);

/// The field as it is hashed: what stands after b= taken out, without the last CRLF (RFC 6376 3.7). `b` is
/// the view into `raw` that find_tag() gave.
[[nodiscard]] std::string without_signature(std::string_view raw, std::string_view b);

}  // namespace sluice::message
