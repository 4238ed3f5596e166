// Posts bodies to one URL over HTTP/1.1: certificates verified, redirects not followed, answers bounded. The
// connection is kept for the next body where the server allows it.
//
// One post at a time. Names are looked up as the system does (/etc/hosts counts); a look-up under way cannot
// be cut short, everything else ends with the deadline. One thread, that of the io_context.
#pragma once

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/net/stream.hpp"
#include "engine/webhook/url.hpp"

namespace sluice::webhook {

using Headers = std::vector<std::pair<std::string, std::string>>;

struct PostAnswer {
  int status = 0;
  std::optional<std::chrono::seconds> retry_after;
  std::string begin;  ///< of the body, for people: kShownBytes at most, as it came
};

inline constexpr std::size_t kShownBytes = 200;
inline constexpr std::size_t kMaxAnswerHeader = 16u << 10;

/// Whole seconds, or an HTTP date in the future of `now_s` (seconds since 1970); nothing for others.
[[nodiscard]] std::optional<std::chrono::seconds> parse_retry_after(std::string_view text,
                                                                    std::int64_t now_s);

class HttpPost {
 public:
  /// `tls` must outlive this. `plain`: as in check_transport(), also for what a name resolves to.
  HttpPost(boost::asio::io_context& context, net::TlsClientContext& tls, Url url, bool plain,
           std::size_t answer_bytes);

  /// `headers` hold no CR or LF. Any status is an answer; errors: unavailable (refused, reset, no such host,
  /// certificate), timeout, invalid_input (no HTTP), cancelled.
  net::Task<Expected<PostAnswer>> post(const Headers& headers, const std::string& body,
                                       net::Deadline deadline);
  void close();

 private:
  net::Task<Expected<std::vector<net::Endpoint>>> resolve(net::Deadline deadline);
  net::Task<Expected<>> connect(net::Deadline deadline);
  net::Task<Expected<PostAnswer>> exchange(const std::string& head, const std::string& body);
  net::Task<Expected<PostAnswer>> read_answer();

  boost::asio::io_context& context_;
  net::TlsClientContext& tls_;
  const Url url_;
  const bool plain_;
  const std::size_t answer_bytes_;
  std::optional<net::Stream> stream_;
  bool heard_ = false;  ///< some byte of the answer under way has come
};

}  // namespace sluice::webhook
