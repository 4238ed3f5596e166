// The public half of DKIM: the TXT record at selector._domainkey.domain (RFC 6376 3.6.1), and the tag lists
// (3.2) that records and signatures are written in.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/base/error.hpp"
#include "engine/message/dkim_key.hpp"

namespace sluice::message {

struct DkimTag {
  std::string_view name;
  std::string_view value;  ///< without the blank space around it; folds inside stay
};

inline constexpr std::size_t kMaxDkimTags = 64;
inline constexpr std::size_t kMaxDkimRecordBytes = 16 * 1024;

/// Views into `text`. Fails on a repeated name, a nameless or valueless ("x") tag, more than kMaxDkimTags.
[[nodiscard]] Expected<std::vector<DkimTag>> parse_dkim_tags(std::string_view text);
/// The value of `name`, nullptr when there is none.
[[nodiscard]] const std::string_view* find_tag(const std::vector<DkimTag>& tags, std::string_view name);

struct DkimRecord {
  DkimAlgorithm algorithm = DkimAlgorithm::rsa_sha256;
  std::string public_bytes;    ///< as DkimKey::public_bytes(); empty: the key was revoked
  bool testing = false;        ///< t=y
  bool strict_domain = false;  ///< t=s: i= must not be below d=
};

/// `text` is the TXT strings joined. The error says which tag is wrong.
[[nodiscard]] Expected<DkimRecord> parse_dkim_record(std::string_view text);

/// "selector._domainkey.domain".
[[nodiscard]] std::string dkim_record_name(std::string_view selector, std::string_view domain);
/// "v=DKIM1; k=rsa; p=…": what parse_dkim_record() reads.
[[nodiscard]] std::string dkim_record_text(const DkimKey& key);
/// `text` as a zone file wants it: quoted strings of at most 255 bytes (RFC 1035 3.3), separated by spaces.
[[nodiscard]] std::string quote_txt(std::string_view text);
/// The whole zone line: name., IN TXT, the quoted strings in parentheses.
[[nodiscard]] std::string dkim_zone_line(const DkimKey& key);

}  // namespace sluice::message
