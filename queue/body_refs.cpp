#include "queue/body_refs.hpp"

#include "engine/base/assert.hpp"
#include "engine/base/bytes.hpp"
#include "queue/families.hpp"

namespace sluice::queue {

std::string body_ref_key(std::string_view body, StreamId stream, Row row) {
  SLUICE_ASSERT(body.size() == kBodyKeyBytes);
  std::string key(body);
  put_be<4>(key, stream);
  put_be<5>(key, row);
  return key;
}

Expected<bool> segment_in_use(const store::Database& database, std::uint32_t segment) {
  std::string lower;
  put_be<4>(lower, segment);
  const auto upper = lower + std::string(kBodyKeyBytes + 9, '\xff');
  const auto cursor = database.cursor(kBodies, lower, upper);
  if (auto status = cursor->status(); !status) return std::unexpected(status.error());
  return cursor->valid();
}

}  // namespace sluice::queue
