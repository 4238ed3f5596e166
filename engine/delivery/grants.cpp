#include "engine/delivery/grants.hpp"

namespace sluice::delivery {
namespace {

constexpr std::uint64_t kFirstGuess = 4096;     ///< bytes of a message of a stream not seen yet
constexpr std::size_t kMaxStreamsKnown = 4096;  ///< beyond it sizes are learnt anew
constexpr std::uint64_t kForgetting = 64;       ///< a larger guess comes down by this part of the difference

}  // namespace

std::uint64_t Grants::expected_bytes(StreamId stream) const {
  const auto known = expected_.find(stream);
  return known == expected_.end() ? kFirstGuess : known->second;
}

void Grants::learn(StreamId stream, std::uint64_t size) {
  if (expected_.size() >= kMaxStreamsKnown && !expected_.contains(stream)) expected_.clear();
  auto& guess = expected_[stream];
  guess = size >= guess ? size : guess - (guess - size) / kForgetting;
}

bool Grants::pay_bytes(const queue::Held& held, std::uint64_t size, Instant now) {
  auto* grant = find(held.grant);
  if (grant == nullptr || grant->limits->bytes.empty() || grant->paid) return true;
  learn(held.stream->id, size);
  const auto have = grant->bytes.count();
  if (size > have) {
    auto more = throttle::acquire(grant->limits->bytes, size - have, now);
    if (!more) return false;
    grant->more_bytes = std::move(*more);
  } else {
    grant->bytes.refund_unused(now, have - size);
  }
  grant->paid = true;
  return true;
}

void Grants::give_back_others(const std::vector<std::uint64_t>& marks, const std::vector<queue::Held>& kept,
                              Instant now) {
  std::size_t at = 0;  // both in the order of the run
  for (const auto mark : marks) {
    while (at < kept.size() && kept[at].grant == 0) ++at;
    if (at < kept.size() && kept[at].grant == mark) {
      ++at;
    } else {
      give_back(mark, now);
    }
  }
}

void Grants::give_back(std::uint64_t mark, Instant now) {
  const auto found = held_.find(mark);
  if (found == held_.end()) return;
  auto& grant = found->second;
  grant.more_bytes.refund(now);
  grant.bytes.refund(now);
  grant.messages.refund(now);
  held_.erase(found);
  if (probe_ != nullptr) probe_->given_back(*this, mark);
}

}  // namespace sluice::delivery
