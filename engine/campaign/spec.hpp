// campaign.toml as a value: what its author asked for, checked key by key, before any other file is looked
// at.
#pragma once

#include <cstdint>
#include <expected>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/base/clock.hpp"
#include "engine/campaign/problem.hpp"
#include "engine/campaign/windows.hpp"
#include "engine/campaign/zone.hpp"
#include "engine/message/mailbox.hpp"
#include "engine/shaping/canary.hpp"
#include "throttle/rate.hpp"

namespace sluice::campaign {

enum class MailClass : std::uint8_t { commercial, transactional };

[[nodiscard]] std::string_view name_of(MailClass mail_class);

/// Whose clock the windows run by: one zone, or each recipient's own, named in a column (the zone given is
/// for rows that name none).
struct ZoneChoice {
  Zone zone;
  std::string column;  ///< "" unless time_zone = "column:NAME"
};

struct Position {
  std::uint64_t line = 0;
  std::uint64_t column = 0;
};

struct CampaignSpec {
  std::string id;                  ///< [A-Za-z0-9._-]{1,100}; default: the directory's name
  std::string tenant = "default";  ///< same letters
  MailClass mail_class = MailClass::commercial;
  message::Mailbox from;
  std::optional<message::Mailbox> reply_to;
  std::optional<message::Address> mail_from;  ///< absent = a token at the bounce domain
  std::string subject;                        ///< template source
  std::string html;                           ///< file name, "" = none; at least one of html and text
  std::string text;
  std::string recipients;  ///< file name
  std::vector<std::string> attachments;
  std::string list_id;
  std::string postal_address;     ///< never "" for commercial mail
  std::vector<std::string> meta;  ///< columns echoed in every event
  std::string pool = "default";
  int priority = 5;                    ///< 1 (first) … 9
  std::optional<throttle::Rate> rate;  ///< absent = none of its own
  std::optional<Instant> start;        ///< absent = at once
  Windows windows;
  ZoneChoice time_zone;          ///< default UTC
  std::optional<Micros> expire;  ///< after acceptance or `start`; absent = the service's [retry] expire
  std::map<std::string, std::string, std::less<>> defaults;
  std::vector<std::pair<std::string, std::string>> headers;  ///< in file order; values may hold merge fields
  bool one_click = true;
  shaping::CanaryOptions canary;  ///< size 0 unless [canary] says

  /// Where a key stands in campaign.toml, for problems found later.
  std::map<std::string, Position, std::less<>> positions;
  [[nodiscard]] Position where(std::string_view key) const {
    const auto found = positions.find(key);
    return found == positions.end() ? Position{} : found->second;
  }
};

inline constexpr const char* kSpecName = "campaign.toml";

/// [A-Za-z0-9._-]{1,100} and not "." or "..".
[[nodiscard]] bool valid_id(std::string_view id);

/// `directory_name` is the default of `id`. All problems found, with their positions; nothing else is
/// touched.
[[nodiscard]] std::expected<CampaignSpec, Problems> parse_spec(std::string_view toml,
                                                               std::string_view directory_name);

}  // namespace sluice::campaign
