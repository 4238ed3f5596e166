// The mail of the layout measurement: what is loaded, under which keys.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <random>
#include <string>
#include <string_view>

#include "engine/base/bytes.hpp"

namespace sluice::layout {

enum class Layout { lanes, sharded, arrival };
constexpr const char* kLayoutNames[] = {"lanes", "sharded", "arrival"};

constexpr std::size_t kRun = 65'536;         // records a load batch, synced once
constexpr std::size_t kPage = 4'096;         // records a read
constexpr std::size_t kSettle = 1'000;       // records a synced settle batch
constexpr std::size_t kRangeEvery = 50'000;  // consumed records a DeleteRange
constexpr std::size_t kStash = 32'768;       // held records the arrival layout may keep in memory
constexpr std::uint32_t kShards = 64;
constexpr std::uint32_t kGiants = 3;
constexpr double kHeldShare = 0.01;  // what held giants may take of the drained records

struct Cell {
  Layout layout = Layout::lanes;
  std::uint32_t domains = 1;
  std::uint32_t streams = 1;
  std::uint64_t records = 2'000'000;
  bool held = false;
  std::string dir;
};

/// Giants have 35, 15 and 10 % of the mail, the rest falls off as 1/rank. Names are spread over the key
/// space.
class Mail {
 public:
  explicit Mail(const Cell& cell) : domains_(cell.domains) {}

  std::uint32_t domain() {
    if (domains_ == 1) return 0;
    const double u = unit_(random_);
    if (u < 0.35) return 0;
    if (u < 0.50) return 1;
    if (u < 0.60) return 2;
    const double tail = domains_ - kGiants;
    return kGiants + static_cast<std::uint32_t>(std::pow(tail, unit_(random_))) - 1;
  }

  static std::string name(std::uint32_t domain) {
    std::string name;
    auto mixed = (domain + 1) * 0x9e3779b97f4a7c15ULL;
    for (int i = 0; i < 9; ++i, mixed /= 26) name.push_back(static_cast<char>('a' + mixed % 26));
    return name + std::to_string(domain) + ".test";
  }

  /// About 120 bytes: local part, merge fields, content reference. Half of it compresses.
  std::string value() {
    std::string value = "first_name=Maria;last_name=Schneider;city=Berlin;content=";
    for (int i = 0; i < 8; ++i) put_be<8>(value, random_());
    return value;
  }

 private:
  std::uint32_t domains_;
  std::mt19937_64 random_{20261125};
  std::uniform_real_distribution<double> unit_{0.0, 1.0};
};

inline std::uint8_t shard_of(std::string_view domain) {
  std::uint32_t hash = 2166136261U;
  for (const char c : domain) hash = (hash ^ static_cast<unsigned char>(c)) * 16777619U;
  return static_cast<std::uint8_t>((hash ^ (hash >> 16)) % kShards);
}

inline std::string lane_of(Layout layout, std::uint32_t stream, std::string_view domain) {
  std::string key;
  if (layout == Layout::sharded) key.push_back(static_cast<char>(shard_of(domain)));
  put_be<4>(key, stream);
  key.push_back('\0');
  key.append(domain);
  key.push_back('\0');
  return key;
}

inline std::string key_of(Layout layout, std::uint32_t stream, std::string_view domain, std::uint64_t row) {
  std::string key;
  if (layout == Layout::arrival) {
    put_be<4>(key, stream);
  } else {
    key = lane_of(layout, stream, domain);
  }
  put_be<5>(key, row);
  return key;
}

/// The domain of a stored record: in the key of a lane, at the head of an arrival value.
inline std::string_view domain_of(Layout layout, std::string_view key, std::string_view value) {
  if (layout == Layout::arrival) return {value.data() + 1, static_cast<unsigned char>(value[0])};
  const std::size_t head = layout == Layout::sharded ? 6 : 5;
  return {key.data() + head, key.size() - head - 6};
}

}  // namespace sluice::layout
