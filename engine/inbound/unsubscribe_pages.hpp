// The unsubscribe endpoint (RFC 8058): /u/TOKEN on [public] listen.
//
// POST unsubscribes at once: no cookie, no redirect, no question; it is answered when that is on disk. GET
// and HEAD show a page with a button and change nothing, because scanners follow every link. A POST that
// says neither List-Unsubscribe=One-Click nor a button's scope is refused. One link is taken as often as one
// token comes back by mail; then 429.
#pragma once

#include "engine/http/router.hpp"
#include "engine/inbound/language.hpp"
#include "engine/inbound/meter.hpp"
#include "engine/inbound/options.hpp"
#include "engine/inbound/returns.hpp"
#include "engine/inbound/token_limit.hpp"

namespace sluice::inbound {

/// What a POST asks for, by its body: form fields, or the parts of a multipart form (RFC 8058 §3.2).
/// Untrusted.
struct Wish {
  Reach reach = Reach::list;
  bool page = false;  ///< a button was pressed
};
[[nodiscard]] std::optional<Wish> read_wish(std::string_view body);

/// All outlive the router; `limit` and `meter` belong to its thread.
[[nodiscard]] http::Router unsubscribe_router(Returns& returns, const Languages& languages,
                                              const Options& options, TokenLimit& limit, Meter& meter);

}  // namespace sluice::inbound
