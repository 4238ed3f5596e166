// The coroutine type of everything that waits. A Task starts when it is awaited or spawned through a
// TaskGroup.
#pragma once

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace sluice::net {

namespace asio = boost::asio;

template <class T = void>
using Task = asio::awaitable<T>;

/// Completion token for Asio operations: `auto [ec, n] = co_await socket.async_x(buffer, kTuple);`, never
/// throws.
inline constexpr auto kTuple = asio::as_tuple(asio::use_awaitable);

}  // namespace sluice::net
