#include "engine/suppression/book.hpp"

#include <filesystem>
#include <future>

#include "engine/base/log.hpp"
#include "engine/suppression/filter_file.hpp"
#include "engine/suppression/rows.hpp"
#include "queue/families.hpp"

namespace sluice::suppression {
namespace {

/// A file that does not fit this store may fit what the store becomes, though it lacks rows: it must go.
void forget_file(const std::string& path) {
  std::error_code error;
  std::filesystem::remove(path, error);
  log::info("suppression_filter_not_loaded", {{"reason", path + " is of another time of this store"}});
}

}  // namespace

class Book::Work final : public store::Work {
 public:
  Work(Book& book, Changes changes, Done done)
      : book_(book), changes_(std::move(changes)), done_(std::move(done)) {}

  void apply(store::Batch& batch) override { book_.apply(batch, changes_, report_); }
  void done(const Expected<>& result) override {
    book_.on_committed();
    if (!done_) return;
    if (!result) return done_(std::unexpected(result.error()));
    done_(std::move(report_));
  }

 private:
  Book& book_;
  const Changes changes_;
  const Done done_;
  ChangeReport report_;
};

Book::Book(queue::Queue& queue, const Clock& clock, Options options, Lookup lookup)
    : queue_(queue),
      clock_(clock),
      options_(std::move(options)),
      lookup_(std::move(lookup)),
      delta_(options_.max_delta) {}

Book::~Book() = default;

Expected<std::unique_ptr<Book>> Book::open(queue::Queue& queue, const Clock& clock, Options options) {
  auto& database = queue.database();
  auto lookup = Lookup::open(database);
  if (!lookup && lookup.error().code == ErrorCode::not_found) {
    const auto key = HashKey::random();
    auto batch = database.make_batch();
    batch.put(queue::kSuppression, kKeyRow, hash_bytes({key.k0, key.k1}));
    // What happened before there was a book is nobody's to deal with.
    batch.put(queue::kSuppression, kCursorRow, number_bytes(queue.ledger().committed_seq()));
    if (auto written = database.write_synced(batch); !written) return std::unexpected(written.error());
    lookup = Lookup(database, key);
  }
  if (!lookup) return std::unexpected(lookup.error());
  auto out = std::unique_ptr<Book>(new Book(queue, clock, std::move(options), std::move(*lookup)));
  if (auto loaded = out->load(); !loaded) return std::unexpected(loaded.error());
  return out;
}

Expected<> Book::load() {
  const auto& database = queue_.database();
  const auto number = [&](std::string_view row) -> Expected<std::uint64_t> {
    auto bytes = database.get(queue::kSuppression, row);
    if (!bytes) return std::unexpected(bytes.error());
    return *bytes && (*bytes)->size() == 8 ? get_be<8>((*bytes)->data()) : 0;
  };
  auto counts = lookup_.counts();
  if (!counts) return std::unexpected(counts.error());
  counts_ = told_counts_ = *counts;
  const auto cursor = number(kCursorRow);
  const auto epoch = number(kEpochRow);
  const auto swept = number(kSweptRow);
  const auto owed = database.get(queue::kSuppression, kOwedRow);
  for (const auto* read : {&cursor, &epoch, &swept}) {
    if (!*read) return std::unexpected(read->error());
  }
  if (!owed) return std::unexpected(owed.error());
  // A store that was put back knows fewer events than the feed had dealt with.
  cursor_ = std::min(*cursor, queue_.ledger().committed_seq());
  epoch_ = *epoch;
  swept_ = old_upto_ = *swept;
  owed_ = owed->has_value();
  const auto audit = lookup_.audit(0, 1);
  if (!audit) return std::unexpected(audit.error());
  if (!audit->empty()) next_audit_ = audit->front().first + 1;
  load_filter();
  if (auto soft = load_soft_rows(); !soft) return soft;
  return load_log();
}

void Book::load_filter() {
  if (counts_.subjects == 0) {
    filter_owner_ = std::make_unique<Filter>(options_.filter_room);
    filter_.store(filter_owner_.get(), std::memory_order_release);
    return;
  }
  if (options_.filter_file.empty()) return;
  auto loaded = read_filter(options_.filter_file, lookup_.key());
  if (!loaded) {
    log::info("suppression_filter_not_loaded", {{"reason", loaded.error().text}});
    return;
  }
  if (loaded->epoch != epoch_.load()) return forget_file(options_.filter_file);
  saved_log_ = loaded->log;
  saved_epoch_ = loaded->epoch;
  filter_owner_ = std::move(loaded->filter);
  filter_.store(filter_owner_.get(), std::memory_order_release);
}

/// The entry that the word in the log is of was not removed since.
bool Book::stands(std::string_view hash, std::uint64_t word) const {
  const auto bytes = queue_.database().get(queue::kSuppressed, hash);
  if (!bytes || !*bytes) return false;
  RowReader reader(**bytes);
  while (const auto entry = reader.next()) {
    if (delta_word(lookup_.key(), hash_of(hash), *entry) == word) return true;
  }
  return false;
}

Expected<> Book::load_log() {
  const auto cursor = queue_.database().cursor(queue::kSuppression, numbered('l', 0), behind('l'));
  std::uint64_t first = 0;
  std::uint64_t last = swept_;
  for (; cursor->valid(); cursor->next()) {
    if (cursor->key().size() != 9 || cursor->value().size() != 24)
      return fail(ErrorCode::corrupt, "the log of suppressions does not decode");
    last = get_be<8>(cursor->key().data() + 1);
    if (first == 0) first = last;
    if (auto* filter = filter_.load()) filter->insert(hash_of(cursor->value()));
    const auto word = get_be<8>(cursor->value().data() + 16);
    if (last > swept_ && stands(cursor->value().substr(0, 16), word)) delta_.insert(word);
  }
  if (auto status = cursor->status(); !status) return status;
  oldest_log_ = first == 0 ? last + 1 : first;
  next_log_ = last + 1;
  log_end_ = last;
  if (saved_log_.load() <= last) return {};
  forget_file(options_.filter_file);
  filter_.store(nullptr);
  filter_owner_.reset();
  saved_log_ = 0;
  return {};
}

Expected<> Book::load_soft_rows() {
  const auto cursor = queue_.database().cursor(queue::kSuppression, "s", behind('s'));
  for (; cursor->valid(); cursor->next()) {
    if (cursor->key().size() == 17) soft_filter_.insert(hash_of(cursor->key().substr(1)));
  }
  return cursor->status();
}

Expected<std::optional<Verdict>> Book::probe_one(const Hash128& hash, const Audience& audience,
                                                 Instant now) const {
  const auto* filter = filter_.load(std::memory_order_acquire);
  if (filter != nullptr && !filter->may_contain(hash)) return std::nullopt;
  return lookup_.stopped(hash, audience, now);
}

Expected<std::optional<Verdict>> Book::probe(std::string_view key, const Audience& audience,
                                             Instant now) const {
  auto found = probe_one(lookup_.hash(key), audience, now);
  if (!found || *found) return found;
  return probe_one(lookup_.hash(domain_key(key)), audience, now);
}

std::optional<Verdict> Book::added(std::string_view key, const Reach& reach) const {
  if (delta_.empty()) return std::nullopt;
  return delta_.find(lookup_.hash(key), lookup_.hash(domain_key(key)), reach);
}

Book::Ticket Book::begin_check() {
  const std::lock_guard lock(ticket_mutex_);
  const auto side = ticket_turn_ % 2;
  ++tickets_[side];
  return {this, [this, side](void*) {
            const std::lock_guard releasing(ticket_mutex_);
            --tickets_[side];
          }};
}

bool Book::lookups_done() const {
  const std::lock_guard lock(ticket_mutex_);
  return tickets_[(ticket_turn_ + 1) % 2] == 0;
}

Counts Book::counts() const {
  const std::lock_guard lock(counts_mutex_);
  return told_counts_;
}

std::size_t Book::filter_bytes() const {
  const auto* filter = filter_.load(std::memory_order_acquire);
  return filter == nullptr ? 0 : filter->bytes();
}

std::string Book::soft_hash(std::string_view tenant, std::string_view key) const {
  std::string text(tenant);
  text.append(1, '\0').append(key);
  return hash_bytes(lookup_.hash(text));
}

bool Book::has_soft_bounces(std::string_view tenant, std::string_view key) const {
  return soft_filter_.may_contain(hash_of(soft_hash(tenant, key)));
}

void Book::submit(Changes changes, Done done) {
  queue_.committer().submit(std::make_unique<Work>(*this, std::move(changes), std::move(done)),
                            store::Urgency::now);
}

Expected<ChangeReport> Book::commit(Changes changes) {
  std::promise<Expected<ChangeReport>> promise;
  auto result = promise.get_future();
  submit(std::move(changes), [&promise](const Expected<ChangeReport>& report) { promise.set_value(report); });
  queue_.committer().settle_pending();
  auto report = result.get();
  if (report && report->full)
    return fail(ErrorCode::limit,
                "more was suppressed than passes over the waiting mail have dealt with; "
                "try again in some seconds");
  return report;
}

/// The whole batch is in the database, or never will be.
void Book::on_committed() {
  overlay_.clear();
  const std::lock_guard lock(counts_mutex_);
  told_counts_ = counts_;
}

Expected<> Book::commit_now(std::function<void(store::Batch&)> apply) {
  std::promise<Expected<>> promise;
  auto result = promise.get_future();
  auto done = [this, &promise](const Expected<>& ended) {
    on_committed();
    promise.set_value(ended);
  };
  queue_.committer().submit(store::make_work(std::move(apply), std::move(done)), store::Urgency::now);
  queue_.committer().settle_pending();
  return result.get();
}

Expected<> Book::soft_bounce(std::string_view address, std::string_view tenant, Instant at) {
  auto subject = Subject::parse(address);
  if (!subject) return std::unexpected(subject.error());
  Changes changes;
  changes.soft.push_back({std::move(*subject), std::string(tenant), to_ms(at), false, false});
  auto report = commit(std::move(changes));
  if (!report) return std::unexpected(report.error());
  return {};
}

Expected<> Book::delivered(std::string_view address, std::string_view tenant) {
  auto subject = Subject::parse(address);
  if (!subject) return std::unexpected(subject.error());
  if (!has_soft_bounces(tenant, subject->key)) return {};
  Changes changes;
  changes.soft.push_back({std::move(*subject), std::string(tenant), 0, true, false});
  auto report = commit(std::move(changes));
  if (!report) return std::unexpected(report.error());
  return {};
}

}  // namespace sluice::suppression
