// Bounces and complaints that a relay in the cloud tells in JSON, sent as mail or kept as files: Amazon SES's
// notifications, alone or in an SNS envelope.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "engine/feedback/classifier.hpp"
#include "engine/feedback/result.hpp"

namespace sluice::feedback {

/// Nothing when the text does not begin with such an object. `original` gets what the notification quotes.
[[nodiscard]] std::optional<std::vector<Result>> parse_cloud_notice(std::string_view text,
                                                                    const Classifier& classifier,
                                                                    OriginalMessage& original,
                                                                    std::size_t limit);

}  // namespace sluice::feedback
