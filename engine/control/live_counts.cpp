#include "engine/control/live_counts.hpp"

namespace sluice::control {

std::int64_t LiveCounts::second_now() const { return to_ms(clock_.now()) / 1000; }

void LiveCounts::add(const queue::Event& event) {
  using queue::EventKind;
  if (event.kind != EventKind::delivered && event.kind != EventKind::bounced &&
      event.kind != EventKind::expired && event.kind != EventKind::deferred) {
    return;
  }
  const auto second = event.time_ms / 1000;
  const std::lock_guard lock(mutex_);
  count(streams_[event.stream], event, second);
  count(all_, event, second);
}

void LiveCounts::count(Cells& cells, const queue::Event& event, std::int64_t second) {
  using queue::EventKind;
  std::string_view provider = event.provider.empty() ? std::string_view("other") : event.provider;
  if (cells.size() >= kMaxProviders && !cells.contains(provider)) provider = "other";
  auto found = cells.find(provider);
  if (found == cells.end()) found = cells.emplace(provider, Cell{}).first;
  auto& cell = found->second;
  cell.counts.provider = found->first;
  switch (event.kind) {
    case EventKind::bounced:
      ++cell.counts.bounced;
      return;
    case EventKind::expired:
      ++cell.counts.expired;
      return;
    case EventKind::deferred:
      ++cell.counts.deferred;
      return;
    default:
      break;
  }
  ++cell.counts.delivered;
  constexpr auto kSlots = static_cast<std::int64_t>(kWindowSeconds + 1);
  for (; cell.newest < second; ++cell.newest) {
    if (cell.newest < second - kSlots) cell.newest = second - kSlots;
    cell.seconds[(cell.newest + 1) % kSlots] = 0;
  }
  // An event later than the whole window has no slot of its own any more.
  if (second > cell.newest - kSlots) ++cell.seconds[second % kSlots];
}

double LiveCounts::rate(const Cell& cell, std::int64_t second) {
  constexpr auto kSlots = static_cast<std::int64_t>(kWindowSeconds + 1);
  std::uint64_t sum = 0;
  for (auto at = second - static_cast<std::int64_t>(kWindowSeconds); at < second; ++at) {
    if (at <= cell.newest && at > cell.newest - kSlots) sum += cell.seconds[at % kSlots];
  }
  return static_cast<double>(sum) / kWindowSeconds;
}

std::vector<ProviderCounts> LiveCounts::of(StreamId stream) const {
  const auto second = second_now();
  const std::lock_guard lock(mutex_);
  std::vector<ProviderCounts> out;
  const auto found = streams_.find(stream);
  if (found == streams_.end()) return out;
  for (const auto& [name, cell] : found->second) {
    out.push_back(cell.counts);
    out.back().per_second = rate(cell, second);
  }
  return out;
}

std::vector<ProviderCounts> LiveCounts::total() const {
  const auto second = second_now();
  const std::lock_guard lock(mutex_);
  std::vector<ProviderCounts> out;
  for (const auto& [name, cell] : all_) {
    out.push_back(cell.counts);
    out.back().per_second = rate(cell, second);
  }
  return out;
}

double LiveCounts::rate_of(StreamId stream) const {
  double sum = 0;
  for (const auto& provider : of(stream)) sum += provider.per_second;
  return sum;
}

}  // namespace sluice::control
