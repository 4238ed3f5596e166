#include "engine/delivery/flow.hpp"

#include "engine/base/assert.hpp"
#include "engine/base/bytes.hpp"
#include "engine/delivery/raw_content.hpp"

namespace sluice::delivery {
namespace {

constexpr std::string_view kFlowName = "transactional";

queue::StreamPtr find_flow(queue::Queue& queue, const std::string& tenant) {
  queue::StreamPtr found;
  for (const auto& stream : queue.streams().all()) {
    const auto& s = stream->settings;
    const bool ours = s.kind == queue::StreamKind::flow && s.tenant == tenant &&
                      s.stream_class == queue::StreamClass::transactional;
    if (ours && stream->state() < queue::StreamState::cancelling) found = stream;
  }
  return found;
}

std::string encode_row(Row row) {
  std::string out;
  put_be<8>(out, row);
  return out;
}

}  // namespace

/// One message on its way to the disk. Shared by the two callbacks it passes through, one after the other.
struct Flow::Pending {
  explicit Pending(std::shared_ptr<std::atomic<std::size_t>> counter) : in_flight(std::move(counter)) {}
  Pending(const Pending&) = delete;
  Pending& operator=(const Pending&) = delete;
  ~Pending() { in_flight->fetch_sub(1); }

  std::shared_ptr<std::atomic<std::size_t>> in_flight;
  queue::Queue* queue = nullptr;
  queue::StreamPtr stream;
  RawMessage message;
  std::string inline_bytes;  ///< the whole message, when it stays in the record
  std::uint64_t header_bytes = 0;
  std::uint64_t total_bytes = 0;
  Instant accepted_at;
  Row first_row = 0;
  store::BodyPin pin;
  Accepted accepted;

  [[nodiscard]] MessageId id(Row row) const {
    // Through the milliseconds the record keeps, so that the id computed from it later is the same.
    return MessageId::make(from_ms(to_ms(accepted_at)), queue->options().node, stream->id, row);
  }
  /// One recipient: its record, or, where it is suppressed, its final; and the event that it came.
  Expected<> add(queue::Injection& injection, const RawRecipient& recipient, Row row,
                 const store::BodyRef& ref) const;
  void add_record(queue::Injection& injection, const RawRecipient& recipient, Row row,
                  const store::BodyRef& ref) const;
  [[nodiscard]] std::string event(queue::EventKind kind, const message::Address& address, Row row,
                                  std::string_view reason) const;

