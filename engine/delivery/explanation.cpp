#include "engine/delivery/explanation.hpp"

#include <algorithm>
#include <future>
#include <map>

#include "engine/delivery/delivery.hpp"
#include "engine/delivery/worker.hpp"

namespace sluice::delivery {
namespace {

const char* kind_of(const throttle::Limit& limit) {
  if (limit.is_gate()) return "override";
  if (limit.is_quota()) return "quota";
  return limit.is_slots() ? "concurrency" : "bucket";
}

/// Whose limits are told: of the message asked for, else of a lane that waits, the parked ones first.
struct Example {
  queue::StreamPtr stream;
  std::string domain;
  Instant since{};  ///< it waits for a limit; the epoch: it does not
};

Example example_of(Dispatch& dispatch, const ExplainQuery& query) {
  Example out{query.stream, query.domain, {}};
  if (out.stream && !out.domain.empty()) return out;
  for (const auto* lane : dispatch.roll().all()) {
    if (query.stream && lane->lane.stream->id != query.stream->id) continue;
    if (!query.domain.empty() && lane->lane.domain != query.domain) continue;
    out = {lane->lane.stream, std::string(lane->lane.domain), lane->waits.since()};
    if (lane->parked_on() != nullptr) break;
  }
  return out;
}

bool fits(Dispatch& dispatch, const ExplainQuery& query) {
  const auto& site = dispatch.site();
  if (!query.site.empty() && site.key != query.site) return false;
  const auto& provider = site.provider.empty() ? "other" : site.provider;
  if (!query.provider.empty() && provider != query.provider) return false;
  if (!query.pool.empty() && dispatch.pool() != query.pool) return false;
  if (!query.stream) return true;
  if (!query.site.empty()) return !query.pool.empty() || dispatch.pool() == query.stream->pool();
  return std::ranges::any_of(dispatch.roll().all(),
                             [&](const auto* lane) { return lane->lane.stream->id == query.stream->id; });
}

}  // namespace

Instant last_end(const std::vector<Blocker>& blockers, Instant now) {
  auto out = now;
  for (const auto& one : blockers) out = std::max(out, one.until);
  return out;
}

Instant SiteExplanation::until(Instant now) const {
  if (paths.empty()) return now;
  auto out = Instant::max();
  for (const auto& path : paths) out = std::min(out, last_end(path.blockers, now));
  return out;
}

double allowed_per_second(const std::vector<SiteExplanation>& sites, Instant now) {
  std::vector<const PathExplanation*> free;
  std::vector<const PathExplanation*> all;
  for (const auto& site : sites) {
    for (const auto& path : site.paths) {
      if (path.caps.empty()) continue;
      all.push_back(&path);
      if (last_end(path.blockers, now) <= now) free.push_back(&path);
    }
  }
  const auto& counted = free.empty() ? all : free;
  const auto alone = [](const PathExplanation& path) {
    return std::ranges::min(path.caps, {}, &RateCap::per_second).per_second;
  };
  std::map<const void*, double> asked;
  for (const auto* path : counted) {
    for (const auto& cap : path->caps) asked[cap.limit] += alone(*path);
  }
  double out = 0;
  for (const auto* path : counted) {
    double share = 1;
    for (const auto& cap : path->caps) share = std::min(share, cap.per_second / asked[cap.limit]);
    out += share * alone(*path);
  }
  return out;
}

void add_denials(std::vector<Blocker>& out, const std::vector<throttle::Limit*>& limits, std::uint64_t n,
                 Instant now, Instant since) {
  for (const auto* limit : limits) {
    if (limit->ready_at(now, n) <= now) continue;
    const auto waiting = limit->is_bucket() ? limit->waiting() : 0;
    const auto until = limit->ready_behind(now, n, waiting > 0 ? waiting - 1 : 0);
    out.push_back({kind_of(*limit), limit->name() + ": " + limit->describe(now), since, until});
  }
}

/// From the outermost: the source, then the receiver's answers, then what a connection needs.
void Path::explain(std::vector<Blocker>& out, Instant now) const {
  const auto& name = source_options().name;
  if (now < standing_.until) {
    auto what = "source " + name + " is suspended";
    for (const auto& one : worker_.shared().sources->suspensions()) {
      const bool here = one.provider.empty() || one.provider == dispatch_.site().provider;
      if (one.source == name && here && !one.cause.empty()) what += ": " + one.cause;
    }
    out.push_back({"suspension", what, standing_.since, standing_.until});
  }
  if (warmup_ != nullptr && now < warmup_->closed_until(now))
    out.push_back(
        {"warm-up", "today's quota of source " + name + " is used", {}, warmup_->closed_until(now)});
  if (now < back_off_until_) out.push_back({"back-off", back_off_why_, back_off_since_, back_off_until_});
  if (!speaks_to_site())
    out.push_back(
        {"no-source", "source " + name + " has no address of the family of any host of " + site_key()});
  if (connections() > 0 || limits_ == nullptr) return;
  add_denials(out, limits_->connection, 1, now, opening_waits_.since());
}

void Worker::explain(const ExplainQuery& query, std::function<void(std::vector<SiteExplanation>)> fn) {
  loop_.post([this, query, fn = std::move(fn)] {
    std::vector<SiteExplanation> out;
    const auto at = now();
    for (auto& [key, dispatch] : dispatches_) {
      if (out.size() == kMaxExplained) break;
      if (!fits(*dispatch, query)) continue;
      auto& site = out.emplace_back();
      site.site = key.first;
      site.pool = key.second;
      site.provider = dispatch->site().provider;
      site.lanes = dispatch->lanes();
      const auto example = example_of(*dispatch, query);
      for (const auto& path : dispatch->paths()) {
        if (query.source != 0 && path->mark != query.source && !path->lets_go(at) &&
            std::ranges::any_of(dispatch->paths(), [&](const auto& own) {
              return own->mark == query.source && !own->lets_go(at);
            }))
          continue;  // the message keeps another source
        auto& row = site.paths.emplace_back();
        const auto stats = path->stats();
        row.source = stats.source;
        row.connections = stats.connections;
        row.leased = stats.leased;
        path->explain(row.blockers, at);
        explain_limits(row, *path, example.stream, example.domain,
                       path->waits_since() == Instant{} ? example.since : path->waits_since());
      }
    }
    fn(std::move(out));
  });
}

/// The limits a message of the stream to the domain meets on the path; without a stream, any message.
void Worker::explain_limits(PathExplanation& out, const Path& path, const queue::StreamPtr& stream,
                            const std::string& domain, Instant since) {
  const auto at = now();
  auto subject = path.subject();
  if (stream) subject = subject_of(*stream, path, domain);
  subject[throttle::Dimension::domain] = domain;
  const auto limits = shared_.policies.resolve(subject, at);
  auto messages = limits->message;
  const auto own = stream ? shared_.rates->of(*stream) : nullptr;
  if (own) messages.push_back(own.get());
  add_denials(out.blockers, messages, 1, at, since);
  for (const auto* limit : messages) {
    if (limit->is_bucket()) out.caps.push_back({limit, limit->per_second()});
  }
  if (stream) add_denials(out.blockers, limits->bytes, grants_.expected_bytes(stream->id), at, since);
}

std::vector<SiteExplanation> Delivery::explain(const ExplainQuery& query) {
  std::vector<std::future<std::vector<SiteExplanation>>> answers;
  for (auto& worker : workers_) {
    const auto promise =
        std::make_shared<std::promise<std::vector<SiteExplanation>>>();  // shared: with the worker's loop
    answers.push_back(promise->get_future());
    worker->explain(query,
                    [promise](std::vector<SiteExplanation> all) { promise->set_value(std::move(all)); });
  }
  std::vector<SiteExplanation> out;
  for (auto& answer : answers) {
    for (auto& site : answer.get()) out.push_back(std::move(site));
  }
  return out;
}

}  // namespace sluice::delivery
