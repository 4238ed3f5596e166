#include "engine/shaping/observer.hpp"

namespace sluice::shaping {

bool is_hard(std::string_view bounce_class) {
  return bounce_class == "invalid-recipient" || bounce_class == "invalid-domain" ||
         bounce_class == "inactive";
}

bool is_blocked(std::string_view bounce_class) {
  return bounce_class == "policy" || bounce_class == "blocklist" || bounce_class == "spam-content" ||
         bounce_class == "rate-limit";
}

Feedback feedback_of(std::string_view bounce_class) {
  if (is_hard(bounce_class)) return Feedback::hard_bounce;
  if (is_blocked(bounce_class)) return Feedback::blocked;
  return bounce_class == "other" ? Feedback::unknown : Feedback::soft_bounce;
}

Tally& Observer::tally(const Observation& what, Instant now) {
  const Key key{what.path, what.origin.stream};
  if (const auto known = tallies_.find(key); known != tallies_.end()) return known->second;
  if (tallies_.size() >= kMostTallies) flush(now);
  auto& fresh = tallies_[key];
  fresh.source = what.place.source;
  fresh.provider = what.place.provider;
  fresh.site = what.place.site;
  fresh.stream = what.origin.stream;
  fresh.tenant = what.origin.tenant;
  fresh.campaign = what.origin.campaign;
  return fresh;
}

Verdict Observer::note(const Observation& what, Instant now) {
  const bool refusal = what.reply != nullptr && what.reply->code >= 400;
  const auto rules = refusal ? engine_.rules() : nullptr;
  const auto* const rule =
      refusal ? rules->find(*what.reply, what.stage, what.place.provider, what.bounce_class) : nullptr;
  const bool acts = rule != nullptr && rule->action != Action::ignore;
  if (what.origin.stream != 0) {
    auto& books = tally(what, now);
    ++books.counts.answers;
    ++books.tried;
    if (!acts) ++books.taken;
    if (what.result == Result::delivered) ++books.counts.delivered;
    const bool patient = what.bounce_class == "greylist" || what.bounce_class == "mailbox-full";
    if (what.result == Result::deferred && !acts && !patient) ++books.counts.deferred;
    if (what.result == Result::bounced && is_hard(what.bounce_class)) ++books.counts.bounced;
    if (what.result == Result::bounced && !acts && is_blocked(what.bounce_class)) ++books.counts.blocked;
    if (refusal && what.bounce_class == "other") ++books.counts.unknown;
  }
  if (!acts) return {};
  flush(now);  // the pace decides how far to step down
  return engine_.refused(*rule, what, now);
}

void Observer::flush(Instant now) {
  if (tallies_.empty()) return;
  std::vector<Tally> all;
  all.reserve(tallies_.size());
  for (auto& [key, one] : tallies_) all.push_back(std::move(one));
  tallies_.clear();
  engine_.count(all, now);
}

}  // namespace sluice::shaping
