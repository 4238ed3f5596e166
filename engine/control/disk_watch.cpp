#include "engine/control/disk_watch.hpp"

#include <fmt/format.h>

#include "engine/base/log.hpp"

namespace sluice::control {
namespace {

using store::Room;

std::string mib(std::uint64_t bytes) {
  return fmt::format("{:.1f} MiB", static_cast<double>(bytes) / (1 << 20));
}

std::string alert(const std::string& text, Instant now) {
  queue::Event event;
  event.kind = queue::EventKind::alert;
  event.time_ms = to_ms(now);
  event.event_class = "disk";
  event.detail = text;
  std::string out;
  event.append_to(out);
  return out;
}

}  // namespace

DiskWatch::DiskWatch(DiskWatchOptions options, queue::Queue& queue, std::unique_ptr<store::DiskSpace> space,
                     store::DiskLimits limits)
    : options_(std::move(options)),
      limits_(limits),
      queue_(queue),
      space_(std::move(space)),
      ballast_(options_.folder + "/ballast", limits.ballast_bytes) {}

Expected<std::unique_ptr<DiskWatch>> DiskWatch::make(DiskWatchOptions options, queue::Queue& queue,
                                                     std::unique_ptr<store::DiskSpace> space) {
  const auto size = space->measure();
  if (!size) return std::unexpected(size.error());
  const auto limits = options.limits.fitted_to(size->total_bytes);
  if (limits != options.limits) {
    log::warn("disk_thresholds_lowered", {{"folder", options.folder},
                                          {"disk_bytes", size->total_bytes},
                                          {"refuse_below", limits.refuse_below},
                                          {"stop_below", limits.stop_below},
                                          {"ballast", limits.ballast_bytes}});
  }
  auto watch = std::unique_ptr<DiskWatch>(new DiskWatch(std::move(options), queue, std::move(space), limits));
  if (limits.ballast_bytes == 0) watch->ballast_.remove_old();
  static_cast<void>(watch->look(Instant{}));
  return watch;
}

/// Free bytes, the ballast taken off.
Expected<store::DiskSize> DiskWatch::measure() const {
  auto size = space_->measure();
  if (!size) return size;
  const auto missing = ballast_.missing();
  size->free_bytes = size->free_bytes > missing ? size->free_bytes - missing : 0;
  return size;
}

bool DiskWatch::look(Instant now) {
  if (now != Instant{} && now < next_) return false;
  next_ = now + options_.interval;
  const auto size = measure();
  if (!size && !blind_) log::error("disk_not_measured", {{"reason", size.error().text}});
  blind_ = !size;
  if (!size) return false;  // what held before holds on
  last_ = *size;
  const auto before = queue_.disk().room();
  const auto room = store::next_room(before, size->free_bytes, limits_);
  queue_.disk().set(room, why(room, size->free_bytes));  // each time: the number in the text stays true
  if (before != room) tell(before, room, size->free_bytes, now);
  if (room != Room::none) take_ballast(size->free_bytes);
  return before == Room::none && room != Room::none;
}

void DiskWatch::tell(Room from, Room to, std::uint64_t free_bytes, Instant now) {
  const auto text = to == Room::plenty
                        ? fmt::format("{} are free again; new work is accepted", mib(free_bytes))
                        : why(to, free_bytes);
  const auto level = to > from ? log::Level::error : log::Level::warn;
  log::write(level, "disk_room_changed",
             {{"from", store::name_of(from)}, {"to", store::name_of(to)}, {"reason", text}});
  // The committer of a store that cannot write may hold submitters up, and this is the control thread. Before
  // the queue has started (the first look) there is nobody to commit.
  if (now != Instant{} && queue_.committer().healthy()) queue_.record_event(alert(text, now));
}

std::string DiskWatch::why(Room room, std::uint64_t free_bytes) const {
  switch (room) {
    case Room::plenty:
      break;
    case Room::low:
      return fmt::format("{} are free below {}, new work is refused below {} ([store] refuse_below)",
                         mib(free_bytes), options_.folder, mib(limits_.refuse_below));
    case Room::none:
      return fmt::format("{} are free below {}, nothing is sent below {} ([store] stop_below)",
                         mib(free_bytes), options_.folder, mib(limits_.stop_below));
  }
  return {};
}

void DiskWatch::take_ballast(std::uint64_t free_bytes) {
  if (ballast_.missing() == 0) return;
  auto taken = ballast_.take();
  if (taken) log::info("ballast_taken", {{"path", ballast_.path()}, {"free_bytes", free_bytes}});
  if (!taken && !ballast_failed_) log::warn("ballast_not_taken", {{"reason", taken.error().text}});
  ballast_failed_ = !taken;
}

void DiskWatch::on_commit_failed(const Error& error) {
  if (error.code != ErrorCode::no_space) return;
  if (ballast_.release()) log::error("ballast_released", {{"path", ballast_.path()}});
}

}  // namespace sluice::control
