// A campaign's stored content, compiled into what renders and signs its messages.
#pragma once

#include <memory>

#include "engine/delivery/stream_content.hpp"
#include "engine/message/stored_content.hpp"

namespace sluice::delivery {

/// Fails as CampaignContent::compile does.
[[nodiscard]] Expected<std::shared_ptr<const StreamContent>> compile_campaign(message::CampaignParts parts);

}  // namespace sluice::delivery
