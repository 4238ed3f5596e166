#include "engine/control/backups.hpp"

#include "engine/base/log.hpp"

namespace sluice::control {

Expected<> Backups::begin(const std::string& to) {
  if (to.empty() || to.front() != '/')
    return fail(ErrorCode::invalid_input, "the folder of a backup is an absolute path");
  // A result nobody came for (its client went away) is dropped when it is there.
  const bool busy =
      running_.valid() && running_.wait_for(std::chrono::seconds(0)) != std::future_status::ready;
  if (busy) return fail(ErrorCode::conflict, "another backup is under way");
  running_ = std::async(std::launch::async, [this, to] {
    auto facts = queue::back_up(database_, folders_, to, clock_.now());
    if (facts) log::info("backup_made", {{"folder", to}, {"seq", facts->seq}, {"queued", facts->queued}});
    if (!facts) log::warn("backup_failed", {{"folder", to}, {"reason", facts.error().text}});
    return facts;
  });
  return {};
}

std::optional<Expected<queue::BackupFacts>> Backups::take() {
  if (!running_.valid() || running_.wait_for(std::chrono::seconds(0)) != std::future_status::ready)
    return std::nullopt;
  return running_.get();
}

void Backups::stop() {
  if (running_.valid()) running_.wait();
}

}  // namespace sluice::control
