#include "engine/delivery/reporter.hpp"

#include <fmt/format.h>
#include <pthread.h>

#include <condition_variable>

#include "engine/base/log.hpp"
#include "engine/delivery/raw_content.hpp"
#include "engine/delivery/report_status.hpp"
#include "engine/message/header_field.hpp"
#include "engine/smtp/server_parameters.hpp"
#include "metrics/catalog.hpp"

namespace sluice::delivery {
namespace {

using message::DeliveryReport;

/// As the door takes senders.
constexpr message::AddressOptions kSenderForm{.trim = false, .address_literal = true, .single_label = true};

DeliveryReport::Action action_of(queue::EventKind kind) {
  if (kind == queue::EventKind::delivered) return DeliveryReport::Action::relayed;
  return kind == queue::EventKind::deferred ? DeliveryReport::Action::delayed
                                            : DeliveryReport::Action::failed;
}

std::string_view kind_of_report(queue::EventKind kind) {
  if (kind == queue::EventKind::delivered) return "relayed";
  return kind == queue::EventKind::deferred ? "delayed" : "failed";
}

}  // namespace

/// Debts under way. Shared with their callbacks, which may come after stop().
struct Reporter::Page {
  std::mutex mutex;
  std::condition_variable changed;
  std::size_t open = 0;
  std::size_t paid = 0;
  std::optional<Error> failed;

