#include "tests/sim/receivers.hpp"

#include <algorithm>

namespace sluice::sim {
namespace {

using namespace std::chrono_literals;

constexpr unsigned kPatience = 5;  ///< failed attempts after which a recipient's mail is simply taken
constexpr Micros kSlowest{12'000'000};

/// How one transaction will end.
enum class End {
  taken,
  stale,
  lost_early,
  lost_answer,
  says_421,
  bounced,
  greylisted,
  deferred,
  rate_limited,
  full
};

smtp::TransactionResult::Time steady(Instant at) {
  return smtp::TransactionResult::Time(at.time_since_epoch());
}

message::Reply reply(std::uint16_t code, std::uint16_t subject, std::uint16_t detail, const char* text) {
  return {code, {static_cast<std::uint8_t>(code / 100), subject, detail}, text};
}

class Connection final : public delivery::Transport {
 public:
  Connection(Receivers& receivers, smtp::ClientOptions options)
      : all_(receivers), world_(receivers.world), options_(std::move(options)) {}
  ~Connection() override { gone(); }

  net::Task<std::expected<smtp::Opened, smtp::FailedOpen>> open(smtp::Target target) override;
  net::Task<smtp::TransactionResult> send(const smtp::Message& message, const smtp::Envelope* next) override;
  net::Task<> quit() override;
  net::Task<smtp::IdleEnd> idle(std::chrono::milliseconds wait) override;
  void wake() override {
    if (!idle_) return;
    woken_ = true;
    all_.sleepers.wake(sleeper_);
  }
  [[nodiscard]] bool usable() const override { return open_ && (begun_ || may_take_another()); }
  [[nodiscard]] bool next_begun() const override { return begun_; }
  [[nodiscard]] std::size_t messages() const override { return messages_; }

 private:
  [[nodiscard]] bool may_take_another() const {
    return options_.max_messages == 0 || messages_ < options_.max_messages;
  }
  [[nodiscard]] const Habits& habits() const { return all_.scenario.sites[site_].habits; }
  [[nodiscard]] bool trouble(double probability) const {
    return !all_.is_calm() && world_.chance(probability);
  }
  [[nodiscard]] Micros reply_time() const {
    if (trouble(habits().slow)) return world_.wait_between(500ms, kSlowest);
    return world_.wait_between(habits().reply_least, habits().reply_most);
  }
  [[nodiscard]] std::optional<smtp::FailedOpen> refusal(bool slept);
  [[nodiscard]] End choose(const Recipient& recipient) const;
  void conclude(End end, Who who, smtp::RecipientResult& out);
  void cut_off(Who who, smtp::RecipientResult& out);
  void gone();
  void begins(Who who) {
    all_.limits.begins(site_, source_);
    all_.begins(who);
  }

