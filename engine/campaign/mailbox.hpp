#pragma once
#include <string_view>
#include "engine/base/error.hpp"
#include "engine/campaign/spec.hpp"
namespace sluice::campaign {
[[nodiscard]] Expected<Mailbox> parse_mailbox(std::string_view text);
}
