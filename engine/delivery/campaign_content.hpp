// A campaign's stored content, compiled into what renders and signs its messages.
#pragma once

#include <memory>
#include <optional>

#include "engine/delivery/stream_content.hpp"
#include "engine/feedback/return_token.hpp"
#include "engine/message/stored_content.hpp"

namespace sluice::delivery {

/// Fails as CampaignContent::compile does. `key` signs the tokens in MAIL FROM, Message-ID and
/// List-Unsubscribe; without one the plain id stands there, and nothing that comes back is believed.
[[nodiscard]] Expected<std::shared_ptr<const StreamContent>> compile_campaign(
    message::CampaignParts parts, std::optional<feedback::TokenKey> key = {});

}  // namespace sluice::delivery
