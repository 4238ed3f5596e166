#include "engine/inbound/intake.hpp"

#include <algorithm>

#include "engine/base/lower_case.hpp"

namespace sluice::inbound {
namespace {

using feedback::Feedback;

constexpr std::string_view kUnsubscribe = "unsubscribe+";

}  // namespace

bool ours(std::string_view domain, const Options& options) {
  return !options.domain.empty() && lower_case(domain) == lower_case(options.domain);
}

std::optional<Target> target_of(std::string_view local, std::string_view domain, const Options& options,
                                const feedback::TokenKeys& keys, Instant now) {
  if (!ours(domain, options)) return std::nullopt;
  const auto name = lower_case(local);
  if (std::ranges::find(options.feedback_names, name) != options.feedback_names.end())
    return Target{Target::Kind::feedback, {}};
  const bool leaves = name.starts_with(kUnsubscribe);
  const auto id = keys.verify(leaves ? std::string_view(name).substr(kUnsubscribe.size()) : name, now);
  if (!id) return std::nullopt;
  return Target{leaves ? Target::Kind::unsubscribe : Target::Kind::token, id};
}

net::Task<Expected<std::vector<Taken>>> Intake::take(std::vector<Target> targets, bool null_sender,
                                                     std::string_view content) const {
  auto taken = co_await take(std::move(targets), null_sender, returns_.parse(content));
  co_return taken;
}

net::Task<Expected<std::vector<Taken>>> Intake::take_file(std::string_view content) const {
  auto report = returns_.parse(content);
  const std::string_view to = report.addressed_to;
  const auto at = std::min(to.rfind('@'), to.size());
  const auto domain = at < to.size() ? to.substr(at + 1) : std::string_view();
  auto target = target_of(to.substr(0, at), domain, options_, returns_.keys(), returns_.clock().now());
  std::vector<Target> targets{target.value_or(Target{Target::Kind::feedback, {}})};
  auto taken = co_await take(std::move(targets), false, std::move(report));
  co_return taken;
}

net::Task<Expected<std::vector<Taken>>> Intake::take(std::vector<Target> targets, bool null_sender,
                                                     Feedback report) const {
  Outcome all;
  std::vector<Taken> out;
  for (const auto& target : targets) {
    auto judged = co_await judge(target, null_sender, report);
    if (!judged) co_return std::unexpected(judged.error());
    const bool again = std::ranges::any_of(
        judged->told, [&](const auto& key) { return std::ranges::find(all.told, key) != all.told.end(); });
    if (again) {  // two of its recipients are the same token
      out.push_back({"repeated", std::move(judged->recipient), {}});
      continue;
    }
    std::ranges::move(judged->events, std::back_inserter(all.events));
    std::ranges::move(judged->changes.add, std::back_inserter(all.changes.add));
    std::ranges::move(judged->told, std::back_inserter(all.told));
    std::ranges::move(judged->sent, std::back_inserter(all.sent));
    out.push_back({std::move(judged->what), std::move(judged->recipient), std::move(judged->bounce_class)});
  }
  const auto applied = co_await returns_.apply(std::move(all), options_.store_timeout);
  if (!applied) co_return std::unexpected(applied.error());
  co_return out;
}

net::Task<Expected<Outcome>> Intake::judge(const Target& target, bool null_sender,
                                           const Feedback& report) const {
  const auto id = target.id ? target.id : returns_.token_in(report);
  Outcome unknown;
  unknown.what = "unknown";
  if (!id) co_return unknown;
  const auto to = returns_.find(*id);
  if (!to) co_return std::unexpected(to.error());
  if (!*to) co_return unknown;
  if (target.kind != Target::Kind::unsubscribe) {
    const auto place = co_await returns_.place_of((*to)->address().substr((*to)->address().rfind('@') + 1));
    co_return returns_.judge(**to, place, report);
  }
  // Whoever leaves writes himself: a program's answer, or a bounce of what he wrote, is no wish.
  const bool machine = null_sender || report.kind == Feedback::Kind::autoreply ||
                       report.kind == Feedback::Kind::dsn || report.kind == Feedback::Kind::notice;
  if (machine) co_return Outcome{};
  co_return returns_.unsubscribe(**to, Reach::list, "mailto");
}

}  // namespace sluice::inbound
