// From a validated campaign directory to what CampaignContent compiles and the store keeps: parts get their
// media types, unsubscribe addresses their prefixes.
#pragma once

#include <string>
#include <string_view>

#include "engine/campaign/directory.hpp"
#include "engine/message/stored_content.hpp"

namespace sluice::campaign {

/// What the service adds to every campaign.
struct ServiceAddresses {
  std::string public_url;     ///< [public] url, "" = none: no one-click unsubscribe address
  std::string bounce_domain;  ///< [bounce] domain, "" = none: MAIL FROM is the From address
};

/// Copies; `directory` is not needed afterwards.
[[nodiscard]] message::CampaignParts campaign_parts(const CampaignDirectory& directory,
                                                    const ServiceAddresses& addresses);

/// By the name's ending; "application/octet-stream" for what is not known.
[[nodiscard]] std::string media_type_of(std::string_view file_name);

}  // namespace sluice::campaign
