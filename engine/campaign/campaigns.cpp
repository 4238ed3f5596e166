#include "engine/campaign/campaigns.hpp"

#include <fcntl.h>
#include <poll.h>

#include <algorithm>
#include <filesystem>

#include "engine/base/log.hpp"
#include "engine/campaign/done_expiry.hpp"
#include "engine/store/folder.hpp"

namespace sluice::campaign {
namespace {

constexpr std::chrono::seconds kTryAgain{
    10};  ///< a directory that could not be taken is looked at again after this
constexpr std::size_t kTakenATick = 16;
constexpr std::size_t kSweptATick =
    20'000;  ///< `cancelled` finals written between two turns of the control loop

std::string lists_folder(const CampaignsOptions& options) { return options.data_dir + "/lists"; }
std::string work_folder(const CampaignsOptions& options) { return options.data_dir + "/work"; }

constexpr std::chrono::seconds kLookAtDone{60};  ///< between two looks for directories beyond their time
constexpr std::chrono::seconds kCloseAgain{10};  ///< after results could not be written

bool over(const queue::Stream& stream) { return stream.state() >= queue::StreamState::cancelled; }

}  // namespace

Campaigns::Campaigns(queue::Queue& queue, const queue::EventLog& log, const Clock& clock,
                     CampaignsOptions options, FromCheck from_check, ContentCheck content_check,
                     shaping::Canary& canary, Spool spool)
    : queue_(queue),
      log_(log),
      clock_(clock),
      options_(std::move(options)),
      from_check_(std::move(from_check)),
      content_check_(std::move(content_check)),
      canary_(canary),
      spool_(std::move(spool)),
      times_([this](const queue::StreamPtr& stream) { queue_.feeder().stream_changed(stream); }) {}

Campaigns::~Campaigns() { stop(); }

Expected<std::unique_ptr<Campaigns>> Campaigns::open(queue::Queue& queue, const queue::EventLog& log,
                                                     const Clock& clock, CampaignsOptions options,
                                                     FromCheck from_check, ContentCheck content_check,
                                                     shaping::Canary& canary, suppression::Book* suppressed) {
  for (const auto& folder : {lists_folder(options), work_folder(options)}) {
    if (auto made = store::make_folder(folder); !made) return std::unexpected(made.error());
  }
  auto spool = Spool::open(options.spool);
  if (!spool) return std::unexpected(spool.error());
  auto out =
      std::unique_ptr<Campaigns>(new Campaigns(queue, log, clock, std::move(options), std::move(from_check),
                                               std::move(content_check), canary, std::move(*spool)));
  out->suppressed_ = suppressed;
  if (auto loaded = out->load(); !loaded) return std::unexpected(loaded.error());
  auto watcher = SpoolWatcher::open(out->spool_, out->options_.watcher, clock.now());
  if (!watcher) return std::unexpected(watcher.error());
  out->watcher_ = std::make_unique<SpoolWatcher>(std::move(*watcher));
  return out;
}

/// The campaigns a restart finds: their directories are moved on where a crash came between, their lists read
/// on.
Expected<> Campaigns::load() {
  for (const auto& stream : queue_.streams().all()) {
    if (stream->settings.kind != queue::StreamKind::campaign) continue;
    auto acceptance = Acceptance::decode(stream->settings.spec);
    if (!acceptance) {
      log::error("campaign_damaged", {{"campaign", stream->settings.name}});
      continue;
    }
    Entry entry;
    entry.stream = stream;
    entry.acceptance = std::move(*acceptance);
    const auto bytes = queue_.checkpoint(stream->id);
    if (!bytes) return std::unexpected(bytes.error());
    const auto progress = Progress::decode(*bytes);
    entry.expanded = progress && (progress->complete || !progress->failure.empty());
    entry.failed = progress && !progress->failure.empty();
    if (progress) entry.note = progress->failure;
    if (!over(*stream)) {
      times_.add(stream, entry.acceptance, clock_.now());
      canary_.begin(stream->id, entry.acceptance.canary);
      auto& at = entry.acceptance;
      auto active = spool_.finish_acceptance(at.incoming_name, at.active_name, at.identity);
      if (active) at.active_name = *active;
    }
    entries_.emplace(stream->id, std::move(entry));
  }
  return {};
}

void Campaigns::tick(Instant now) {
  times_.tick(now);
  take_incoming(now);
  look_at_canaries(now);
  start_expansions();
  for (auto& [id, entry] : entries_) {
    collect(entry);
    sweep(entry);
    close_finished(entry);
  }
  const auto steady = std::chrono::steady_clock::now();
  if (options_.done_keep.count() == 0 || steady < look_at_done_) return;
  look_at_done_ = steady + kLookAtDone;
  expire_done(spool_.path(Place::done), options_.done_keep, std::filesystem::file_time_type::clock::now());
}

void Campaigns::take_incoming(Instant now) {
  if (auto looked = watcher_->process(now); !looked) {
    log::warn("spool_unreadable", {{"reason", looked.error().text}});
  }
  const auto active = std::count_if(entries_.begin(), entries_.end(),
                                    [](const auto& entry) { return !over(*entry.second.stream); });
  for (std::size_t taken = 0; taken < kTakenATick && queue_.disk().may_accept(); ++taken) {
    if (static_cast<std::size_t>(active) + taken >= options_.active) return;
    const auto name = watcher_->take();
    if (!name) return;
    const auto intake =
        take_in(spool_, *name, options_.limits, [this](Offer& offer) { return accept(offer); });
    switch (intake.kind) {
      case Intake::Kind::accepted:
        accepted_->acceptance.active_name = intake.name;
        log::info("campaign_accepted",
                  {{"campaign", accepted_->stream->settings.name}, {"directory", intake.name}});
        break;
      case Intake::Kind::rejected:
        log::warn("campaign_rejected",
                  {{"directory", *name}, {"moved_to", intake.name}, {"reason", intake.text}});
        break;
      case Intake::Kind::later:
        log::warn("campaign_waits", {{"directory", *name}, {"reason", intake.text}});
        watcher_->put_back(*name, now + kTryAgain);
        break;
      case Intake::Kind::gone:
        break;
    }
    if (accepted_) {
      const auto id = accepted_->stream->id;
      entries_.emplace(id, std::move(*accepted_));
      accepted_.reset();
    }
  }
}

Answer Campaigns::accept(Offer& offer) {
  const auto& spec = offer.campaign.spec;
  if (!queue_.committer().healthy()) return {Answer::Kind::later, "the store cannot write now", {}};
  if (const auto earlier = queue_.streams().find(spec.tenant, spec.id)) {
    const auto accepted = from_ms(earlier->settings.created_ms);
    if (clock_.now() - accepted < options_.remember_ids) {
      return {Answer::Kind::refused,
              "the id \"" + spec.id + "\" was accepted on " + to_rfc3339(accepted) + " and is " +
                  queue::name_of(earlier->state()) + "; a new campaign needs a new id",
              "id"};
    }
  }
  if (auto why = from_check_(spec.tenant, std::string(spec.from.address.domain()))) {
    return {Answer::Kind::refused, *why, "from"};
  }
  auto parts = campaign_parts(offer.campaign, options_.addresses);
  if (auto compiled = content_check_(parts); !compiled)
    return {Answer::Kind::refused, compiled.error().text, {}};
  return keep(offer, std::move(parts));
}

Answer Campaigns::keep(Offer& offer, message::CampaignParts parts) {
  const auto& spec = offer.campaign.spec;
  Entry entry;
  auto& acceptance = entry.acceptance;
  acceptance.incoming_name = offer.incoming_name;
  acceptance.active_name = offer.active_name;
  acceptance.identity = offer.identity;
  acceptance.list_name = spec.recipients;
  acceptance.kept_name = spec.tenant + "." + spec.id + "." + std::to_string(to_ms(clock_.now()));
  acceptance.list_kind = offer.campaign.list_kind;
  acceptance.layout = offer.campaign.layout;
  acceptance.subject = spec.subject;
  acceptance.from = parts.source.from;
  acceptance.first_seq = queue_.ledger().committed_seq() + 1;
  acceptance.windows = spec.windows;
  acceptance.zone_name = spec.time_zone.zone.name();
  acceptance.zone_column = spec.time_zone.column;
  acceptance.canary = spec.canary;
  const Descriptor folder(::open(lists_folder(options_).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  auto kept = keep_list(offer.campaign.list.file.get(), folder.get(), acceptance.kept_name);
  if (!kept) return {Answer::Kind::later, kept.error().text, {}};
  acceptance.fingerprint = kept->fingerprint;
  queue::StreamSettings settings;
  settings.stream_class = spec.mail_class == MailClass::commercial ? queue::StreamClass::commercial
                                                                   : queue::StreamClass::transactional;
  settings.tenant = spec.tenant;
  settings.name = spec.id;
  settings.pool = spec.pool;
  settings.priority = static_cast<std::uint8_t>(spec.priority);
  settings.expire =
      spec.expire ? std::chrono::duration_cast<std::chrono::seconds>(*spec.expire) : options_.expire;
  settings.created_ms = to_ms(clock_.now());
  settings.start_ms = spec.start ? to_ms(*spec.start) : 0;
  if (spec.rate) settings.rate = spec.rate->text();
  settings.spec = acceptance.encode();
  auto stream = queue_.create_stream(std::move(settings), {{"source", message::encode_campaign(parts)}});
  if (!stream) return {Answer::Kind::later, stream.error().text, {}};
  entry.stream = *stream;
  times_.add(*stream, acceptance, clock_.now());
  canary_.begin((*stream)->id, acceptance.canary);
  accepted_ = std::move(entry);
  return {Answer::Kind::accepted, {}, {}};
}

void Campaigns::look_at_canaries(Instant now) {
  for (const auto& news : canary_.tick(now)) {
    if (news.tripped) {
      hold(news.stream, news.text);
      continue;
    }
    const auto found = entries_.find(news.stream);
    if (found == entries_.end()) continue;
    log::info("canary_passed", {{"campaign", found->second.stream->settings.name}, {"provider", news.text}});
    queue_.feeder().stream_changed(found->second.stream);
  }
}

void Campaigns::hold(StreamId campaign, const std::string& reason) {
  const auto found = entries_.find(campaign);
  if (found == entries_.end() || found->second.stream->state() != queue::StreamState::running) return;
  auto& entry = found->second;
  if (auto held = queue_.set_state(entry.stream, queue::StreamState::paused, reason); !held) {
    log::error("campaign_not_paused", {{"reason", held.error().text}});
    return;
  }
  entry.hold_reason = reason;
  log::error("campaign_held", {{"campaign", entry.stream->settings.name}, {"reason", reason}});
}

void Campaigns::resumed(StreamId campaign) {
  canary_.end(campaign);
  if (const auto found = entries_.find(campaign); found != entries_.end()) found->second.hold_reason.clear();
}

std::size_t Campaigns::expanding() const {
  return static_cast<std::size_t>(std::count_if(
      entries_.begin(), entries_.end(), [](const auto& entry) { return entry.second.running != nullptr; }));
}

/// A list that is being read stops at its next checkpoint while the disk has no room for what it makes.
void Campaigns::start_expansions() {
  const bool room = queue_.disk().may_accept();
  for (auto& [id, entry] : entries_) {
    if (!room && entry.running) entry.running->stop = true;
  }
  if (!room) return;
  for (auto& [id, entry] : entries_) {
    if (expanding() >= options_.expanding) return;
    if (entry.expanded || entry.running || !entry.note.empty()) continue;
    if (entry.stream->state() >= queue::StreamState::cancelling) continue;
    entry.running = std::make_unique<Running>();
    ExpansionOptions expansion;
    expansion.lists_folder = lists_folder(options_);
    expansion.work_folder = work_folder(options_);
    expansion.dedup_memory_bytes = options_.dedup_memory_bytes;
    expansion.list = options_.limits.list;
    std::packaged_task<ExpansionResult()> task(
        [this, &running = *entry.running, stream = entry.stream, acceptance = entry.acceptance, expansion] {
          Expansion work(queue_, clock_, stream, acceptance, expansion, suppressed_);
          return work.run(running.stop);
        });
    entry.running->result = task.get_future();
    entry.running->thread = std::thread(std::move(task));
  }
}

void Campaigns::collect(Entry& entry) {
  if (!entry.running || entry.running->result.wait_for(std::chrono::seconds(0)) != std::future_status::ready)
    return;
  const auto result = entry.running->result.get();
  entry.running->thread.join();
  entry.running.reset();
  switch (result.end) {
    case ExpansionEnd::complete:
      entry.expanded = true;
      break;
    case ExpansionEnd::stopped:
      break;
    case ExpansionEnd::unreadable:
      entry.expanded = entry.failed = true;
      entry.note = result.why;
      log::error("list_unreadable", {{"campaign", entry.stream->settings.name}, {"reason", result.why}});
      break;
    case ExpansionEnd::changed:
      entry.note = result.why;
      log::error("campaign_held", {{"campaign", entry.stream->settings.name}, {"reason", result.why}});
      if (auto held = queue_.set_state(entry.stream, queue::StreamState::paused, result.why); !held) {
        log::error("campaign_not_paused", {{"reason", held.error().text}});
      }
      break;
  }
}

void Campaigns::sweep(Entry& entry) {
  if (entry.stream->state() != queue::StreamState::cancelling || entry.running) return;
  auto swept = queue_.sweep_cancelled(entry.stream, kSweptATick);
  if (!swept) log::error("cancel_sweep_failed", {{"reason", swept.error().text}});
}

/// Every recipient is final and every event in a file: results are written, the directory moves, the stream
/// is done.
void Campaigns::close_finished(Entry& entry) {
  if (entry.closing.valid()) {
    if (entry.closing.wait_for(std::chrono::seconds(0)) != std::future_status::ready) return;
    if (auto written = entry.closing.get(); !written) {
      log::error("report_failed",
                 {{"campaign", entry.stream->settings.name}, {"reason", written.error().text}});
      const bool there = spool_.exists(Place::active, entry.acceptance.active_name);
      if (there && written.error().code == ErrorCode::io) {  // no room, most likely: later
        entry.close_again = std::chrono::steady_clock::now() + kCloseAgain;
        return;
      }
    }
    canary_.end(entry.stream->id);
    const auto to = entry.failed ? Place::failed : Place::done;
    auto moved = spool_.move(Place::active, entry.acceptance.active_name, to, entry.acceptance.active_name);
    if (!moved) log::warn("campaign_not_moved", {{"reason", moved.error().text}});
    std::error_code error;
    std::filesystem::remove(lists_folder(options_) + "/" + entry.acceptance.kept_name, error);
    if (entry.stream->state() == queue::StreamState::running ||
        entry.stream->state() == queue::StreamState::paused) {
      if (auto done = queue_.set_state(entry.stream, queue::StreamState::done, "every recipient is final");
          !done) {
        log::error("campaign_not_closed", {{"reason", done.error().text}});
      }
    }
    log::info("campaign_done", {{"campaign", entry.stream->settings.name}});
    return;
  }
  const bool drained = entry.stream->state() == queue::StreamState::running && entry.expanded &&
                       !entry.running && queue_.counters(entry.stream->id).queued() == 0;
  const bool cancelled = entry.stream->state() == queue::StreamState::cancelled &&
                         spool_.exists(Place::active, entry.acceptance.active_name);
  if ((!drained && !cancelled) || std::chrono::steady_clock::now() < entry.close_again) return;
  if (log_.exported() < queue_.ledger().committed_seq()) return;
  entry.closing = std::async(std::launch::async, [this, &entry] { return write_results(entry); });
}

void Campaigns::stop() {
  if (reporter_.joinable()) reporter_.join();
  for (auto& [id, entry] : entries_) {
    if (entry.running) entry.running->stop = true;
  }
  for (auto& [id, entry] : entries_) {
    if (entry.running) entry.running->thread.join();
    entry.running.reset();
    if (entry.closing.valid()) entry.closing.wait();
  }
}

std::vector<CampaignView> Campaigns::all() const {
  std::vector<CampaignView> out;
  for (auto at = entries_.rbegin(); at != entries_.rend(); ++at) {
    const auto& entry = at->second;
    const bool waits = entry.note.empty() && !entry.expanded && !over(*entry.stream);
    auto note = waits ? queue_.disk().why() : entry.note;
    if (note.empty() && entry.stream->state() == queue::StreamState::paused) note = entry.hold_reason;
    out.push_back({entry.stream, entry.acceptance, entry.expanded, std::move(note)});
  }
  return out;
}

std::optional<CampaignView> Campaigns::find(std::string_view name) const {
  for (auto& view : all()) {
    const auto& settings = view.stream->settings;
    if (settings.name == name || settings.tenant + "/" + settings.name == name) return view;
  }
  return std::nullopt;
}

}  // namespace sluice::campaign
