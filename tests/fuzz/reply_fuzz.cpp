// libFuzzer target: the reply parser on any bytes, in one piece and byte by byte. Both must agree, stay
// within the limits and never touch a byte twice; what comes out is a reply or a named problem.
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/smtp/capabilities.hpp"
#include "engine/smtp/reply_parser.hpp"

namespace {

using namespace sluice;

constexpr smtp::ReplyLimits kLimits{.max_line_bytes = 200, .max_reply_bytes = 1000};

void require(bool holds) {
  if (!holds) std::abort();
}

struct Outcome {
  std::vector<message::Reply> replies;
  std::string problem;
  friend bool operator==(const Outcome&, const Outcome&) = default;
};

void check(const message::Reply& reply) {
  require(reply.code >= 200 && reply.code <= 599);
  require(reply.text.size() <= kLimits.max_reply_bytes);
  if (reply.enhanced.present()) require(reply.enhanced.class_ == reply.code / 100);
  (void)smtp::Capabilities::parse(reply);
}

/// Feeds `step` bytes at a time.
Outcome parse(std::string_view bytes, std::size_t step) {
  smtp::ReplyParser parser(kLimits);
  Outcome out;
  std::string pending;
  for (std::size_t at = 0; at < bytes.size(); at += step) {
    pending += bytes.substr(at, step);
    for (;;) {
      const auto fed = parser.feed(pending);
      require(fed.consumed <= pending.size());
      pending.erase(0, fed.consumed);
      if (fed.status == smtp::ReplyParser::Status::error) {
        out.problem = parser.problem();
        require(!out.problem.empty());
        return out;
      }
      if (fed.status == smtp::ReplyParser::Status::need_more) break;
      out.replies.push_back(parser.take());
      check(out.replies.back());
    }
    require(pending.size() <= kLimits.max_line_bytes);
  }
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  require(parse(bytes, size + 1) == parse(bytes, 1));
  return 0;
}
