#include "engine/control/event_feed.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <charconv>

#include "engine/control/service.hpp"
#include "queue/event_reader.hpp"

namespace sluice::control {
namespace {

constexpr std::size_t kChunkBytes = 64u << 10;
constexpr std::chrono::milliseconds kPoll{200};  ///< a follower looks for new events so often

/// Whole lines, a chunk of them; empty: nothing more for now.
std::string next_lines(queue::EventReader& reader, std::uint64_t upto) {
  std::string out;
  while (out.size() < kChunkBytes) {
    const auto* line = reader.peek(upto);
    if (line == nullptr) break;
    out += line->text;
    out += '\n';
    reader.pop();
  }
  return out;
}

http::Task<> stream_events(Service* service, std::uint64_t after, bool follow,
                           std::shared_ptr<http::ResponseStream> stream) {
  queue::EventReader reader(service->options().events.folder, after);
  auto executor = co_await boost::asio::this_coro::executor;
  boost::asio::steady_timer timer(executor);
  stream->on_gone([&timer] { timer.cancel(); });
  const auto upto = service->events().exported();
  while (!stream->gone()) {
    auto lines = next_lines(reader, follow ? service->events().exported() : upto);
    if (!lines.empty()) {
      const auto written = co_await stream->write(std::move(lines));
      if (!written) break;
      continue;
    }
    if (!follow) break;
    timer.expires_after(kPoll);
    boost::system::error_code ignored;
    co_await timer.async_wait(boost::asio::redirect_error(boost::asio::use_awaitable, ignored));
  }
  stream->on_gone({});
}

}  // namespace

http::Response events_response(Service& service, const http::Request& request) {
  const auto text = request.query_or("after", "0");
  std::uint64_t after = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), after);
  if (parsed.ec != std::errc() || parsed.ptr != text.data() + text.size()) {
    return http::error_response(400, "invalid_input", "after is a sequence number");
  }
  const bool follow = request.query_or("follow", "0") == "1";
  http::Response out;
  out.content_type = "application/jsonl";
  out.stream = [&service, after, follow](std::shared_ptr<http::ResponseStream> stream) {
    return stream_events(&service, after, follow, std::move(stream));
  };
  return out;
}

}  // namespace sluice::control
