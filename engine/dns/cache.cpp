#include "engine/dns/cache.hpp"

#include <algorithm>

namespace sluice::dns {
namespace {

std::string key_of(const Question& question) {
  std::string key = question.name;
  key.push_back('/');
  key += name_of(question.type);
  return key;
}

std::chrono::seconds clamped_ttl(const Answer& answer, const CacheOptions& options) {
  if (answer.temporary()) return options.failure_ttl;
  if (answer.negative()) return std::clamp(answer.ttl, options.min_negative_ttl, options.max_negative_ttl);
  return std::clamp(answer.ttl, options.min_ttl, options.max_ttl);
}

}  // namespace

std::optional<Lookup> AnswerCache::find(const Question& question, Instant now) {
  const auto hit = entries_.find(key_of(question), now);
  if (!hit) return std::nullopt;
  return Lookup{*hit->value, hit->expires};
}

Lookup AnswerCache::put(const Question& question, AnswerPtr answer, Instant now) {
  const auto expires = now + clamped_ttl(*answer, options_);
  entries_.put(key_of(question), answer, expires);
  return {std::move(answer), expires};
}

}  // namespace sluice::dns
