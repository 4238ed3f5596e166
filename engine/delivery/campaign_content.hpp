// A campaign's content in the store and in memory: the plain source and what the campaign adds to it, encoded for the
// queue's content family, and compiled into a StreamContent.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/delivery/stream_content.hpp"
#include "engine/message/content_source.hpp"

namespace sluice::delivery {

inline constexpr char kCampaignKind = 'c';

struct CampaignParts {
  message::ContentSource source;
  std::vector<std::string> meta;  ///< columns echoed in every event
  std::string name_column;        ///< column with the recipient's display name; empty: none
  std::string bounce_domain;      ///< MAIL FROM is <id>@ this; empty: `fallback_sender`
  std::string fallback_sender;
};

/// Begins with kCampaignKind.
[[nodiscard]] std::string encode_campaign(const CampaignParts& parts);
[[nodiscard]] Expected<CampaignParts> decode_campaign(std::string_view bytes);
/// Fails as CampaignContent::compile does.
[[nodiscard]] Expected<std::shared_ptr<const StreamContent>> compile_campaign(CampaignParts parts);

}  // namespace sluice::delivery
