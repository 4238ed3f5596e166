// The connections of a worker: their number, and which idle one goes when another is needed.
#include "engine/delivery/worker.hpp"

namespace sluice::delivery {

bool Worker::take_connection(Path& path) {
  if (connections_ >= shared_.options.max_connections) {
    if (!std::exchange(path.in_line, true)) short_of_connections_.push_back(path.id);
    for (auto* idle : idle_) {
      if (idle->end_one_idle()) break;
    }
    return false;
  }
  ++connections_;
  return true;
}

void Worker::give_connection() {
  --connections_;
  if (short_of_connections_.empty()) return;
  loop_.post([this] {
    // Each asks once: whoever is refused again stands at the end of the line.
    for (auto left = short_of_connections_.size(); left > 0; --left) {
      if (connections_ >= shared_.options.max_connections) return;
      auto* path = find_path(short_of_connections_.front());
      short_of_connections_.pop_front();
      if (path == nullptr) continue;
      path->in_line = false;
      path->pump();
    }
  });
}

void Worker::end_idle(const throttle::Limit& limit) {
  for (auto* path : idle_) {
    if (path->asks_slot_of(&limit) && path->end_one_idle()) return;
  }
}

}  // namespace sluice::delivery
