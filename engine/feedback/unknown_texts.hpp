// Texts that no text rule knew, counted by their normal form, so that rules can be written for them. Bounded:
// under a flood of different texts the rare ones go, the frequent ones stay, and what went is counted. One
// thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "engine/feedback/classifier.hpp"

namespace sluice::feedback {

struct UnknownTextsOptions {
  std::size_t entries = 10'000;
  std::size_t text_bytes = 300;     ///< of a normal form
  std::size_t example_bytes = 500;  ///< kept of the first raw text
};

class UnknownTexts {
 public:
  struct Entry {
    std::string text;  ///< normalised
    std::uint64_t count = 0;
    BounceClass bounce_class = BounceClass::other;  ///< what the codes alone made of it
    std::uint16_t code = 0;
    std::string example;  ///< raw bytes of the first one
  };

  explicit UnknownTexts(UnknownTextsOptions options = {}) : options_(options) {}

  /// Counts the text unless a text rule decided, or there is none.
  void note(const Refusal& refusal, const Verdict& verdict);
  /// Most frequent first.
  [[nodiscard]] std::vector<Entry> most(std::size_t limit) const;
  [[nodiscard]] std::size_t size() const { return entries_.size(); }
  /// Sightings of texts that were dropped to make room.
  [[nodiscard]] std::uint64_t not_kept() const { return not_kept_; }

 private:
  void make_room();

  UnknownTextsOptions options_;
  std::unordered_map<std::string, Entry> entries_;
  std::uint64_t not_kept_ = 0;
};

}  // namespace sluice::feedback
