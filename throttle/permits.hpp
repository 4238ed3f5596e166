// All or nothing over several limits: capacity is taken before the work starts, so the work cannot be refused
// half-way.
#pragma once

#include <array>
#include <cstdint>
#include <expected>
#include <span>
#include <vector>

#include "throttle/limit.hpp"

namespace sluice::throttle {

/// The limit to park on, and when it could grant (Instant::max(): on a release).
struct Denial {
  Limit* limit = nullptr;
  Instant until{};
  std::uint64_t need = 1;  ///< what was asked for: park with it
};

/// What acquire() granted. Slots are held until destruction; tokens are spent, unless refund() gives both
/// back. The limits must outlive it.
class [[nodiscard]] Permits {
 public:
  Permits() = default;
  Permits(Permits&& other) noexcept;
  Permits& operator=(Permits&& other) noexcept;
  ~Permits() { release(); }

  /// Units granted: n of acquire(), or what acquire_up_to() got.
  [[nodiscard]] std::uint64_t count() const { return n_; }

  /// The work was not done. Exact at the instant of the grant; later, time's refill is not credited twice.
  void refund(Instant now);
  /// Of the tokens, `unused` come back (a run of messages ended early); slots stay. A later refund() gives
  /// back the rest.
  void refund_unused(Instant now, std::uint64_t unused);
  /// As destruction.
  void release();
  /// Holds the slots of these limits from now on and gives back those of others: what is open counts under
  /// limits that were changed meanwhile, even beyond them (Limit::exceeded()). Tokens are not taken again.
  void cover(std::span<Limit* const> limits);

 private:
  friend class Acquisition;

  struct Held {
    Limit* limit = nullptr;
    Bucket::Receipt receipt;
  };
  static constexpr std::size_t kInline = 8;

  void add(Limit* limit, Bucket::Receipt receipt);
  [[nodiscard]] const Held& at(std::size_t i) const { return i < kInline ? inline_[i] : more_[i - kInline]; }
  void forget();

  std::uint64_t n_ = 0;
  std::uint64_t returned_ = 0;  ///< tokens of n_ that came back
  std::size_t size_ = 0;
  std::array<Held, kInline> inline_;
  std::vector<Held> more_;
};

/// n units of every limit, or of none: then each is as if never asked. The denial names the limit that will
/// hold the asker longest by what is known now. A limit listed twice is taken twice. No limits, or n = 0:
/// granted.
[[nodiscard]] std::expected<Permits, Denial> acquire(std::span<Limit* const> limits, std::uint64_t n,
                                                     Instant now);

/// Between 1 and n units: as many as all of them grant. n = 0 is granted with count() 0.
[[nodiscard]] std::expected<Permits, Denial> acquire_up_to(std::span<Limit* const> limits, std::uint64_t n,
                                                           Instant now);

}  // namespace sluice::throttle