  Receivers& all_;
  World& world_;
  const smtp::ClientOptions options_;
  std::size_t site_ = 0;
  std::string source_;
  bool counted_ = false;  ///< as open, by the limits
  bool open_ = false;
  bool begun_ = false;
  bool idle_ = false;
  bool woken_ = false;
  std::size_t messages_ = 0;
  std::uint64_t sleeper_ = 0;
};

net::Task<std::expected<smtp::Opened, smtp::FailedOpen>> Connection::open(smtp::Target target) {
  const auto bar = target.session_key.find('|');
  site_ = all_.scenario.site_of(target.session_key.substr(0, bar));
  source_ = target.session_key.substr(bar + 1);
  counted_ = !all_.sleepers.closed();
  if (counted_) {
    ++all_.open_at(site_);
    world_.note("opens", site_, all_.open_at(site_));
    all_.limits.opened(site_, source_);
  }
  const auto wait = reply_time();
  const bool slept = co_await all_.sleepers.sleep(wait, &sleeper_);
  if (auto refused = refusal(slept)) {
    refused->peer = target.hosts.front().endpoint;
    refused->host = target.hosts.front().name;
    world_.note("refused", site_);
    gone();
    co_return std::unexpected(std::move(*refused));
  }
  open_ = true;
  world_.note("opened", site_);
  smtp::Opened out;
  out.peer = target.hosts.front().endpoint;
  out.host = target.hosts.front().name;
  out.greeting = reply(220, 0, 0, "ready");
  co_return out;
}

std::optional<smtp::FailedOpen> Connection::refusal(bool slept) {
  smtp::FailedOpen out;
  out.stage = smtp::Stage::connect;
  if (!slept) {
    out.error = Error{ErrorCode::cancelled, "cancelled"};
  } else if (all_.scenario.sites[site_].down_until > world_.now || trouble(habits().refused)) {
    out.error = Error{ErrorCode::unavailable, "connection refused"};
  } else if (all_.open_at(site_) > habits().most_connections || trouble(habits().greets_421)) {
    out.stage = smtp::Stage::banner;
    out.reply = reply(421, 4, 3, "too many connections");
  } else {
    return std::nullopt;
  }
  return out;
}

End Connection::choose(const Recipient& recipient) const {
  const auto& habits = this->habits();
  if (messages_ > 1 && trouble(habits.leaves_idle)) return End::stale;
  if (recipient.failures >= kPatience) return End::taken;
  if (world_.chance(habits.bounces)) return End::bounced;
  if (trouble(habits.loses_early)) return End::lost_early;
  if (trouble(habits.loses_answer)) return End::lost_answer;
  if (trouble(habits.says_421)) return End::says_421;
  if (recipient.failures == 0 && trouble(habits.greylists)) return End::greylisted;
  if (trouble(habits.defers)) {
    constexpr End kinds[] = {End::deferred, End::deferred, End::rate_limited, End::full};
    return kinds[world_.random.below(4)];
  }
  return End::taken;
}

void Connection::conclude(End end, Who who, smtp::RecipientResult& out) {
  auto& model = all_.model;
  out.stage = smtp::Stage::rcpt;
  if (end == End::taken) {
    out.stage = smtp::Stage::dot;
    out.reply = reply(250, 2, 0, "taken");
    return model.taken(who);
  }
  if (end == End::stale) {
    out.stage = smtp::Stage::mail;
    out.error = Error{ErrorCode::unavailable, "the server closed"};
    open_ = false;
    all_.limits.takes_back(site_, source_);
    return model.takes_back(who);
  }
  if (end == End::lost_answer) {
    out.stage = smtp::Stage::dot;
    out.error = Error{ErrorCode::timeout, "no answer"};
    out.in_doubt = true;
    open_ = false;
    if (world_.chance(0.5)) model.taken(who);
    return model.failed(who);
  }
  model.failed(who);
  if (end == End::lost_early) {
    out.error = Error{ErrorCode::unavailable, "the server closed"};
    open_ = false;
  } else if (end == End::says_421) {
    out.reply = reply(421, 4, 3, "shutting down");
    open_ = false;
  } else if (end == End::bounced) {
    out.reply = reply(550, 5, 1, "no such user");
    out.reply.enhanced.subject = 1;
  } else if (end == End::greylisted) {
    out.reply = reply(451, 4, 7, "greylisted, try again later");
  } else if (end == End::rate_limited) {
    out.reply = reply(450, 4, 7, "rate limit exceeded, too many messages");
  } else if (end == End::full) {
    out.stage = smtp::Stage::dot;
    out.reply = reply(452, 4, 2, "mailbox full");
  } else {
    out.reply = reply(450, 4, 2, "try again later");
  }
}

/// The engine gave up on it: before or after the end of the message, and then it may have been taken.
void Connection::cut_off(Who who, smtp::RecipientResult& out) {
  open_ = false;
  out.error = Error{ErrorCode::cancelled, "cancelled"};
  out.stage = smtp::Stage::rcpt;
  if (all_.sleepers.closed()) return;  // nobody is left to hear of it
  if (world_.chance(0.5)) {
    out.stage = smtp::Stage::dot;
    out.in_doubt = true;
    if (world_.chance(0.5)) all_.model.taken(who);
  }
  all_.model.failed(who);
}

net::Task<smtp::TransactionResult> Connection::send(const smtp::Message& message,
                                                    const smtp::Envelope* next) {
  const auto who = all_.model.who(message.envelope.recipients.front());
  if (!begun_) {
    ++messages_;
    if (!all_.sleepers.closed()) begins(who);
  }
  begun_ = false;
  smtp::TransactionResult result;
  auto& out = result.recipients.emplace_back();
  result.mail_written = steady(world_.now);
  const auto wait = reply_time();
  const bool slept = co_await all_.sleepers.sleep(wait, &sleeper_);
  result.finished = steady(world_.now);
  if (!slept) {
    cut_off(who, out);
    co_return result;
  }
  const auto end = choose(all_.model.recipient(who));
  conclude(end, who, out);
  result.replies = out.reply.code != 0 ? 3 : 0;
  result.reusable = open_;
  const bool consent = next != nullptr && (next->consent == nullptr || next->consent->given());
  if (open_ && consent && out.stage == smtp::Stage::dot && may_take_another() && world_.chance(0.5)) {
    begun_ = result.next_begun = true;
    ++messages_;
    begins(all_.model.who(next->recipients.front()));
  }
  co_return result;
}

net::Task<> Connection::quit() {
  if (open_) {
    const auto wait = world_.wait_between(1ms, 10ms);
    co_await all_.sleepers.sleep(wait, &sleeper_);
  }
  gone();
}

net::Task<smtp::IdleEnd> Connection::idle(std::chrono::milliseconds wait) {
  smtp::IdleEnd end;
  idle_ = true;
  woken_ = false;
  const bool leaves = trouble(habits().leaves_idle);
  const Micros until = leaves ? world_.wait_between(1ms, wait) : Micros(wait);
  const bool slept = co_await all_.sleepers.sleep(until, &sleeper_);
  idle_ = false;
  if (woken_) {
    end.how = smtp::IdleEnd::How::woken;
  } else if (slept && !leaves) {
    end.how = smtp::IdleEnd::How::waited;
  } else {
    open_ = false;
    if (slept) end.reply = reply(421, 4, 4, "idle for too long");
  }
  co_return end;
}

void Connection::gone() {
  open_ = false;
  if (!counted_) return;
  counted_ = false;
  --all_.open_at(site_);
  all_.limits.closed(site_, source_);
  world_.note("closed", site_);
}

}  // namespace

std::unique_ptr<delivery::Transport> Receivers::connection(net::asio::io_context&, net::TlsClientContext&,
                                                           smtp::ClientOptions options) {
  return std::make_unique<Connection>(*this, std::move(options));
}

void Receivers::begins(Who who) {
  const auto stream = streams_->find(who.stream);
  if (!stream) world.trace.fail("an attempt for a stream that the store does not know");
  model.begins(who, stream->state());
}

}  // namespace sluice::sim
