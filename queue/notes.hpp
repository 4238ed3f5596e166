// Small rows that parts of the engine keep in the store for themselves: which sources are suspended, how far
// a warm-up is. Each owner has a prefix of its own and knows the bytes; FORMAT.md lists them.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "queue/sent_index.hpp"

namespace sluice::queue {

/// The prefixes, all of engine/delivery: suspensions and names of sources, warm-up.
inline constexpr std::string_view kSuspensionPrefix = "suspend.";
inline constexpr std::string_view kSourcePrefix = "source.";
inline constexpr std::string_view kWarmupPrefix = "warmup.";

/// One row of the family `default`. Without a value: it is erased.
struct Note {
  std::string key;
  std::optional<std::string> value;
};

/// What is written together; `events` are encoded (Event::append_to).
struct Notes {
  std::vector<Note> rows;
  std::vector<std::string> events;
  std::vector<SentRow> sent{};
};

/// For people: which row does not decode, and what to do.
[[nodiscard]] std::string damaged_note(std::string_view prefix, std::string_view key);

inline constexpr std::size_t kMaxNotes = 100'000;  ///< of one prefix that are read; more is damage

}  // namespace sluice::queue
