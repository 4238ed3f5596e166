#include "queue/stream.hpp"

#include <algorithm>

#include "engine/base/bytes.hpp"
#include "engine/store/checksum.hpp"

namespace sluice::queue {

const char* name_of(StreamState state) {
  switch (state) {
    case StreamState::running:
      return "running";
    case StreamState::paused:
      return "paused";
    case StreamState::cancelling:
      return "cancelling";
    case StreamState::cancelled:
      return "cancelled";
    case StreamState::done:
      return "done";
  }
  return "running";
}

const char* name_of(StreamClass stream_class) {
  return stream_class == StreamClass::transactional ? "transactional" : "commercial";
}

std::string encode_stream(const StreamSettings& settings, StreamState state) {
  std::string out;
  put_u8(out, static_cast<std::uint8_t>(state));
  put_u8(out, static_cast<std::uint8_t>(settings.kind));
  put_u8(out, static_cast<std::uint8_t>(settings.stream_class));
  put_u8(out, settings.priority);
  put_varint(out, static_cast<std::uint64_t>(settings.expire.count()));
  put_varint(out, static_cast<std::uint64_t>(settings.created_ms));
  put_varint(out, static_cast<std::uint64_t>(settings.start_ms));
  put_string(out, settings.tenant);
  put_string(out, settings.name);
  put_string(out, settings.pool);
  put_string(out, settings.rate);
  put_string(out, settings.spec);
  put_be<4>(out, store::crc32c(out));
  return out;
}

std::optional<std::pair<StreamSettings, StreamState>> decode_stream(std::string_view bytes) {
  if (bytes.size() < 4) return std::nullopt;
  const auto body = bytes.substr(0, bytes.size() - 4);
  if (get_be<4>(bytes.data() + body.size()) != store::crc32c(body)) return std::nullopt;
  ByteReader in(body);
  StreamSettings out;
  const auto state = in.u8();
  out.kind = static_cast<StreamKind>(in.u8());
  out.stream_class = static_cast<StreamClass>(in.u8());
  out.priority = in.u8();
  out.expire = std::chrono::seconds(in.varint());
  out.created_ms = static_cast<std::int64_t>(in.varint());
  out.start_ms = static_cast<std::int64_t>(in.varint());
  out.tenant = in.string();
  out.name = in.string();
  out.pool = in.string();
  out.rate = in.string();
  out.spec = in.string();
  if (!in.ok() || state > static_cast<std::uint8_t>(StreamState::done)) return std::nullopt;
  if (out.priority < 1 || out.priority > 9) return std::nullopt;
  return std::pair{std::move(out), static_cast<StreamState>(state)};
}

void StreamTable::add(StreamPtr stream) {
  const std::lock_guard lock(mutex_);
  weigh(*stream);
  last_ = std::max(last_, stream->id);
  streams_[stream->id] = std::move(stream);
}

StreamPtr StreamTable::find(StreamId id) const {
  const std::lock_guard lock(mutex_);
  const auto at = streams_.find(id);
  return at == streams_.end() ? nullptr : at->second;
}

StreamPtr StreamTable::find(std::string_view tenant, std::string_view name) const {
  const std::lock_guard lock(mutex_);
  for (auto at = streams_.rbegin(); at != streams_.rend(); ++at) {
    const auto& settings = at->second->settings;
    if (settings.tenant == tenant && settings.name == name) return at->second;
  }
  return nullptr;
}

std::vector<StreamPtr> StreamTable::all() const {
  const std::lock_guard lock(mutex_);
  std::vector<StreamPtr> out;
  for (const auto& [id, stream] : streams_) out.push_back(stream);
  return out;
}

void StreamTable::set_tenant_weights(TenantWeights weights) {
  const std::lock_guard lock(mutex_);
  tenant_weights_ = std::move(weights);
  for (const auto& [id, stream] : streams_) weigh(*stream);
}

void StreamTable::weigh(Stream& stream) const {
  const auto at = tenant_weights_.find(stream.settings.tenant);
  stream.set_tenant_weight(at == tenant_weights_.end() ? 1 : at->second);
}

void StreamTable::skip_to(StreamId last) {
  const std::lock_guard lock(mutex_);
  last_ = std::max(last_, last);
}

StreamId StreamTable::next_id() {
  const std::lock_guard lock(mutex_);
  return ++last_;
}

}  // namespace sluice::queue
