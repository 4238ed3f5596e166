#include "config/webhook_options.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "config/format.hpp"
#include "config/suggest.hpp"
#include "engine/webhook/secret.hpp"
#include "engine/webhook/url.hpp"
#include "queue/event.hpp"

namespace sluice::config {
namespace {

std::vector<std::string_view> kinds() {
  std::vector<std::string_view> out;
  for (auto kind = queue::EventKind::injected; kind <= queue::EventKind::warmup;
       kind = static_cast<queue::EventKind>(static_cast<int>(kind) + 1)) {
    out.emplace_back(queue::name_of(kind));
  }
  return out;
}

}  // namespace

std::vector<webhook::EndpointOptions> endpoint_options(const Config& from) {
  std::vector<webhook::EndpointOptions> out;
  for (const auto& one : from.webhooks) {
    auto& to = out.emplace_back();
    to.name = one.name;
    to.url = one.url;
    to.secret_files = one.secret_files;
    to.tenants = one.tenants;
    to.events = one.events;
    to.batch_events = one.batch_events;
    to.batch_bytes = one.batch_size.bytes;
    to.batch_wait = one.batch_wait;
    to.timeout = one.timeout;
    to.retry_min = one.retry_min;
    to.retry_max = one.retry_max;
    to.plain = one.plain;
  }
  return out;
}

std::vector<std::pair<std::string, std::string>> webhook_problems(const Webhook& from, bool files) {
  std::vector<std::pair<std::string, std::string>> out;
  const auto url = webhook::Url::parse(from.url);
  if (!url) {
    out.emplace_back("url", url.error().text);
  } else if (auto safe = webhook::check_transport(*url, from.plain); !safe) {
    out.emplace_back("url", safe.error().text);
  }
  const auto known = kinds();
  for (const auto& name : from.events) {
    if (std::ranges::find(known, name) != known.end()) continue;
    const auto near = nearest(name, known);
    out.emplace_back("events",
                     fmt::format("there are no events `{}`{}", name,
                                 near ? fmt::format("; did you mean `{}`?", *near) : std::string()));
  }
  const auto count = from.secret_files.size();
  if (count == 0 || count > webhook::kMaxSecrets)
    out.emplace_back("secret_files",
                     fmt::format("a webhook needs 1 to {} secret files", webhook::kMaxSecrets));
  if (from.retry_min > from.retry_max)
    out.emplace_back("retry_min", fmt::format("retry_min ({}) is above retry_max ({})",
                                              to_text(from.retry_min), to_text(from.retry_max)));
  if (!files) return out;
  for (const auto& file : from.secret_files) {
    if (auto secret = webhook::Secret::load(file); !secret)
      out.emplace_back("secret_files", secret.error().text);
  }
  return out;
}

}  // namespace sluice::config
