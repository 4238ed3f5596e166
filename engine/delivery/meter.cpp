#include "engine/delivery/meter.hpp"

#include <algorithm>
#include <utility>

#include "metrics/catalog.hpp"

namespace sluice::delivery {
namespace {

using smtp::Stage;
using smtp::TlsPolicy;

double seconds(std::chrono::nanoseconds time) { return std::chrono::duration<double>(time).count(); }

std::string_view name_of(TlsPolicy policy) {
  switch (policy) {
    case TlsPolicy::none:
      return "none";
    case TlsPolicy::opportunistic:
      return "opportunistic";
    case TlsPolicy::required:
      return "required";
    case TlsPolicy::verified:
      return "verified";
  }
  return {};
}

/// The greeting and the answers to EHLO are one stage here, and MAIL, RCPT and DATA another.
Stage shown_as(Stage stage) {
  switch (stage) {
    case Stage::banner:
      return Stage::ehlo;
    case Stage::mail:
    case Stage::rcpt:
      return Stage::data;
    default:
      return stage;
  }
}

}  // namespace

std::string_view name_of(WaitReason reason) {
  switch (reason) {
    case WaitReason::lane_rate:
      return "lane_rate";
    case WaitReason::path_rate:
      return "path_rate";
    case WaitReason::connections:
      return "connections";
    case WaitReason::connection_rate:
      return "connection_rate";
    case WaitReason::back_off:
      return "back_off";
  }
  return {};
}

SiteMeter::SiteMeter(metrics::Shard& shard, std::string provider)
    : shard_(shard), provider_(std::move(provider)) {}

void SiteMeter::took(Stage stage, std::chrono::nanoseconds time) {
  if (time.count() <= 0) return;
  auto*& cell = stages_[static_cast<std::size_t>(stage)];
  if (cell == nullptr) cell = &shard_.histogram(metrics::kStageSeconds, {smtp::name_of(stage), provider_});
  cell->observe(seconds(time));
}

void SiteMeter::sent(const smtp::TransactionResult& result, smtp::TransactionResult::Time before) {
  const smtp::TransactionResult::Time never{};
  if (result.mail_written == never || result.content_written == never) return;
  took(Stage::data, result.content_written - std::max(result.mail_written, before));
  took(Stage::dot, result.finished - result.content_written);
}

void SiteMeter::waited(WaitReason reason, Micros time) {
  auto*& cell = waits_[static_cast<std::size_t>(reason)];
  if (cell == nullptr) cell = &shard_.cell(metrics::kThrottleWait, {name_of(reason), provider_});
  cell->add(std::max(0.0, seconds(time)));
}

PathMeter::PathMeter(Meter& meter, const std::string& provider, std::string source)
    : shard_(meter.shard_), site_(meter.site(provider)), source_(std::move(source)) {}

PathMeter::PathMeter(PathMeter&& other) noexcept { *this = std::move(other); }

PathMeter& PathMeter::operator=(PathMeter&& other) noexcept {
  std::swap(shard_, other.shard_);
  std::swap(site_, other.site_);
  std::swap(source_, other.source_);
  std::swap(connecting_, other.connecting_);
  std::swap(open_, other.open_);
  std::swap(connecting_cell_, other.connecting_cell_);
  std::swap(open_cell_, other.open_cell_);
  std::swap(backing_off_, other.backing_off_);
  std::swap(back_off_, other.back_off_);
  return *this;
}

PathMeter::~PathMeter() {
  if (connecting_cell_ != nullptr) connecting_cell_->add(-connecting_);
  if (open_cell_ != nullptr) open_cell_->add(-open_);
  if (backing_off_ != nullptr) backing_off_->add(-1);
}

metrics::Cell& PathMeter::gauge(double PathMeter::* held) {
  const bool open = held == &PathMeter::open_;
  auto*& cell = open ? open_cell_ : connecting_cell_;
  if (cell == nullptr) {
    cell = &shard_->cell(metrics::kConnections, {site_->provider_, source_, open ? "open" : "connecting"});
  }
  return *cell;
}

void PathMeter::count(double PathMeter::* held, double n) {
  if (shard_ == nullptr) return;
  gauge(held).add(n);
  this->*held += n;
}

void PathMeter::session(std::string_view version, TlsPolicy policy, std::string_view result) {
  if (shard_ == nullptr) return;
  shard_->cell(metrics::kTlsSessions, {version.empty() ? "none" : version, name_of(policy), result}).add();
}

void PathMeter::open_failed(Stage stage, TlsPolicy policy) {
  count(&PathMeter::connecting_, -1);
  if (stage == Stage::starttls) session({}, policy, "failed");
}

void PathMeter::opened(const smtp::Opened& opened, TlsPolicy policy) {
  count(&PathMeter::connecting_, -1);
  count(&PathMeter::open_, 1);
  if (opened.fell_back_to_plain_text) session({}, policy, "failed");
  session(opened.tls.version, policy,
          opened.tls.version.empty() ? "plain"
          : opened.tls.resumed       ? "resumed"
                                     : "full");
  if (site_ == nullptr) return;
  std::array<std::chrono::nanoseconds, smtp::kStageCount> shown{};
  for (std::size_t i = 0; i < shown.size(); ++i) {
    shown[static_cast<std::size_t>(shown_as(static_cast<Stage>(i)))] += opened.took[i];
  }
  for (const auto stage : {Stage::connect, Stage::ehlo, Stage::starttls}) {
    site_->took(stage, shown[static_cast<std::size_t>(stage)]);
  }
}

void PathMeter::closed(std::size_t messages) {
  count(&PathMeter::open_, -1);
  if (site_ == nullptr) return;
  auto*& cell = site_->messages_;
  if (cell == nullptr) cell = &shard_->histogram(metrics::kMessagesPerConnection, {site_->provider_});
  cell->observe(static_cast<double>(messages));
}

void PathMeter::backs_off(std::string_view why, Instant now) {
  if (shard_ == nullptr) return;
  back_off_.begin(WaitReason::back_off, now);
  if (backing_off_ != nullptr) return;
  // "rule NAME: what the receiver said" of a shaping rule, else a bounce class and where.
  if (why.starts_with("rule ")) why.remove_prefix(5);
  const auto rule = why.substr(0, why.find_first_of(" :"));
  backing_off_ = &shard_->cell(metrics::kBackoffActive, {site_->provider_, source_, rule});
  backing_off_->add(1);
}

void PathMeter::goes_on(Instant now) {
  if (backing_off_ == nullptr) return;
  back_off_.end(site_, now);
  std::exchange(backing_off_, nullptr)->add(-1);
}

Meter::Meter(metrics::Registry* registry) : shard_(registry != nullptr ? &registry->make_shard() : nullptr) {}

SiteMeter* Meter::site(const std::string& provider) {
  if (shard_ == nullptr) return nullptr;
  auto& found = sites_[provider];
  if (!found) found = std::make_unique<SiteMeter>(*shard_, provider);
  return found.get();
}

void Meter::signed_in(std::chrono::nanoseconds time) {
  if (shard_ == nullptr || time.count() == 0) return;
  if (signing_ == nullptr) signing_ = &shard_->histogram(metrics::kDkimSign, {});
  signing_->observe(seconds(time));
}

}  // namespace sluice::delivery
