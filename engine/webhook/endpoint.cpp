#include "engine/webhook/endpoint.hpp"

#include <fmt/format.h>

#include <boost/asio/this_coro.hpp>

#include "engine/base/log.hpp"
#include "engine/webhook/back_off.hpp"
#include "metrics/catalog.hpp"

namespace sluice::webhook {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr int kGone = 410;

/// The end of a commit, brought to the coroutine that waits for it. Shared with the committer's callback.
struct Commit {
  explicit Commit(boost::asio::io_context& context) : timer(context) {
    timer.expires_at(steady_clock::time_point::max());
  }
  boost::asio::steady_timer timer;
  bool over = false;
};

}  // namespace

Expected<Target> Target::make(const EndpointOptions& options) {
  Target out;
  out.options = options;
  auto url = Url::parse(options.url);
  if (!url) return fail(url.error(), "webhook " + options.name);
  out.url = std::move(*url);
  if (auto safe = check_transport(out.url, options.plain); !safe)
    return fail(safe.error(), "webhook " + options.name);
  for (const auto& file : options.secret_files) {
    auto secret = Secret::load(file);
    if (!secret) return fail(secret.error(), "webhook " + options.name);
    out.secrets.push_back(std::move(*secret));
  }
  if (out.secrets.empty() || out.secrets.size() > kMaxSecrets) {
    return fail(ErrorCode::invalid_input, fmt::format("webhook {}: 1 to {} secret files, not {}",
                                                      options.name, kMaxSecrets, out.secrets.size()));
  }
  return out;
}

Endpoint::Endpoint(Shared& shared, Target target, Standing standing)
    : shared_(shared),
      target_(std::move(target)),
      standing_(std::move(standing)),
      kept_(standing_),
      timer_(shared.worker.context()) {
  publish(standing_.disabled_ms != 0 ? "disabled" : "idle");
}

net::Task<> Endpoint::run() {
  const auto self = shared_from_this();
  while (!ended_) {
    const bool over = co_await is_over();
    if (over) break;
    if (standing_.disabled_ms != 0) {
      publish("disabled");
      co_await sleep(std::chrono::hours(1));
      continue;
    }
    if (!batch_ready_) {
      const bool more = collect();
      if (due()) {
        co_await begin();
      } else {
        co_await keep_idle();
        publish("idle");
        co_await sleep(more ? milliseconds(0) : shared_.options.poll);
      }
      continue;
    }
    co_await attempt();
  }
  if (http_) http_->close();
}

/// The group was cancelled: nothing is waited for any more.
net::Task<bool> Endpoint::is_over() const {
  const auto state = co_await boost::asio::this_coro::cancellation_state;
  co_return state.cancelled() != boost::asio::cancellation_type::none;
}

/// Reads on. True: more may be there at once.
bool Endpoint::collect() {
  if (!reader_) reader_.emplace(shared_.options.events_folder, standing_.after);
  if (!batch_) {
    const auto& options = target_.options;
    batch_.emplace(options.name, Filter{options.tenants, options.events},
                   BatchLimits{options.batch_events, options.batch_bytes}, standing_.after, standing_.round);
    batch_begun_ = steady_clock::now();
  }
  const auto had = batch_->events();
  // A batch that was begun ends where it ended.
  const auto upto = standing_.upto != 0 ? standing_.upto : shared_.exported();
  const auto filled = batch_->fill(*reader_, upto, shared_.options.lines_a_turn);
  if (had == 0 && batch_->events() > 0) batch_begun_ = steady_clock::now();
  if (filled == Batch::Fill::full) batch_begun_ = steady_clock::time_point::min();
  const bool cannot_end = filled == Batch::Fill::dry && standing_.upto != 0 && !due();
  if (cannot_end) standing_.upto = 0;  // its events are gone, or wanted no more: another batch is begun
  return filled == Batch::Fill::more || cannot_end;
}

/// The batch may go: full, or its time is over, or it is one that was begun.
bool Endpoint::due() const {
  if (!batch_ || batch_->events() == 0) return false;
  if (standing_.upto != 0 && batch_->upto() == standing_.upto) return true;
  const auto& options = target_.options;
  if (batch_->events() >= options.batch_events) return true;
  return batch_begun_ == steady_clock::time_point::min() ||
         steady_clock::now() - batch_begun_ >= options.batch_wait;
}

