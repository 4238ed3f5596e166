#include "engine/dns/planner.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace sluice::dns {

using net::Deadline;
using net::Task;

/// What one plan() carries from step to step.
struct Planner::Work {
  std::string domain;
  std::shared_ptr<const RouteTable> routes;  // shared_ptr: a reload replaces the table while we wait
  const Route* route = nullptr;
  Deadline deadline;
  Instant started{};
  Instant expires{};
  bool keep = true;  // false when a failure is ours and says nothing about the domain
  bool incomplete = false;

  /// The route says where; else DNS does.
  [[nodiscard]] bool to_route_hosts() const { return route != nullptr && !route->hosts.empty(); }
};

namespace {

AnswerPtr given(const Address& address) {
  Answer answer;
  answer.status = Status::found;
  answer.addresses.push_back(address);
  return std::make_shared<const Answer>(std::move(answer));
}

}  // namespace

std::optional<Address> parse_address_literal(std::string_view domain) {
  if (!domain.starts_with('[') || !domain.ends_with(']') || domain.size() < 3) return std::nullopt;
  std::string inside(domain.substr(1, domain.size() - 2));
  constexpr std::string_view kTag = "ipv6:";
  const bool is_v6 = inside.size() > kTag.size() &&
                     std::ranges::equal(inside.substr(0, kTag.size()), kTag, [](char a, char b) {
                       return (a >= 'A' && a <= 'Z' ? a + 32 : a) == b;
                     });
  if (is_v6) inside.erase(0, kTag.size());
  boost::system::error_code error;
  const auto address = boost::asio::ip::make_address(inside, error);
  if (error || address.is_v6() != is_v6) return std::nullopt;
  return address;
}

Planner::Planner(Resolver& resolver, const Clock& clock, PlannerOptions options, Random random)
    : resolver_(resolver), clock_(clock), options_(std::move(options)), random_(random) {}

Task<Resolved> Planner::plan(std::string domain, std::shared_ptr<const RouteTable> routes,
                             Deadline deadline) {
  Work work{.domain = std::move(domain), .routes = std::move(routes), .deadline = deadline};
  work.started = clock_.now();
  work.expires = work.started + options_.max_plan_ttl;
  work.route = work.routes ? work.routes->find(work.domain) : nullptr;

  auto selection = co_await select(work);
  Planned<MxPlan> plan;
  if (selection) {
    plan = co_await add_addresses(work, *selection);
  } else {
    plan = std::unexpected(std::move(selection.error()));
  }
  if (work.incomplete) work.expires = std::min(work.expires, clock_.now() + options_.incomplete_plan_ttl);
  work.expires = work.keep ? std::max(work.expires, work.started + options_.min_plan_ttl) : work.started;
  if (!plan) co_return Resolved{std::unexpected(std::move(plan.error())), work.expires};
  plan->expires = work.expires;
  if (work.route) {
    if (!work.to_route_hosts()) plan->site += work.route->site;
    plan->tls = work.route->tls;
    plan->credentials = work.route->credentials;
    plan->pool = work.route->pool;
  }
  co_return Resolved{std::make_shared<const MxPlan>(std::move(*plan)), work.expires};
}

Task<Planned<HostSelection>> Planner::select(Work& work) {
  if (work.to_route_hosts()) co_return selection_of(*work.route);
  if (work.domain.starts_with('[')) {
    if (!options_.address_literals || !parse_address_literal(work.domain)) {
      co_return std::unexpected(
          RouteFailure{true, FailureClass::invalid_domain, "5.1.2",
                       fmt::format("mail to the address {} is not accepted", work.domain)});
    }
    HostSelection literal;
    literal.site = work.domain;
    literal.kind = PlanKind::implicit;
    literal.hosts.push_back({work.domain, 0, options_.plan.smtp_port});
    co_return literal;
  }
  Question question{work.domain, RecordType::mx};
  const auto found = co_await resolver_.lookup(std::move(question), work.deadline);
  const auto mx = take(work, found);
  co_return select_hosts(work.domain, *mx, options_.plan, random_);
}

Task<Planned<MxPlan>> Planner::add_addresses(Work& work, const HostSelection& selection) {
  std::vector<HostAnswers> answers(selection.hosts.size());
  std::vector<Question> questions;
  std::vector<AnswerPtr*> places;
  for (std::size_t i = 0; i < selection.hosts.size(); ++i) {
    const auto address =
        work.to_route_hosts() ? work.route->hosts[i].address : parse_address_literal(selection.hosts[i].name);
    if (address) {
      (address->is_v4() ? answers[i].v4 : answers[i].v6) = given(*address);
      continue;
    }
    const auto ask = [&](RecordType type, AnswerPtr& place) {
      questions.push_back({selection.hosts[i].name, type});
      places.push_back(&place);
    };
    if (options_.plan.use_v4) ask(RecordType::a, answers[i].v4);
    if (options_.plan.use_v6) ask(RecordType::aaaa, answers[i].v6);
  }
  const auto found = co_await resolver_.lookup_all(std::move(questions), work.deadline);
  for (std::size_t i = 0; i < found.size(); ++i) *places[i] = take(work, found[i]);
  co_return make_plan(work.domain, selection, answers, options_.plan, random_, work.incomplete);
}

/// The answer, or one that says our own trouble as a failure.
AnswerPtr Planner::take(Work& work, const Expected<Lookup>& lookup) const {
  if (lookup) {
    work.expires = std::min(work.expires, lookup->expires);
    return lookup->answer;
  }
  work.keep = false;
  return std::make_shared<const Answer>(Answer{.text = lookup.error().text});
}

}  // namespace sluice::dns
