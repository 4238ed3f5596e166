#include "engine/inbound/returns.hpp"

#include <atomic>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <charconv>

#include "engine/base/lower_case.hpp"
#include "engine/net/stream.hpp"

namespace sluice::inbound {
namespace {

using feedback::Feedback;
using feedback::Result;
using feedback::ResultClass;
using queue::EventKind;

constexpr std::chrono::milliseconds kLook{2};  ///< a commit under way is looked after so often

int weight(const Result& result) {
  if (result.result == ResultClass::hard) return 2;
  return result.result == ResultClass::soft ? 1 : 0;
}

/// Of a report about several, the one about our recipient; the mildest when none is named as we know him.
const Result* about(const std::string& address, const std::vector<Result>& results) {
  const Result* mildest = nullptr;
  const auto ours = lower_case(address);
  for (const auto& result : results) {
    if (lower_case(result.recipient) == ours || lower_case(result.original_recipient) == ours) return &result;
    if (mildest == nullptr || weight(result) < weight(*mildest)) mildest = &result;
  }
  return mildest;
}

struct Wait {
  std::atomic<int> left{0};
  std::atomic<int> failed{0};  ///< 1 + ErrorCode
};

void note(Wait& wait, const Expected<>& result) {
  if (!result) wait.failed.store(1 + static_cast<int>(result.error().code), std::memory_order_release);
  wait.left.fetch_sub(1, std::memory_order_acq_rel);
}

/// What one caller is telling; not told, when it goes without a word.
class Telling {
 public:
  explicit Telling(Told& told) : told_(told) {}
  Telling(const Telling&) = delete;
  Telling& operator=(const Telling&) = delete;
  ~Telling() { end(false); }

  [[nodiscard]] bool begin(const Told::Key& key) {
    if (!told_.begin(key)) return false;
    keys_.push_back(key);
    return true;
  }
  void end(bool told) {
    for (const auto& key : std::exchange(keys_, {})) told_.end(key, told);
  }

