#include "engine/delivery/stream_content.hpp"

namespace sluice::delivery {

Expected<std::shared_ptr<const StreamContent>> ContentStore::get(const queue::Stream& stream) {
  const std::lock_guard lock(mutex_);
  const auto found = contents_.find(stream.id);
  if (found != contents_.end()) return found->second;
  auto bytes = queue_.content(stream.id, kContentPart);
  if (!bytes) return std::unexpected(bytes.error());  // a read that failed may work later: not remembered
  auto made =
      *bytes ? loader_(stream, **bytes)
             : fail(ErrorCode::not_found, "the content of " + stream.settings.name + " is not in the store");
  contents_.emplace(stream.id, made);
  return made;
}

void ContentStore::forget(StreamId stream) {
  const std::lock_guard lock(mutex_);
  contents_.erase(stream);
}

}  // namespace sluice::delivery
