#include "queue/key.hpp"

#include "engine/base/bytes.hpp"

namespace sluice::queue {
namespace {

constexpr std::size_t kRowBytes = 5;

void append_prefix(std::string& out, const RecordKey& key) {
  put_be<4>(out, key.stream);
  put_u8(out, static_cast<std::uint8_t>(key.phase));
  if (key.phase == Phase::retry) put_be<4>(out, key.due);
  out.append(key.domain);
}

}  // namespace

void RecordKey::append_to(std::string& out) const {
  append_prefix(out, *this);
  out.push_back('\0');
  put_be<5>(out, row);
}

std::string RecordKey::encode() const {
  std::string out;
  out.reserve(15 + domain.size());
  append_to(out);
  return out;
}

std::optional<RecordKey> RecordKey::decode(std::string_view bytes) {
  ByteReader in(bytes);
  RecordKey key;
  key.stream = static_cast<StreamId>(in.be<4>());
  const auto phase = in.u8();
  if (!in.ok() || phase > 1) return std::nullopt;
  key.phase = static_cast<Phase>(phase);
  if (key.phase == Phase::retry) key.due = static_cast<DueSecond>(in.be<4>());
  const auto rest = in.rest();
  if (!in.ok() || rest.size() < kRowBytes + 2 || rest.size() > kRowBytes + 256) return std::nullopt;
  const auto length = rest.size() - kRowBytes - 1;
  if (rest[length] != '\0') return std::nullopt;
  key.domain = rest.substr(0, length);
  if (key.domain.find('\0') != std::string_view::npos) return std::nullopt;
  key.row = get_be<5>(rest.data() + length + 1);
  return key;
}

std::string phase_begin(StreamId stream, Phase phase) {
  std::string out;
  put_be<4>(out, stream);
  put_u8(out, static_cast<std::uint8_t>(phase));
  return out;
}

std::string phase_end(StreamId stream, Phase phase) {
  std::string out;
  put_be<4>(out, stream);
  put_u8(out, static_cast<std::uint8_t>(phase) + 1);
  return out;
}

std::string behind_domain(const RecordKey& key) {
  std::string out;
  append_prefix(out, key);
  out.push_back('\x01');
  return out;
}

std::string due_begin(StreamId stream, DueSecond due) {
  auto out = phase_begin(stream, Phase::retry);
  put_be<4>(out, due);
  return out;
}

std::string behind_due(StreamId stream, DueSecond due) {
  return due == UINT32_MAX ? phase_end(stream, Phase::retry) : due_begin(stream, due + 1);
}

}  // namespace sluice::queue
