#include "engine/feedback/unknown_texts.hpp"

#include <algorithm>

#include "engine/feedback/reply_text.hpp"

namespace sluice::feedback {

void UnknownTexts::note(const Refusal& refusal, const Verdict& verdict) {
  if (verdict.by_text || verdict.bounce_class == BounceClass::none) return;
  auto text = normalised(refusal.text, options_.text_bytes);
  if (text.empty()) return;
  auto found = entries_.find(text);
  if (found == entries_.end()) {
    if (entries_.size() >= options_.entries) make_room();
    Entry entry{text, 0, verdict.bounce_class, refusal.code,
                std::string(refusal.text.substr(0, options_.example_bytes))};
    found = entries_.emplace(std::move(text), std::move(entry)).first;
  }
  ++found->second.count;
}

/// Drops the rarest until a quarter is free: once for many new texts.
void UnknownTexts::make_room() {
  const auto keep = options_.entries - options_.entries / 4;
  for (std::uint64_t rare = 1; entries_.size() >= keep && !entries_.empty(); rare *= 2) {
    std::erase_if(entries_, [&](const auto& each) {
      if (each.second.count > rare) return false;
      not_kept_ += each.second.count;
      return true;
    });
  }
}

std::vector<UnknownTexts::Entry> UnknownTexts::most(std::size_t limit) const {
  std::vector<Entry> out;
  out.reserve(entries_.size());
  for (const auto& [text, entry] : entries_) out.push_back(entry);
  std::ranges::sort(out, [](const Entry& a, const Entry& b) {
    return a.count != b.count ? a.count > b.count : a.text < b.text;
  });
  if (out.size() > limit) out.resize(limit);
  return out;
}

}  // namespace sluice::feedback
