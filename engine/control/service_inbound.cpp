// What comes back to the service: the keys of its tokens, the doors, and what bounces and complaints mean for
// shaping and warm-up.
#include "engine/base/log.hpp"
#include "engine/control/service.hpp"
#include "engine/delivery/shared.hpp"
#include "engine/shaping/observer.hpp"

namespace sluice::control {
namespace {

constexpr std::chrono::minutes kKeyLook{10};            ///< between two looks at the age of the newest key
constexpr std::chrono::milliseconds kPlaceWait{2'000};  ///< for a route that is not known; then there is none

}  // namespace

Expected<> Service::open_token_keys() {
  if (!options_.signs_tokens) return {};
  auto keys =
      feedback::TokenKeys::open(queue::DataFolders::below(options_.data_dir).token_keys, clock_.now());
  if (!keys) return std::unexpected(keys.error());
  token_keys_ = std::move(*keys);
  return {};
}

void Service::tick_token_keys(Instant now) {
  if (!token_keys_ || now < next_key_look_) return;
  next_key_look_ = now + kKeyLook;
  const auto rotated = token_keys_->rotate(now);
  if (!rotated) log::warn("token_keys_not_rotated", {{"reason", rotated.error().text}});
  if (rotated && *rotated) log::info("token_keys_rotated", {{"keys", token_keys_->size()}});
}

net::Task<inbound::Place> Service::place_of(std::string domain) {
  auto plan = router_->cached(domain, clock_.now());
  if (!plan) {
    auto found = co_await router_->resolve(domain, net::Deadline::after(kPlaceWait));
    plan = std::move(found);
  }
  if (!*plan) co_return inbound::Place{};
  co_return inbound::Place{(**plan)->site, delivery::provider_of(***plan, options_.delivery.providers)};
}

Expected<> Service::make_inbound() {
  if (!token_keys_) return {};
  auto list_of = [this](const queue::Stream& stream) {
    const auto content = contents_->get(stream);
    return content ? (*content)->list_id() : std::string();
  };
  auto place = [this](std::string domain) { return place_of(std::move(domain)); };
  returns_ = std::make_unique<inbound::Returns>(*queue_, log_->sent(), *book_, *token_keys_,
                                                *options_.delivery.classifier, clock_, std::move(list_of),
                                                std::move(place));
  const auto& wanted = options_.inbound;
  if (!wanted.smtp && !wanted.pages && wanted.maildir.empty()) return {};
  auto made = inbound::Inbound::make(wanted, *returns_, &registry_);
  if (!made) return std::unexpected(made.error());
  inbound_ = std::move(*made);
  return {};
}

/// The exporter's thread, once an event.
void Service::came_back(const queue::Event& event) {
  const bool complaint = event.kind == queue::EventKind::complaint;
  if (!complaint && event.kind != queue::EventKind::returned) return;
  if (complaint) delivery_->warmups().complained(event.source, event.provider);
  const auto stream = queue_->streams().find(event.stream);
  if (!options_.shaping_enabled || !stream) return;
  const auto kind = complaint ? shaping::Feedback::complaint : shaping::feedback_of(event.event_class);
  const bool campaign = stream->settings.kind == queue::StreamKind::campaign;
  const shaping::Place place{event.source, event.provider, event.site};
  const shaping::Origin origin{event.stream,
                               campaign ? std::string_view(stream->settings.name) : std::string_view(),
                               stream->settings.tenant};
  shaper_->engine().feedback(kind, place, origin, clock_.now());
}

}  // namespace sluice::control