void Endpoint::tell_missing() {
  if (batch_->missing() == 0) return;
  const auto first = batch_->missing_from();
  const auto& name = target_.options.name;
  log::warn("webhook_gap", {{"webhook", name}, {"first", first}, {"events", batch_->missing()}});
  const auto detail = fmt::format(
      "webhook {}: {} events from {} on were gone from the event files ([events] keep) before it took them",
      name, batch_->missing(), first);
  queue::Event event;
  event.kind = queue::EventKind::alert;
  event.time_ms = to_ms(shared_.clock.now());
  event.event_class = "webhook-gap";
  event.detail = detail;
  event.count = batch_->missing();
  std::string encoded;
  event.append_to(encoded);
  shared_.queue.record_event(std::move(encoded));
  shared_.shard.cell(metrics::kWebhookGap, {name}).add(static_cast<double>(batch_->missing()));
  const std::lock_guard lock(view_mutex_);
  view_.missing += batch_->missing();
}

/// What was read is forgotten; the next collect() begins at the cursor.
void Endpoint::drop_batch() {
  batch_.reset();
  batch_ready_ = false;
  reader_.reset();
}

/// Writes where the batch ends. False: it no longer counts.
net::Task<bool> Endpoint::begin() {
  const auto generation = generation_;
  tell_missing();
  standing_.upto = batch_->upto();
  co_await keep();
  batch_ready_ = generation == generation_ && batch_.has_value();
  co_return batch_ready_;
}

net::Task<> Endpoint::attempt() {
  const auto generation = generation_;
  publish("sending");
  if (!http_) {
    http_ = std::make_shared<HttpPost>(shared_.worker.context(), *shared_.tls, target_.url,
                                       target_.options.plain, shared_.options.answer_bytes);
  }
  const auto body = batch_->body();
  const auto head = headers(batch_->id(), body);
  const auto deadline = net::Deadline::after(target_.options.timeout);
  const auto http = http_;
  auto answer = co_await http->post(head, body, deadline);
  if (generation != generation_) co_return drop_batch();  // replayed, or other settings, meanwhile
  if (!answer) {
    if (answer.error().code == ErrorCode::cancelled) co_return;
    failed(0, answer.error().text, std::nullopt);
  } else if (answer->status >= 200 && answer->status < 300) {
    co_return taken();
  } else {
    std::optional<milliseconds> asked;
    if (answer->retry_after)
      asked = std::min<milliseconds>(*answer->retry_after, shared_.options.retry_after_max);
    failed(answer->status, fmt::format("status {}: {}", answer->status, answer->begin), asked);
  }
  if (standing_.disabled_ms != 0) {
    co_await keep();
    co_return;
  }
  co_await sleep(milliseconds(std::max<std::int64_t>(view().next_ms - to_ms(shared_.clock.now()), 0)));
}

void Endpoint::taken() {
  count(metrics::kWebhookRequests, "taken", 1);
  shared_.shard.cell(metrics::kWebhookEvents, {target_.options.name})
      .add(static_cast<double>(batch_->events()));
  if (failures_ > 0) log::info("webhook_recovered", {{"webhook", target_.options.name}});
  failures_ = 0;
  standing_.after = batch_->upto();
  standing_.upto = 0;
  {
    const std::lock_guard lock(view_mutex_);
    ++view_.batches;
    view_.events += batch_->events();
    view_.error.clear();
    view_.next_ms = 0;
  }
  // The reader stands where the next batch begins; the cursor is written with that batch, or when idle.
  batch_.reset();
  batch_ready_ = false;
}

void Endpoint::failed(int status, const std::string& why, std::optional<milliseconds> asked) {
  count(metrics::kWebhookRequests, "failed", 1);
  const auto now = shared_.clock.now();
  const auto& options = target_.options;
  ++failures_;
  const auto wait = back_off(failures_, options.retry_min, options.retry_max, asked, random_);
  log::warn("webhook_failed",
            {{"webhook", options.name}, {"failures", failures_}, {"reason", why}, {"wait_ms", wait.count()}});
  if (status == kGone) {
    standing_.disabled_ms = to_ms(now);
    standing_.why = "the endpoint answered 410 Gone";
    log::error("webhook_disabled", {{"webhook", options.name}, {"do", "sluice webhook resume"}});
  }
  {
    const std::lock_guard lock(view_mutex_);
    view_.error = why;
    view_.next_ms = status == kGone ? 0 : to_ms(now + wait);
  }
  publish(status == kGone ? "disabled" : "waiting");
}

void Endpoint::save(queue::Done done) {
  queue::Notes notes;
  std::string value;
  standing_.append_to(value);
  kept_ = standing_;
  notes.rows.push_back({std::string(kPrefix) + target_.options.name, std::move(value)});
  kept_at_ = steady_clock::now();
  shared_.queue.keep(std::move(notes), store::Urgency::soon, std::move(done));
}