  void began() {
    const std::lock_guard lock(mutex);
    ++open;
  }
  /// Whether it went well.
  bool ended(const Expected<>& result) {
    const std::lock_guard lock(mutex);
    --open;
    if (result) ++paid;
    if (!result && !failed) failed = result.error();
    changed.notify_all();
    return result.has_value();
  }
};

Reporter::Reporter(ReporterOptions options, queue::Queue& queue, Flows& flows,
                   const store::Segments& segments, metrics::Shard& shard)
    : options_(std::move(options)), queue_(queue), flows_(flows), segments_(segments), shard_(shard) {}

Reporter::~Reporter() { stop(); }

void Reporter::start() {
  thread_ = std::thread([this] {
    pthread_setname_np(pthread_self(), "reporter");
    run();
  });
}

void Reporter::stop() {
  stopping_.store(true, std::memory_order_release);
  if (thread_.joinable()) thread_.join();
}

void Reporter::run() {
  bool failing = false;
  while (!stopping_.load(std::memory_order_acquire)) {
    const auto done = round();
    if (!done && !failing) log::warn("reports_wait", {{"reason", done.error().text}});
    if (done && failing) log::info("reports_go_on");
    failing = !done;
    const auto until = std::chrono::steady_clock::now() + (failing ? options_.again : options_.look);
    while (!stopping_.load(std::memory_order_acquire) && (!done || *done == 0) &&
           std::chrono::steady_clock::now() < until) {
      std::this_thread::sleep_for(options_.look);
    }
  }
}

Expected<std::size_t> Reporter::round() {
  const auto newest = queue_.ledger().last_owed();  // before the read: what is committed later waits
  if (newest <= paid_to_) return 0;
  std::vector<std::uint64_t> damaged;
  auto debts = queue::read_debts(queue_.database(), paid_to_, options_.page, damaged);
  if (!debts) return std::unexpected(debts.error());
  for (const auto seq : damaged) log::error("report_damaged", {{"seq", seq}});
  const auto reached = debts->empty() ? newest : debts->back().seq;
  const auto page = std::make_shared<Page>();  // shared: see there
  for (const auto& debt : *debts) {
    if (!pay(debt, page)) break;
  }
  // What was submitted is waited for, whatever became of the rest: a debt must not be looked at again while
  // its payment is under way.
  std::unique_lock lock(page->mutex);
  while (page->open > 0 && !stopping_.load(std::memory_order_acquire))
    page->changed.wait_for(lock, options_.look);
  if (page->open > 0) return fail(ErrorCode::cancelled, "stopping");
  if (page->failed) return std::unexpected(*page->failed);
  paid_to_ = reached;
  return page->paid;
}

/// False: the page ends here, for now.
bool Reporter::pay(const queue::Debt& debt, const std::shared_ptr<Page>& page) {
  page->began();
  auto report = compose(debt);
  const auto code = report ? ErrorCode::internal : report.error().code;
  if (code == ErrorCode::invalid_input || code == ErrorCode::corrupt)
    return page->ended(forgive(debt, report.error()));
  if (!report) return page->ended(std::unexpected(report.error()));
  const auto stream = queue_.streams().find(queue::RecordKey::decode(debt.key)->stream);
  auto flow = flows_.get(stream ? stream->settings.tenant : "default");
  if (!flow) return page->ended(std::unexpected(flow.error()));
  auto taken = (*flow)->submit(std::move(*report), [page](const Expected<MessageId>& id) {
    (void)page->ended(id ? Expected<>{} : std::unexpected(id.error()));
  });
  if (!taken) return page->ended(taken);
  count(kind_of_report(queue::Event::decode(debt.event)->kind));
  return true;
}

Expected<> Reporter::forgive(const queue::Debt& debt, const Error& why) {
  log::warn("report_dropped", {{"seq", debt.seq}, {"reason", why.text}});
  count("dropped");
  return queue_.forgive(debt);
}

void Reporter::count(std::string_view what) { shard_.cell(metrics::kReports, {what}).add(1); }

Expected<RawMessage> Reporter::compose(const queue::Debt& debt) const {
  const auto event = queue::Event::decode(debt.event);
  const auto key = queue::RecordKey::decode(debt.key);
  const auto value = queue::RecordValue::decode(debt.value);
  const auto payload = value ? RawPayload::decode(value->payload) : std::nullopt;
  if (!event || !key || !payload) return fail(ErrorCode::corrupt, "what is owed does not decode");
  auto sender = message::parse_address(payload->sender, kSenderForm);
  if (!sender) return fail(ErrorCode::invalid_input, "the sender: " + sender.error().text);
  DeliveryReport report;
  report.action = action_of(event->kind);
  report.host = options_.host;
  report.from = options_.from.empty() ? "MAILER-DAEMON@" + options_.host : options_.from;
  report.to = payload->sender;
  report.recipient = event->recipient;
  report.status = report_status(*event);
  report.arrived = from_ms(value->accepted_ms);
  report.attempted = from_ms(event->time_ms);
  if (const auto stream = queue_.streams().find(key->stream))
    report.until = from_ms(stream->expires_ms(value->accepted_ms));
  report.remote = event->mx;
  if (event->reply_code != 0) {
    report.reply = fmt::format("{} {}{}{}", event->reply_code, event->reply_enhanced,
                               event->reply_enhanced.empty() ? "" : " ", event->reply_text);
  }
  report.reason = event->detail.empty() ? event->event_class : event->detail;
  report.envid = payload->dsn.envid;
  report.orcpt_type = payload->dsn.orcpt_type;
  report.orcpt = payload->dsn.orcpt;
  const auto original = raw_message(*value, *payload, segments_);
  if (!original && event->kind != queue::EventKind::deferred && original.error().code == ErrorCode::io)
    return std::unexpected(original.error());
  // Delivered meanwhile, or damaged: the report says so much without it.
  if (original) report.original = *original;
  report.header_bytes = original ? payload->header_bytes : 0;
  const bool full = static_cast<smtp::Return>(payload->dsn.ret) == smtp::Return::full;
  report.whole = full && report.action == DeliveryReport::Action::failed &&
                 report.original.size() <= options_.whole_bytes;
  report.utf8 = payload->smtp_utf8;
  auto text = message::build_report(report);
  RawMessage out;
  out.recipients.push_back({std::move(*sender), {}});
  out.eight_bit = text.eight_bit;
  out.smtp_utf8 = payload->smtp_utf8 && text.eight_bit;
  out.from_domain = report.from.substr(report.from.find('@') + 1);
  out.content_header_bytes = text.header_bytes;
  out.content = std::move(text.content);
  out.stage = "report";
  out.about =
      fmt::format("{} report of {}", kind_of_report(event->kind), event->id ? event->id->text() : "?");
  out.pays = debt;
  out.fields = [host = options_.host](const MessageId& id, Instant at) {
    std::string fields = "Date: ";
    message::append_date(fields, at);
    return fields + "\r\nMessage-ID: <" + id.text() + "@" + host + ">\r\n";
  };
  return out;
}

}  // namespace sluice::delivery
