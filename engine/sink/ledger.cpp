#include "engine/sink/ledger.hpp"

#include <cerrno>
#include <cstring>

#include "engine/base/log.hpp"
#include "engine/sink/message_key.hpp"

namespace sluice::sink {

Ledger::Ledger(std::size_t max_ids) {
  for (auto& shard : shards_) shard = std::make_unique<Guarded<IdSet>>(max_ids / kShards + 1);
}

Expected<std::unique_ptr<Ledger>> Ledger::open(const LedgerOptions& options) {
  std::unique_ptr<Ledger> made(new Ledger(options.max_ids));
  if (options.log_file.empty()) return made;
  auto* file = std::fopen(options.log_file.c_str(), "we");
  if (file == nullptr) return fail(ErrorCode::io, options.log_file + ": " + std::strerror(errno));
  std::setvbuf(file, nullptr, _IONBF, 0);  // `pending` is the buffer
  made->logs_ = true;
  made->log_.with([file](Log& log) { log.file.reset(file); });
  return made;
}

Ledger::~Ledger() { flush(); }

Ledger::Seen Ledger::add(MessageId id, std::string_view recipient, std::string_view persona, bool answered,
                         const Arrival& arrival) {
  if (logs_) {
    log_.with([&](Log& log) {
      log.pending += id.text();
      for (const auto part : {recipient, persona}) {
        log.pending += ' ';
        log.pending += part;
      }
      log.pending += answered ? " answered " : " unanswered ";
      log.pending += std::to_string(arrival.mail_us);
      log.pending += ' ';
      log.pending += arrival.peer;
      log.pending += '\n';
      if (log.pending.size() >= kLogBlock) write(log);
    });
  }
  const auto key = delivery_key(id, recipient);
  const auto added = shards_[key.high % kShards]->with([key](IdSet& ids) { return ids.add(key); });
  switch (added) {
    case IdSet::Added::fresh:
      unique_.fetch_add(1, std::memory_order_relaxed);
      return Seen::first;
    case IdSet::Added::known:
      duplicates_.fetch_add(1, std::memory_order_relaxed);
      return Seen::duplicate;
    case IdSet::Added::full:
      break;
  }
  untracked_.fetch_add(1, std::memory_order_relaxed);
  return Seen::untracked;
}

void Ledger::flush() {
  if (!logs_) return;
  log_.with([this](Log& log) { write(log); });
}

void Ledger::write(Log& log) {
  const auto written = std::fwrite(log.pending.data(), 1, log.pending.size(), log.file.get());
  if (written != log.pending.size() && !log_failed_.exchange(true)) {
    log::error("sink_log_failed", {{"reason", std::strerror(errno)}});
  }
  log.pending.clear();
}

}  // namespace sluice::sink
