// What each recipient domain got. Bounded: domains beyond the cap share the entry "*". One for each worker
// thread, merged when somebody asks.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace sluice::sink {

struct DomainCounts {
  std::uint64_t delivered = 0;  ///< first copies
  std::uint64_t duplicates = 0;
  std::uint64_t refused = 0;   ///< 5xx to RCPT
  std::uint64_t deferred = 0;  ///< 4xx to RCPT

  DomainCounts& operator+=(const DomainCounts& other);
};

class DomainTable {
 public:
  explicit DomainTable(std::size_t max_domains) : max_domains_(max_domains) {}

  /// The entry of `domain` (compared without case); valid until the next call.
  DomainCounts& at(std::string_view domain);
  void merge(const DomainTable& other);

  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
  };
  using Map = std::unordered_map<std::string, DomainCounts, Hash, std::equal_to<>>;
  [[nodiscard]] const Map& all() const { return domains_; }

 private:
  std::size_t max_domains_;
  Map domains_;
};

}  // namespace sluice::sink