net::Task<> Endpoint::keep() {
  const bool over = co_await is_over();
  if (over) co_return;
  const auto commit = std::make_shared<Commit>(shared_.worker.context());
  save([commit, &worker = shared_.worker](const Expected<>&) {
    worker.post([commit] {
      commit->over = true;
      commit->timer.cancel();
    });
  });
  co_await commit->timer.async_wait(net::kTuple);
}

/// A cursor that moves over events nobody wants is written now and then.
net::Task<> Endpoint::keep_idle() {
  if (standing_.upto != 0 || !batch_ || batch_->events() > 0) co_return;
  const bool moved = batch_->upto() > standing_.after;
  if (moved) {
    tell_missing();
    standing_.after = batch_->upto();
    batch_.reset();
  }
  if (standing_ == kept_) co_return;
  const bool taken = kept_.upto != 0;  // the batch on disk would go again after a crash
  if (taken || steady_clock::now() - kept_at_ >= shared_.options.idle_keep) co_await keep();
}

net::Task<> Endpoint::sleep(milliseconds time) {
  const bool over = co_await is_over();
  if (std::exchange(nudged_, false) || over) co_return;
  timer_.expires_after(time);
  co_await timer_.async_wait(net::kTuple);
  nudged_ = false;
}

void Endpoint::end() {
  ended_ = nudged_ = true;
  timer_.cancel();
}

void Endpoint::set_target(Target target) {
  if (target.options == target_.options) {
    target_.secrets = std::move(target.secrets);
    return;
  }
  if (target.options.url != target_.options.url) standing_.disabled_ms = 0;  // what is gone was another
  target_ = std::move(target);
  http_.reset();
  ++generation_;
  drop_batch();
  nudged_ = true;
  timer_.cancel();
  publish(standing_.disabled_ms != 0 ? "disabled" : "idle");
}

void Endpoint::replay(std::uint64_t after, queue::Done done) {
  standing_ = {after, 0, standing_.round + 1, 0, {}};
  failures_ = 0;
  ++generation_;
  drop_batch();
  save(std::move(done));
  nudged_ = true;
  timer_.cancel();
  publish("idle");
}

void Endpoint::resume(queue::Done done) {
  standing_.disabled_ms = 0;
  standing_.why.clear();
  failures_ = 0;
  save(std::move(done));
  nudged_ = true;
  timer_.cancel();
  publish("idle");
}

net::Task<TestResult> Endpoint::test() {
  HttpPost http(shared_.worker.context(), *shared_.tls, target_.url, target_.options.plain,
                shared_.options.answer_bytes);
  const auto now = shared_.clock.now();
  const auto body = fmt::format(R"({{"type":"test","timestamp":"{}","data":{{"webhook":"{}"}}}})",
                                to_rfc3339(now), target_.options.name);
  const auto head = headers(fmt::format("test_{}", to_ms(now)), body);
  const auto began = steady_clock::now();
  auto answer = co_await http.post(head, body, net::Deadline::after(target_.options.timeout));
  TestResult out;
  out.took_ms = std::chrono::duration_cast<milliseconds>(steady_clock::now() - began).count();
  if (!answer) out.error = answer.error().text;
  if (answer) out.status = answer->status;
  if (answer) out.begin = answer->begin;
  co_return out;
}

Headers Endpoint::headers(std::string_view id, const std::string& body) const {
  const auto timestamp = std::to_string(to_ms(shared_.clock.now()) / 1000);
  return {{"User-Agent", shared_.options.agent},
          {"Content-Type", "application/json"},
          {"webhook-id", std::string(id)},
          {"webhook-timestamp", timestamp},
          {"webhook-signature", signature_header(target_.secrets, id, timestamp, body)}};
}

void Endpoint::count(const metrics::Family& family, std::string_view result, double n) {
  shared_.shard.cell(family, {target_.options.name, result}).add(n);
}

void Endpoint::publish(std::string state) {
  const std::lock_guard lock(view_mutex_);
  view_.name = target_.options.name;
  view_.url = target_.options.url;
  view_.state = std::move(state);
  view_.after = standing_.after;
  view_.failures = failures_;
  view_.disabled_ms = standing_.disabled_ms;
}

EndpointView Endpoint::view() const {
  const std::lock_guard lock(view_mutex_);
  return view_;
}

}  // namespace sluice::webhook
