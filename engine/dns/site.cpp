#include "engine/dns/site.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>

namespace sluice::dns {
namespace {

constexpr std::uint64_t kFnvOffset = 14695981039346656037ULL;
constexpr std::uint64_t kFnvPrime = 1099511628211ULL;

/// FNV-1a, 64 bit, with a final mix (it is used cut to 48 bits). Part of a frozen form: never change it.
std::uint64_t frozen_hash(const std::vector<std::string>& hosts) {
  std::uint64_t h = kFnvOffset;
  const auto add = [&h](unsigned char byte) { h = (h ^ byte) * kFnvPrime; };
  for (const auto& host : hosts) {
    for (const char c : host) add(static_cast<unsigned char>(c));
    add('\n');
  }
  h ^= h >> 33;
  h *= 0xff51afd7ed558ccdULL;
  h ^= h >> 33;
  return h;
}

}  // namespace

std::string site_of(std::vector<std::string> hosts) {
  std::ranges::sort(hosts);
  const auto repeated = std::ranges::unique(hosts);
  hosts.erase(repeated.begin(), repeated.end());
  if (hosts.empty()) return {};
  if (hosts.size() == 1) return hosts.front();
  return fmt::format("{}+{}:{:012x}", hosts.front(), hosts.size() - 1, frozen_hash(hosts) >> 16);
}

}  // namespace sluice::dns
