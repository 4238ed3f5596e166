#include "engine/campaign/expansion.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <condition_variable>
#include <mutex>

#include "engine/message/stored_content.hpp"

namespace sluice::campaign {
namespace {

constexpr unsigned kRunsAhead = 2;  ///< runs submitted and not yet synced

}  // namespace

/// Counts the runs on their way to disk; shared with their callbacks, which may come after the expansion has
/// gone.
class Expansion::Flow {
 public:
  void begin() {
    std::unique_lock lock(state_->mutex);
    state_->changed.wait(lock, [this] { return state_->open < kRunsAhead; });
    ++state_->open;
  }
  [[nodiscard]] queue::Done done() {
    return [state = state_](const Expected<>& result) {
      const std::lock_guard lock(state->mutex);
      --state->open;
      if (!result) state->failed = true;
      state->changed.notify_all();
    };
  }
  /// False when a run could not be committed (the store is closing).
  [[nodiscard]] bool wait_for_all() {
    std::unique_lock lock(state_->mutex);
    state_->changed.wait(lock, [this] { return state_->open == 0; });
    return !state_->failed;
  }

 private:
  struct State {
    std::mutex mutex;
    std::condition_variable changed;
    unsigned open = 0;
    bool failed = false;
  };
  std::shared_ptr<State> state_ = std::make_shared<State>();
};

Expansion::Expansion(queue::Queue& queue, const Clock& clock, queue::StreamPtr stream, Acceptance acceptance,
                     ExpansionOptions options, suppression::Book* suppressed)
    : queue_(queue),
      clock_(clock),
      stream_(std::move(stream)),
      acceptance_(std::move(acceptance)),
      options_(std::move(options)),
      dedup_({options_.dedup_memory_bytes, options_.work_folder},
             [this](const Dedup::Visit& visit) { return read_addresses(visit); }),
      mapper_(acceptance_.layout, acceptance_.list_kind.format),
      suppressed_(suppressed),
      flow_(std::make_unique<Flow>()) {}

Expansion::~Expansion() = default;

bool Expansion::wanted() const {
  return stream_->state() == queue::StreamState::running || stream_->state() == queue::StreamState::paused;
}

Expected<RecipientReader> Expansion::open_list() const {
  const Descriptor folder(::open(options_.lists_folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (folder.get() < 0) return fail(ErrorCode::io, "opening " + options_.lists_folder);
  auto file = open_kept(folder.get(), acceptance_.kept_name, acceptance_.fingerprint);
  if (!file) return std::unexpected(file.error());
  auto reader =
      RecipientReader::open(acceptance_.list_name, std::move(*file), acceptance_.list_kind, options_.list);
  if (!reader) return fail(ErrorCode::invalid_input, reader.error().to_text());
  return std::move(*reader);
}

Expected<> Expansion::read_addresses(const Dedup::Visit& visit) const {
  auto reader = open_list();
  if (!reader) return std::unexpected(reader.error());
  RowMapper mapper(acceptance_.layout, acceptance_.list_kind.format);
  MappedRow mapped;
  RowBatch batch;
  for (;;) {
    if (auto read = reader->next(batch); !read) return read;
    if (batch.rows.empty()) return {};
    for (const auto& row : batch.rows) {
      if (!row.accepted() || !mapper.map_key(batch, row, reader->columns(), mapped)) continue;
      if (!visit(row.number, mapped.key)) return {};
    }
  }
}

ExpansionResult Expansion::run(const std::atomic<bool>& stop) {
  const auto bytes = queue_.checkpoint(stream_->id);
  if (!bytes) return {ExpansionEnd::stopped, bytes.error().text};
  auto progress = Progress::decode(*bytes);
  if (!progress) return {ExpansionEnd::unreadable, "the checkpoint does not decode"};
  if (!progress->failure.empty()) return {ExpansionEnd::unreadable, progress->failure};
  if (progress->complete) return {};
  if (auto learnt = learn_audience(); !learnt) return {ExpansionEnd::stopped, learnt.error().text};
  auto reader = open_list();
  if (!reader) return {ExpansionEnd::changed, reader.error().text};
  auto result = expand(*reader, *progress, stop);
  if (!result && store_failed_) {
    static_cast<void>(flow_->wait_for_all());
    return {ExpansionEnd::stopped, result.error().text};
  }
  if (!result) {
    progress->failure = result.error().text;
    submit_run(*progress);
  }
  if (!flow_->wait_for_all()) return {ExpansionEnd::stopped, "the store is closing"};
  if (!result) return {ExpansionEnd::unreadable, result.error().text};
  return {progress->complete ? ExpansionEnd::complete : ExpansionEnd::stopped, {}};
}

Expected<> Expansion::expand(RecipientReader& reader, Progress& progress, const std::atomic<bool>& stop) {
  if (progress.row > 0) {
    if (auto skipped = reader.skip_through(progress.row); !skipped) return skipped;
    if (auto resumed = dedup_.resume(progress.row + 1); !resumed) return resumed;
  }
  begin_run();
  RowBatch batch;
  while (!stop.load(std::memory_order_relaxed) && wanted()) {
    if (auto read = reader.next(batch); !read) return read;
    if (batch.rows.empty()) {
      progress.complete = true;
      submit_run(progress);
      return {};
    }
    for (const auto& row : batch.rows) {
      if (auto added = add_row(batch, row, reader); !added) return added;
      progress.row = row.number;
      if (run_->size() < options_.run_rows && run_->bytes() < options_.run_bytes) continue;
      submit_run(progress);
      begin_run();
    }
  }
  submit_run(progress);
  return {};
}

Expected<> Expansion::add_row(const RowBatch& batch, const ListRow& row, const RecipientReader& reader) {
  if (!row.accepted() || !mapper_.map(batch, row, reader.columns(), mapped_)) {
    run_->add_rejected(1);
    return {};
  }
  const auto why = why_suppressed(row);
  if (!why) return std::unexpected(why.error());
  if (run_count_++ == 0) first_row_ = row.number;
  last_row_ = row.number;
  if (!why->empty()) {
    run_->add_suppressed(suppressed_event(mapped_, row.number, *why));
    return {};
  }
  payload_.clear();
  message::append_payload(payload_, {mapped_.name, mapped_.fields});
  run_->add(row.number, mapped_.address.domain(), mapped_.address.local(), run_ms_, payload_);
  return {};
}

Expected<std::string_view> Expansion::why_suppressed(const ListRow& row) {
  auto duplicate = dedup_.is_duplicate(row.number, mapped_.key);
  if (!duplicate) return std::unexpected(duplicate.error());
  if (*duplicate) return "duplicate";
  if (suppressed_ == nullptr) return "";
  const auto verdict = suppressed_->probe(mapped_.key, audience_, from_ms(run_ms_));
  if (!verdict) {
    store_failed_ = true;
    return std::unexpected(verdict.error());
  }
  return *verdict ? (*verdict)->event_reason() : "";
}

Expected<> Expansion::learn_audience() {
  if (suppressed_ == nullptr) return {};
  auto bytes = queue_.content(stream_->id, "source");
  if (!bytes) return std::unexpected(bytes.error());
  const auto parts = message::decode_campaign(bytes->value_or(""));
  if (!parts) return std::unexpected(parts.error());
  const auto& settings = stream_->settings;
  audience_ = {settings.tenant, parts->source.list_id,
               settings.stream_class == queue::StreamClass::transactional};
  meta_ = message::MetaColumns(parts->meta, parts->source.layout);
  return {};
}

void Expansion::begin_run() {
  if (suppressed_ != nullptr) ticket_ = suppressed_->begin_check();
  run_ = std::make_unique<queue::Injection>(stream_);
  run_ms_ = to_ms(clock_.now());
  run_count_ = 0;
}

void Expansion::submit_run(const Progress& progress) {
  if (!run_) begin_run();
  if (run_count_ > 0) run_->add_event(injected_event());
  run_->set_checkpoint(progress.encode());
  run_->seal();
  flow_->begin();
  queue_.inject(
      std::move(run_), store::Urgency::now,
      [done = flow_->done(), ticket = std::move(ticket_)](const Expected<>& result) { done(result); });
}

std::string Expansion::injected_event() const {
  queue::Event event;
  event.kind = queue::EventKind::injected;
  event.time_ms = run_ms_;
  event.stream = stream_->id;
  event.count = run_count_;
  event.first_row = first_row_;
  event.last_row = last_row_;
  std::string out;
  event.append_to(out);
  return out;
}

std::string Expansion::suppressed_event(const MappedRow& row, std::uint64_t number,
                                        std::string_view reason) const {
  queue::Event event;
  event.kind = queue::EventKind::suppressed;
  event.time_ms = run_ms_;
  event.stream = stream_->id;
  event.id = MessageId::make(from_ms(run_ms_), queue_.options().node, stream_->id, number);
  event.recipient = row.address.text();
  event.domain = row.address.domain();
  event.event_class = reason;
  const auto meta = meta_.json(row.fields);
  event.meta = meta;
  std::string out;
  event.append_to(out);
  return out;
}

}  // namespace sluice::campaign