 private:
  Told& told_;
  std::vector<Told::Key> keys_;
};

queue::Event event_of(EventKind kind, const Addressee& to, Instant now) {
  queue::Event out;
  out.kind = kind;
  out.time_ms = to_ms(now);
  out.stream = to.stream->id;
  out.id = to.id;
  out.recipient = to.address();
  out.domain = std::string_view(to.address()).substr(to.address().rfind('@') + 1);
  out.source = to.sent.source;
  return out;
}

void put(Outcome& out, const queue::Event& event) {
  out.what = name_of(event.kind);
  event.append_to(out.events.emplace_back());
}

}  // namespace

std::optional<MessageId> Returns::token_in(const Feedback& report) const {
  const auto now = clock_.now();
  for (const auto& field : report.original.x_fields) {
    if (field.name != "x-return-token") continue;
    if (auto id = keys_.find(field.value, now)) return id;
  }
  const auto& original = report.original;
  for (const auto* text :
       {&original.message_id, &original.return_path, &original.list_unsubscribe, &report.addressed_to}) {
    if (auto id = keys_.find(*text, now)) return id;
  }
  return std::nullopt;
}

Expected<std::optional<Addressee>> Returns::find(const MessageId& id) const {
  auto stream = queue_.streams().find(id.stream());
  if (!stream) return std::nullopt;
  auto sent = sent_.find(id.stream(), id.row());
  if (!sent) return std::unexpected(sent.error());
  if (!*sent || !(*sent)->address.contains('@')) return std::nullopt;
  return Addressee{id, std::move(stream), std::move(**sent)};
}

Outcome Returns::judge(const Addressee& to, const Place& place, const Feedback& report) const {
  Outcome out;
  out.recipient = to.address();
  const auto* result = about(to.address(), report.results);
  if (report.kind == Feedback::Kind::autoreply) out.what = "autoreply";
  if (result == nullptr || report.kind == Feedback::Kind::autoreply) return out;
  if (result->feedback_type == "opt-out") return unsubscribe(to, Reach::list, "mailto");
  const auto text_class = std::string(name_of(result->reason));
  if (report.kind == Feedback::Kind::complaint) {
    if (result->recipient_action() == feedback::RecipientAction::none) return out;
    if (repeated(out, to, EventKind::complaint)) return out;
    auto event = event_of(EventKind::complaint, to, clock_.now());
    event.site = place.site;
    event.provider = place.provider;
    event.event_class = result->feedback_type;
    put(out, event);
    return out;
  }
  if (!result->final()) out.what = "delayed";
  if (!result->final() || weight(*result) == 0) return out;
  if (repeated(out, to, EventKind::returned)) return out;
  auto event = event_of(EventKind::returned, to, clock_.now());
  event.site = place.site;
  event.provider = place.provider;
  event.event_class = text_class;
  event.stage = "bounce";
  event.mx = result->remote_mta;
  event.reply_code = result->reply_code;
  event.reply_enhanced = result->status;
  event.reply_text = result->diagnostic;
  event.detail = name_of(result->result);
  out.bounce_class = text_class;
  put(out, event);
  return out;
}

bool Returns::repeated(Outcome& out, const Addressee& to, EventKind kind) const {
  const Told::Key key{to.id, kind};
  const auto bit = kind == EventKind::complaint ? queue::kToldComplaint : queue::kToldReturned;
  if ((to.sent.told & bit) != 0 || told_.contains(key)) {
    out.what = "repeated";
    return true;
  }
  out.told.push_back(key);
  out.sent.push_back({to.id.stream(), to.id.row(), to.sent});
  out.sent.back().entry.told |= bit;
  return false;
}

Outcome Returns::unsubscribe(const Addressee& to, Reach reach, std::string_view how) const {
  Outcome out;
  out.recipient = to.address();
  auto subject = suppression::Subject::parse(to.address());
  if (!subject) return out;
  suppression::Entry entry;
  entry.reason = suppression::Reason::unsubscribed;
  entry.tenant = to.stream->settings.tenant;
  entry.list_id = reach == Reach::list ? list_of_(*to.stream) : std::string();
  entry.scope = entry.list_id.empty() ? suppression::Scope::tenant : suppression::Scope::list;
  entry.source = how;
  entry.time_ms = to_ms(clock_.now());
  auto event = event_of(EventKind::unsubscribed, to, clock_.now());
  event.stage = how;
  event.event_class = name_of(entry.scope);
  put(out, event);
  out.changes.add.push_back({std::move(*subject), std::move(entry)});
  return out;
}

net::Task<Expected<>> Returns::apply(Outcome outcome, std::chrono::milliseconds timeout) {
  if (outcome.empty()) co_return Expected<>{};
  Telling telling(told_);
  for (const auto& key : outcome.told) {
    if (!telling.begin(key)) co_return fail(ErrorCode::unavailable, "the same report is being written");
  }
  auto written = co_await write(std::move(outcome), timeout);
  telling.end(written.has_value());
  co_return written;
}

net::Task<Expected<>> Returns::write(Outcome outcome, std::chrono::milliseconds timeout) {
  if (!queue_.committer().healthy()) co_return fail(ErrorCode::unavailable, "the store cannot write");
  const auto wait = std::make_shared<Wait>();  // shared: the callbacks may come after the client has gone
  const bool suppresses = !outcome.changes.add.empty();
  wait->left = suppresses ? 2 : 1;
  if (suppresses) {
    book_.submit(std::move(outcome.changes), [wait](const Expected<suppression::ChangeReport>& report) {
      const bool refused = report && (report->full || !report->subjects.empty());
      note(*wait, !report   ? Expected<>(std::unexpected(report.error()))
                  : refused ? Expected<>(fail(ErrorCode::limit, "suppression is full"))
                            : Expected<>());
    });
  }
  queue_.keep({{}, std::move(outcome.events), std::move(outcome.sent)}, store::Urgency::now,
              [wait](const Expected<>& result) { note(*wait, result); });
  const auto executor = co_await boost::asio::this_coro::executor;
  boost::asio::steady_timer timer(executor);
  const auto until = std::chrono::steady_clock::now() + timeout;
  while (wait->left.load(std::memory_order_acquire) > 0) {
    timer.expires_after(kLook);
    const auto [error] = co_await timer.async_wait(net::kTuple);
    if (error) co_return fail(ErrorCode::cancelled, "the service is stopping");
    if (std::chrono::steady_clock::now() > until)
      co_return fail(ErrorCode::timeout, "the disk did not answer in time");
  }
  if (const int failed = wait->failed.load(std::memory_order_acquire); failed != 0)
    co_return fail(static_cast<ErrorCode>(failed - 1), "it could not be written");
  co_return Expected<>{};
}

}  // namespace sluice::inbound
