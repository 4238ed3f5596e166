// A campaign's content as the store keeps it: the plain source and what the campaign adds to it, as bytes.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/base/error.hpp"
#include "engine/message/content_source.hpp"

namespace sluice::message {

/// First byte of stored campaign content; other kinds of stream begin with another one.
inline constexpr char kCampaignKind = 'c';

struct CampaignParts {
  ContentSource source;
  std::vector<std::string> meta;  ///< columns echoed in every event
  std::string bounce_domain;      ///< MAIL FROM is the message's token @ this; empty: `fallback_sender`
  std::string fallback_sender;
};

/// Begins with kCampaignKind.
[[nodiscard]] std::string encode_campaign(const CampaignParts& parts);
/// corrupt: not what encode_campaign made.
[[nodiscard]] Expected<CampaignParts> decode_campaign(std::string_view bytes);

/// A campaign recipient's payload in the queue record: display name, then the encoded row.
struct CampaignPayload {
  std::string_view name;
  std::string_view row;
};
void append_payload(std::string& out, const CampaignPayload& payload);
/// Views into `bytes`; damaged bytes give an empty name and a row that does not decode.
[[nodiscard]] CampaignPayload read_payload(std::string_view bytes);

}  // namespace sluice::message