  suppression::Book* suppressed = nullptr;
  suppression::Book::Ticket ticket;
};

Expected<std::unique_ptr<Flow>> Flow::open(FlowOptions options, queue::Queue& queue,
                                           store::Segments& segments, const Clock& clock) {
  auto flow = std::unique_ptr<Flow>(new Flow(std::move(options), queue, segments, clock));
  flow->stream_ = find_flow(queue, flow->options_.tenant);
  if (!flow->stream_) {
    queue::StreamSettings settings;
    settings.kind = queue::StreamKind::flow;
    settings.stream_class = queue::StreamClass::transactional;
    settings.tenant = flow->options_.tenant;
    settings.name = kFlowName;
    settings.pool = flow->options_.pool;
    settings.expire = flow->options_.expire;
    settings.created_ms = to_ms(clock.now());
    auto made = queue.create_stream(std::move(settings), {{std::string(kContentPart), encode_raw()}});
    if (!made) return std::unexpected(made.error());
    flow->stream_ = std::move(*made);
    return flow;
  }
  auto checkpoint = queue.checkpoint(flow->stream_->id);
  if (!checkpoint) return std::unexpected(checkpoint.error());
  if (!checkpoint->empty() && checkpoint->size() != 8) {
    return fail(ErrorCode::corrupt,
                "the checkpoint of the flow of tenant " + flow->options_.tenant + " is damaged");
  }
  if (!checkpoint->empty()) flow->next_row_ = get_be<8>(checkpoint->data());
  return flow;
}

Expected<> Flow::ready() const {
  if (!queue_.committer().healthy()) return fail(ErrorCode::unavailable, "the store cannot write");
  if (!queue_.disk().may_accept()) return fail(ErrorCode::no_space, queue_.disk().why());
  if (stream_->state() >= queue::StreamState::cancelling)
    return fail(ErrorCode::conflict, "the flow was cancelled");
  if (in_flight_->load() >= options_.max_in_flight)
    return fail(ErrorCode::limit, "max_in_flight messages are waiting");
  return {};
}

Expected<> Flow::submit(RawMessage message, Accepted accepted) {
  SLUICE_ASSERT(!message.recipients.empty());
  if (auto can = ready(); !can) return can;
  in_flight_->fetch_add(1);
  auto pending = std::make_shared<Pending>(in_flight_);
  pending->queue = &queue_;
  pending->stream = stream_;
  pending->accepted = std::move(accepted);
  pending->suppressed = options_.suppressed;
  const auto count = message.recipients.size();

  const std::lock_guard lock(mutex_);
  if (next_row_ + count > kMaxRow) return fail(ErrorCode::limit, "the flow has used all its rows");
  pending->accepted_at = clock_.now();
  pending->first_row = next_row_;
  auto fields = message.fields(pending->id(next_row_), pending->accepted_at);
  pending->header_bytes = fields.size() + message.content_header_bytes;
  pending->total_bytes = fields.size() + message.content.size();
  std::vector<std::string> pieces;
  if (count == 1 && pending->total_bytes < options_.inline_bytes) {
    pending->inline_bytes = std::move(fields) + message.content;
  } else {
    pieces.push_back(std::move(fields));
    pieces.push_back(std::move(message.content));
  }
  message.fields = nullptr;  // it may refer to the session
  pending->message = std::move(message);
  auto taken = segments_.append(
      std::move(pieces), [pending](const Expected<store::StoredBody>& stored) { inject(pending, stored); });
  if (taken) next_row_ += count;
  return taken;
}

Expected<> Flow::Pending::add(queue::Injection& injection, const RawRecipient& recipient, Row row,
                              const store::BodyRef& ref) const {
  std::optional<suppression::Verdict> verdict;
  if (suppressed != nullptr) {
    auto found = suppressed->probe(recipient.address.key(), {stream->settings.tenant, {}, true}, accepted_at);
    if (!found) return std::unexpected(found.error());
    verdict = *found;
  }
  if (!verdict) add_record(injection, recipient, row, ref);
  injection.add_event(event(queue::EventKind::injected, recipient.address, row, {}));
  if (verdict)
    injection.add_suppressed(
        event(queue::EventKind::suppressed, recipient.address, row, verdict->event_reason()));
  return {};
}

void Flow::Pending::add_record(queue::Injection& injection, const RawRecipient& recipient, Row row,
                               const store::BodyRef& ref) const {
  RawPayload payload;
  payload.sender = message.sender;
  payload.eight_bit = message.eight_bit;
  payload.smtp_utf8 = message.smtp_utf8 || recipient.address.needs_smtputf8();
  payload.from_domain = message.from_domain;
  payload.header_bytes = header_bytes;
  payload.dsn = recipient.dsn;
  payload.dsn.ret = message.ret;
  payload.dsn.envid = message.envid;
  payload.stored = inline_bytes.empty();
  payload.length = ref.length;
  payload.crc = ref.crc;
  payload.message = inline_bytes;
  std::string bytes;
  payload.append_to(bytes);
  const auto& address = recipient.address;
  injection.add(row, address.domain(), address.local(), to_ms(accepted_at), bytes,
                payload.stored ? ref.key() : std::string());
}

std::string Flow::Pending::event(queue::EventKind kind, const message::Address& address, Row row,
                                 std::string_view reason) const {
  queue::Event out;
  out.kind = kind;
  out.time_ms = to_ms(accepted_at);
  out.stream = stream->id;
  out.id = id(row);
  out.recipient = address.text();
  out.sender = message.sender;
  out.domain = address.domain();
  out.remote_ip = message.remote_ip;
  out.stage = message.stage;
  out.detail = message.about;
  out.event_class = reason;
  out.size_bytes = total_bytes;
  if (kind == queue::EventKind::injected) {
    out.count = 1;
    out.first_row = row;
    out.last_row = row;
  }
  std::string encoded;
  out.append_to(encoded);
  return encoded;
}

/// On the body store's thread, in the order of the rows.
void Flow::inject(const std::shared_ptr<Pending>& pending, const Expected<store::StoredBody>& stored) {
  if (!stored) return pending->accepted(std::unexpected(stored.error()));
  pending->pin = stored->pin;
  auto injection = std::make_unique<queue::Injection>(pending->stream);
  auto row = pending->first_row;
  if (pending->suppressed != nullptr) pending->ticket = pending->suppressed->begin_check();
  for (const auto& recipient : pending->message.recipients) {
    if (auto added = pending->add(*injection, recipient, row++, stored->ref); !added)
      return pending->accepted(std::unexpected(added.error()));
  }
  if (pending->message.pays) injection->pay(std::move(*pending->message.pays));
  injection->set_checkpoint(encode_row(row));
  injection->seal();
  pending->queue->inject(std::move(injection), store::Urgency::now, [pending](const Expected<>& result) {
    pending->accepted(result ? Expected<MessageId>(pending->id(pending->first_row))
                             : std::unexpected(result.error()));
  });
}

}  // namespace sluice::delivery
