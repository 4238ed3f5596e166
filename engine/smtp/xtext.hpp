// xtext (RFC 3461 §4): how ENVID and ORCPT carry bytes that a command may not hold. Pure.
#pragma once

#include <string>
#include <string_view>

namespace sluice::smtp {

/// Appends `text` with '+', '=' and everything but printable ASCII as "+XX".
void append_xtext(std::string& out, std::string_view text);

}  // namespace sluice::smtp
