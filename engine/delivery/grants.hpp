// What a record holds from the moment it is granted until it is sent: permits that must be given back if it
// is not. Kept for records that meet a quota, a byte rate or a rate as throttle/unsent.hpp names them; others
// spend their tokens when they are granted.
//
// Bounded by the leases of the worker's paths. The worker's thread only.
#pragma once

#include <cstdint>
#include <memory>
#include <unordered_map>
#include <vector>

#include "engine/delivery/probe.hpp"
#include "queue/lease.hpp"
#include "throttle/permits.hpp"
#include "throttle/policy_set.hpp"

namespace sluice::delivery {

struct Grant {
  std::shared_ptr<const throttle::Limits> limits;  // shared: keeps the limits alive
  throttle::Permits messages;
  throttle::Permits bytes;       ///< as many as the message was expected to have
  throttle::Permits more_bytes;  ///< and what it had beyond
  bool paid = false;             ///< bytes are exactly those of the message
};

class Grants {
 public:
  /// `probe` may be null.
  explicit Grants(Probe* probe) : probe_(probe) {}

  /// The mark to put into Held::grant.
  [[nodiscard]] std::uint64_t keep(Grant grant) {
    held_.emplace(++last_, std::move(grant));
    return last_;
  }
  /// The record was attempted.
  void spend(queue::Held& held) { held_.erase(std::exchange(held.grant, 0)); }
  /// It was not, and will ask again. Without a mark: nothing.
  void give_back(queue::Held& held, Instant now) { give_back(std::exchange(held.grant, 0), now); }
  void give_back(std::uint64_t mark, Instant now);
  /// Those of `marks` that none of the records has: a lease was refused, or the record is gone.
  void give_back_others(const std::vector<std::uint64_t>& marks, const std::vector<queue::Held>& kept,
                        Instant now);

  /// The message is rendered: the bytes taken become exactly its size, unused ones come back. False: the byte
  /// rate has no room for what it is larger than expected; give it back, the next grant asks for all of it.
  [[nodiscard]] bool pay_bytes(const queue::Held& held, std::uint64_t size, Instant now);
  /// How large the stream's next message may be, as far as is known.
  [[nodiscard]] std::uint64_t expected_bytes(StreamId stream) const;
  [[nodiscard]] std::size_t size() const { return held_.size(); }

 private:
  [[nodiscard]] Grant* find(std::uint64_t mark) {
    const auto found = held_.find(mark);
    return found == held_.end() ? nullptr : &found->second;
  }
  void learn(StreamId stream, std::uint64_t size);

  Probe* const probe_;
  std::unordered_map<StreamId, std::uint64_t> expected_;
  std::unordered_map<std::uint64_t, Grant> held_;
  std::uint64_t last_ = 0;
};

}  // namespace sluice::delivery
