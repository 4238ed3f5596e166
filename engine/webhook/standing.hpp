// How far an endpoint is, as the store keeps it: a note of the queue (`webhook.`, name; queue/FORMAT.md).
//
// `after` is the last event the endpoint has taken; (after, upto] is the batch that was begun. It is written
// before the batch is sent for the first time, so that the same events go under the same webhook-id again
// whatever happens in between.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sluice::webhook {

inline constexpr std::string_view kPrefix = "webhook.";

struct Standing {
  std::uint64_t after = 0;
  std::uint64_t upto = 0;        ///< 0: no batch was begun
  std::uint64_t round = 0;       ///< grows with each replay: what is sent again gets other ids
  std::int64_t disabled_ms = 0;  ///< since when it gets nothing; 0: it does
  std::string why;               ///< it is disabled

  void append_to(std::string& out) const;
  [[nodiscard]] static std::optional<Standing> decode(std::string_view bytes);
  friend bool operator==(const Standing&, const Standing&) = default;
};

}  // namespace sluice::webhook
