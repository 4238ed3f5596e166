#include "queue/event_history.hpp"

#include <algorithm>
#include <charconv>
#include <fstream>

#include "queue/event.hpp"
#include "queue/event_log.hpp"
#include "queue/outbox.hpp"

namespace sluice::queue {
namespace {

/// A text member of a line that event_json.cpp wrote, as it stands there; a quote inside a text is escaped,
/// so the pattern is found only where it is the member.
std::string_view text_at(std::string_view line, std::string_view pattern) {
  const auto at = line.find(pattern);
  if (at == std::string_view::npos) return {};
  const auto rest = line.substr(at + pattern.size());
  return rest.substr(0, rest.find('"'));
}

std::uint64_t number_at(std::string_view line, std::string_view pattern) {
  const auto at = line.find(pattern);
  std::uint64_t out = 0;
  if (at != std::string_view::npos)
    std::from_chars(line.data() + at + pattern.size(), line.data() + line.size(), out);
  return out;
}

EventKind kind_of(std::string_view name) {
  for (const auto kind :
       {EventKind::injected, EventKind::delivered, EventKind::bounced, EventKind::expired,
        EventKind::suppressed, EventKind::cancelled, EventKind::deferred, EventKind::in_doubt}) {
    if (name == name_of(kind)) return kind;
  }
  return EventKind::alert;
}

}  // namespace

struct EventHistory::Told {
  EventKind kind = EventKind::alert;
  StreamId stream = 0;
  std::optional<MessageId> id;
  std::string_view recipient;
  std::uint64_t count = 0;
};

EventHistory::EventHistory(std::vector<RowRef> waiting) : waiting_(std::move(waiting)) {
  std::ranges::sort(waiting_);
  finals_.resize(waiting_.size(), EventKind::injected);
}

Expected<> EventHistory::read(const std::string& folder, std::uint64_t after,
                              const store::Database& database) {
  last_ = after;
  const auto files = event_files(folder);
  for (std::size_t i = 0; i < files.size(); ++i) {
    if (i + 1 < files.size() && first_seq_of(files[i + 1]) <= after + 1) continue;
    std::ifstream in(files[i], std::ios::binary);
    if (!in) return fail(ErrorCode::io, "opening " + files[i].string());
    for (std::string text; std::getline(in, text) && !in.eof();) line(text, after);
  }
  OutboxReader outbox(database, last_ + 1);
  for (; outbox.valid(); outbox.next()) {
    const auto event = Event::decode(outbox.event());
    if (event) add({event->kind, event->stream, event->id, event->recipient, event->count});
  }
  return outbox.status();
}

void EventHistory::line(std::string_view text, std::uint64_t after) {
  const auto seq = number_at(text, "\"seq\":");
  if (seq <= after) return;
  last_ = std::max(last_, seq);
  Told told;
  told.kind = kind_of(text_at(text, "\"event\":\""));
  if (told.kind == EventKind::alert) return;
  told.stream = static_cast<StreamId>(number_at(text, "\"stream\":"));
  told.id = MessageId::parse(text_at(text, "\"id\":\""));
  told.recipient = text_at(text, "\"recipient\":\"");
  told.count = number_at(text, "\"count\":");
  add(told);
}

void EventHistory::add(const Told& told) {
  auto& counters = counted_[told.stream];
  counters.count(told.kind);
  if (told.kind == EventKind::injected) counters.injected += told.count;
  if (!told.id) return;
  const RowRef row{told.stream, told.id->row()};
  const auto at = find(row);
  if (is_final(told.kind)) {
    if (at < waiting_.size()) finals_[at] = told.kind;
    open_.erase(row);
  } else if (at == waiting_.size() && open_.size() < kMaxNamed) {
    open_.insert_or_assign(row, Recipient{*told.id, std::string(told.recipient)});
  }
}

std::size_t EventHistory::find(const RowRef& row) const {
  const auto at = std::ranges::lower_bound(waiting_, row);
  const bool there = at != waiting_.end() && *at == row;
  return there ? static_cast<std::size_t>(at - waiting_.begin()) : waiting_.size();
}

std::vector<std::pair<RowRef, EventKind>> EventHistory::finished() const {
  std::vector<std::pair<RowRef, EventKind>> out;
  for (std::size_t i = 0; i < waiting_.size(); ++i) {
    if (is_final(finals_[i])) out.emplace_back(waiting_[i], finals_[i]);
  }
  return out;
}

Counters EventHistory::counted(StreamId stream) const {
  const auto at = counted_.find(stream);
  return at == counted_.end() ? Counters{} : at->second;
}

}  // namespace sluice::queue
