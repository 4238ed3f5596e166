// Replies as bytes on the wire.
#pragma once

#include <string>
#include <string_view>

#include "engine/message/reply.hpp"

namespace sluice::smtp {

/// Appends `reply` to `out`: one line for each '\n'-separated line of its text, the enhanced code (if
/// present) on each (RFC 2034). Control bytes in the text become '?', lines are cut at 500 bytes. reply.code
/// is 200-599.
void append_reply(std::string& out, const message::Reply& reply);

}  // namespace sluice::smtp
