#include "engine/campaign/sending_times.hpp"

#include <vector>

#include "engine/base/log.hpp"
#include "engine/message/stored_content.hpp"

namespace sluice::campaign {

void SendingTimes::add(const queue::StreamPtr& stream, const Acceptance& acceptance, Instant now) {
  if (acceptance.windows.always_open() && stream->settings.start_ms <= to_ms(now)) return;
  Entry entry;
  entry.stream = stream;
  entry.windows = acceptance.windows;
  if (auto zone = Zone::find(acceptance.zone_name)) {
    entry.zone = *zone;
  } else {
    log::error("time_zone_unknown", {{"campaign", stream->settings.name}, {"reason", zone.error().text}});
  }
  if (!acceptance.zone_column.empty() && !acceptance.windows.always_open()) {
    entry.column = acceptance.layout.find(acceptance.zone_column);
    stream->set_local_windows();
  } else {
    set_window(entry, now);
  }
  entry.open = stream->may_send(now);
  const std::lock_guard lock(mutex_);
  entries_.insert_or_assign(stream->id, std::move(entry));
}

void SendingTimes::set_window(Entry& entry, Instant now) {
  if (entry.windows.always_open()) return;
  const auto from = entry.windows.next_opening(now, entry.zone);
  if (from == Instant::max()) {
    entry.until = from;
    entry.stream->set_window(INT64_MAX, INT64_MAX);
    return;
  }
  entry.until = entry.windows.closing(from, entry.zone);
  entry.stream->set_window(to_ms(from), to_ms(entry.until));
}

void SendingTimes::tick(Instant now) {
  std::vector<queue::StreamPtr> changed;
  {
    const std::lock_guard lock(mutex_);
    std::erase_if(entries_, [](const auto& entry) {
      return entry.second.stream->state() >= queue::StreamState::cancelling;
    });
    for (auto& [id, entry] : entries_) {
      if (!entry.stream->has_local_windows() && entry.until <= now) set_window(entry, now);
      const bool open = entry.stream->opens(now) == now;
      if (open != entry.open) changed.push_back(entry.stream);
      entry.open = open;
    }
  }
  for (const auto& stream : changed) changed_(stream);
}

Instant SendingTimes::opening(const queue::Stream& stream, const queue::Record& record, Instant now) const {
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(stream.id);
  if (found == entries_.end()) return now;
  const auto& entry = found->second;
  auto zone = entry.zone;
  if (entry.column) {
    const auto row = message::read_payload(record.value.payload).row;
    const auto value = message::RowView(row).column(*entry.column);
    if (value) zone = zone_named(std::string(value->text())).value_or(entry.zone);
  }
  return entry.windows.next_opening(now, zone);
}

std::optional<Zone> SendingTimes::zone_named(const std::string& name) const {
  if (name.empty()) return std::nullopt;
  if (const auto known = zones_.find(name); known != zones_.end()) return known->second;
  const auto found = Zone::find(name);
  const auto out = found ? std::optional(*found) : std::nullopt;
  if (zones_.size() < kMaxZones) zones_.emplace(name, out);
  return out;
}

}  // namespace sluice::campaign
