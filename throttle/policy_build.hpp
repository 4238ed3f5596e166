// One answer in the making: which limits a tuple meets. Part of PolicySet; nobody else includes it.
#pragma once

#include <string>
#include <string_view>

#include "throttle/policy_set.hpp"

namespace sluice::throttle {

/// Between the parts of a key; no name holds it (config and check() refuse control bytes).
inline constexpr char kSeparator = '\x1f';
/// Begins the keys of overrides' limits.
inline constexpr char kOverrideMark = '\x1e';

/// The part of a key that names a policy (by its identity) and a kind.
[[nodiscard]] std::string prefix_of(std::string_view identity, LimitKind kind);
[[nodiscard]] inline bool of_override(std::string_view prefix) {
  return !prefix.empty() && prefix.front() == kOverrideMark;
}
/// Begins the keys of this override's limits.
[[nodiscard]] std::string prefix_of(const Override& override);

/// Lives for one call of resolve(), under the set's lock.
class PolicySet::Build {
 public:
  Build(PolicySet& set, const Subject& subject, Instant now) : set_(set), subject_(subject), now_(now) {}

  /// The analysis does not see that set_ is the caller, which holds the lock.
  [[nodiscard]] std::shared_ptr<Limits> limits() SLUICE_TS(no_thread_safety_analysis);

 private:
  /// A message rate of a policy: what `scale` goes by.
  struct Base {
    std::string prefix;
    std::string values;
    std::string title;
    std::string where;
    Rate rate;
  };

  void add_policies() SLUICE_TS(requires_capability(set_.mutex_));
  void add_policy(const Rule& rule, LimitKind kind, const LimitValue& value)
      SLUICE_TS(requires_capability(set_.mutex_));
  void add_override(const Override& override) SLUICE_TS(requires_capability(set_.mutex_));
  void add_scaled(const Override& override, LimitSpec spec) SLUICE_TS(requires_capability(set_.mutex_));
  std::string_view add(const LimitSpec& spec, std::initializer_list<std::vector<Limit*>*> groups)
      SLUICE_TS(requires_capability(set_.mutex_));
  /// Fills values and where from the "*" dimensions.
  void place(LimitSpec& spec, const Match& match) const;

  PolicySet& set_;
  const Subject& subject_;
  const Instant now_;
  std::shared_ptr<Limits> out_ = std::make_shared<Limits>();  // shared: see Limits
  std::vector<Base> bases_;
};

}  // namespace sluice::throttle
