// Backups of the running store: one at a time, on a thread of their own.
#pragma once

#include <future>
#include <optional>
#include <string>

#include "engine/base/clock.hpp"
#include "queue/backup.hpp"

namespace sluice::control {

/// Control thread. The database must outlive stop().
class Backups {
 public:
  Backups(store::Database& database, queue::DataFolders folders, const Clock& clock)
      : database_(database), folders_(std::move(folders)), clock_(clock) {}
  ~Backups() { stop(); }

  /// `to` is an absolute path of a folder to be made. conflict: one is under way.
  [[nodiscard]] Expected<> begin(const std::string& to);
  /// The result, once; nothing while it is under way.
  [[nodiscard]] std::optional<Expected<queue::BackupFacts>> take();
  /// Waits for one that is under way.
  void stop();

 private:
  store::Database& database_;
  const queue::DataFolders folders_;
  const Clock& clock_;
  std::future<Expected<queue::BackupFacts>> running_;
};

}  // namespace sluice::control
