// Whatever happens to overrides while mail is granted, the policy's own bound holds, and that of an override
// while it is in force.
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <vector>

#include "throttle/permits.hpp"
#include "throttle/policy_set.hpp"

namespace sluice::throttle {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Instant kStart = from_ms(1'780'000'000'000);
constexpr std::uint64_t kRate = 20;  ///< a second
constexpr std::uint64_t kBurst = 5;

struct Setting {
  std::unique_ptr<PolicySet> set;
  Subject subject;
};

Setting setting() {
  PolicyOptions policy;
  policy.match[Dimension::domain] = "*";
  policy.message_rate = Rate{kRate, seconds(1), kBurst};
  Setting out{PolicySet::create({policy}).value(), {}};
  out.subject[Dimension::domain] = "a.test";
  out.subject[Dimension::provider] = "p";
  return out;
}

/// No window that ends with a grant holds more than rate × window + burst.
void check_windows(const std::vector<Instant>& grants, double per_second, double burst) {
  for (std::size_t last = 0; last < grants.size(); ++last) {
    for (std::size_t first = 0; first <= last; ++first) {
      const auto span = std::chrono::duration<double>(grants[last] - grants[first]).count();
      RC_ASSERT(static_cast<double>(last - first + 1) <= per_second * span + burst + 1e-6);
    }
  }
}

TEST(Override, NoSequenceOfChangesGrantsMoreThanThePolicy) {
  EXPECT_TRUE(rc::check("set, replaced, cleared, expired, reloaded", [] {
    auto [set, subject] = setting();
    std::vector<Instant> grants;
    auto now = kStart;
    const auto steps = *rc::gen::inRange(1, 120);
    for (int i = 0; i < steps; ++i) {
      now += milliseconds(*rc::gen::inRange(0, 200));
      Override change;
      change.id = "x";
      change.by = "test";
      change.match[Dimension::provider] = "p";
      change.until = now + milliseconds(*rc::gen::inRange(1, 500));
      switch (*rc::gen::inRange(0, 6)) {
        case 0:
          change.pause = true;
          RC_ASSERT(set->set_override(change, now).has_value());
          break;
        case 1:
          change.scale = static_cast<double>(*rc::gen::inRange(1, 10)) / 10;
          RC_ASSERT(set->set_override(change, now).has_value());
          break;
        case 2:
          (void)set->clear_override("x", now);
          break;
        case 3:
          set->expire_overrides(now);
          break;
        default:
          for (int n = *rc::gen::inRange(1, 10); n > 0; --n) {
            if (acquire(set->resolve(subject, now)->message, 1, now)) grants.push_back(now);
          }
      }
    }
    check_windows(grants, kRate, kBurst);
  }));
}

TEST(Override, WhileItHoldsItsShareIsKeptWhateverTheClockDoes) {
  EXPECT_TRUE(rc::check("a share, asked at any instants", [] {
    auto [set, subject] = setting();
    const auto tenths = *rc::gen::inRange(1, 10);
    Override slow;
    slow.id = "x";
    slow.by = "test";
    slow.match[Dimension::provider] = "p";
    slow.scale = static_cast<double>(tenths) / 10;
    slow.until = kStart + seconds(3600);
    RC_ASSERT(set->set_override(slow, kStart).has_value());
    std::vector<Instant> grants;
    auto now = kStart;
    auto latest = now;
    Micros behind{0};  // the most that a clock was
    for (int i = *rc::gen::inRange(1, 200); i > 0; --i) {
      now += milliseconds(*rc::gen::inRange(-50, 150));
      latest = std::max(latest, now);
      behind = std::max(behind, latest - now);
      if (acquire(set->resolve(subject, now)->message, 1, now)) grants.push_back(latest);
    }
    const auto burst = std::max(1.0, static_cast<double>(kBurst) * *slow.scale);
    // A grant by an older clock counts from that clock's time.
    const auto per_second = kRate * *slow.scale;
    check_windows(grants, per_second, burst + per_second * std::chrono::duration<double>(behind).count());
  }));
}

TEST(Override, APauseGrantsNothingBeforeItsEndToAnybody) {
  EXPECT_TRUE(rc::check("asked at any instants", [] {
    auto [set, subject] = setting();
    Override pause;
    pause.id = "x";
    pause.by = "test";
    pause.pause = true;
    pause.until = kStart + milliseconds(*rc::gen::inRange(1, 1000));
    RC_ASSERT(set->set_override(pause, kStart).has_value());
    auto latest = kStart;
    for (int i = 0; i < 20; ++i) {
      const auto now = kStart + milliseconds(*rc::gen::inRange(-100, 2000));
      latest = std::max(latest, now);  // once its end was seen, a clock set back does not bring it again
      const bool granted = acquire(set->resolve(subject, now)->message, 1, now).has_value();
      if (latest < pause.until) RC_ASSERT(!granted);
    }
  }));
}

}  // namespace
}  // namespace sluice::throttle
