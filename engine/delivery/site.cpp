#include "engine/delivery/site.hpp"

#include <algorithm>

#include "engine/delivery/path.hpp"

namespace sluice::delivery {

void Places::leave(Path& path) {
  std::erase(paths_, &path);
  std::erase(claims_, &path);
  if (yielding_ == &path) yielding_ = nullptr;
  if (turn_ == &path) turn_ = nullptr;
  if (!claims_.empty() && turn_ == nullptr && yielding_ == nullptr) ask_for_one();
}

std::size_t Places::taken() const {
  std::size_t out = 0;
  for (const auto* path : paths_) out += path->connections();
  return out;
}

bool Places::may_open(const Path& path, Instant now) const {
  if (turn_ != nullptr) return turn_ == &path;
  return claims_.empty() && taken() < tolerance_.limit(now);
}

void Places::claim(Path& path) {
  if (turn_ == &path || claimed(path)) return;
  claims_.push_back(&path);
  if (turn_ == nullptr && yielding_ == nullptr) ask_for_one();
}

bool Places::claimed(const Path& path) const {
  return std::find(claims_.begin(), claims_.end(), &path) != claims_.end();
}

void Places::ask_for_one() {
  Path* most = nullptr;
  for (auto* path : paths_) {
    if (path->connections() > (most == nullptr ? 0 : most->connections())) most = path;
  }
  if (most == nullptr) return serve();
  yielding_ = most;
  most->yield();
}

void Places::serve() {
  if (claims_.empty() || turn_ != nullptr) return;
  turn_ = claims_.front();
  claims_.pop_front();
  turn_->take_turn();
}

void Places::end_turn(const Path& path) {
  if (turn_ != &path) return;
  turn_ = nullptr;
  if (!claims_.empty() && yielding_ == nullptr) ask_for_one();
}

void Places::ended(const Path& path) {
  if (yielding_ == &path) yielding_ = nullptr;
  serve();
}

}  // namespace sluice::delivery
