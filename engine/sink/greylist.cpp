#include "engine/sink/greylist.hpp"

#include "engine/sink/hash.hpp"

namespace sluice::sink {

bool Greylist::passes(std::string_view sender, std::string_view recipient, Clock::time_point now,
                      Clock::duration delay) {
  const auto pair = hash_of(recipient, hash_of(sender));
  return first_seen_.with([&](auto& seen) {
    const auto known = seen.find(pair);
    if (known != seen.end()) return now - known->second >= delay;
    if (seen.size() >= kMaxPairs) return true;
    seen.emplace(pair, now);
    return false;
  });
}

}  // namespace sluice::sink
