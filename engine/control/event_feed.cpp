#include "engine/control/event_feed.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <charconv>
#include <fstream>

#include "engine/control/service.hpp"

namespace sluice::control {
namespace {

constexpr std::size_t kChunkBytes = 64u << 10;
constexpr std::chrono::milliseconds kPoll{200};  ///< a follower looks for new events so often

std::uint64_t seq_of(std::string_view line) {
  constexpr std::string_view kKey = "\"seq\":";
  const auto at = line.find(kKey);
  std::uint64_t seq = 0;
  if (at == std::string_view::npos) return 0;
  std::from_chars(line.data() + at + kKey.size(), line.data() + line.size(), seq);
  return seq;
}

/// Reads whole lines behind `after` from the files, a chunk at a time.
class Reader {
 public:
  Reader(std::string folder, std::uint64_t after) : folder_(std::move(folder)), after_(after) {}

  /// Empty: nothing more for now.
  std::string next(std::uint64_t upto) {
    std::string out;
    while (out.size() < kChunkBytes && after_ < upto) {
      std::string line;
      if (!file_.is_open() && !open_next()) break;
      if (!std::getline(file_, line) || file_.eof()) {  // a line without its newline is still being written
        file_.clear();
        file_.seekg(at_);
        if (!open_next()) break;
        continue;
      }
      at_ = file_.tellg();
      const auto seq = seq_of(line);
      if (seq <= after_) continue;
      after_ = seq;
      out += line;
      out += '\n';
    }
    return out;
  }

 private:
  /// The file that holds the seq behind after_; false when that is the open one, or none is there.
  bool open_next() {
    std::filesystem::path found;
    for (const auto& file : queue::event_files(folder_)) {
      if (queue::first_seq_of(file) <= after_ + 1 || found.empty()) found = file;
    }
    if (found.empty() || found == path_) return false;
    path_ = found;
    file_.close();
    file_.clear();
    file_.open(path_);
    at_ = 0;
    return file_.is_open();
  }

  const std::string folder_;
  std::uint64_t after_;
  std::filesystem::path path_;
  std::ifstream file_;
  std::streampos at_ = 0;
};

http::Task<> stream_events(Service* service, std::uint64_t after, bool follow,
                           std::shared_ptr<http::ResponseStream> stream) {
  Reader reader(service->options().events.folder, after);
  auto executor = co_await boost::asio::this_coro::executor;
  boost::asio::steady_timer timer(executor);
  stream->on_gone([&timer] { timer.cancel(); });
  const auto upto = service->events().exported();
  while (!stream->gone()) {
    auto lines = reader.next(follow ? service->events().exported() : upto);
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
