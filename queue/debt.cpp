#include "queue/debt.hpp"

#include "engine/base/bytes.hpp"
#include "queue/families.hpp"

namespace sluice::queue {

std::string Debt::encode() const {
  std::string out;
  put_string(out, event);
  put_string(out, key);
  out += value;
  return out;
}

std::optional<Debt> Debt::decode(std::uint64_t seq, std::string_view bytes) {
  ByteReader in(bytes);
  Debt out;
  out.seq = seq;
  out.event = in.string();
  out.key = in.string();
  if (!in.ok()) return std::nullopt;
  out.value = in.rest();
  if (!Event::decode(out.event) || !RecordKey::decode(out.key) || !RecordValue::decode(out.value))
    return std::nullopt;
  return out;
}

std::string delay_told_key(StreamId stream, Row row) {
  std::string key = "d";
  put_be<4>(key, stream);
  put_be<5>(key, row);
  return key;
}

Expected<std::vector<Debt>> read_debts(const store::Database& database, std::uint64_t after,
                                       std::size_t limit, std::vector<std::uint64_t>& damaged) {
  std::vector<Debt> out;
  std::string from;
  put_be<8>(from, after + 1);
  const auto rows = database.cursor(kOwed, from, std::string("d"));
  for (; rows->valid() && out.size() < limit; rows->next()) {
    if (rows->key().size() != 8) continue;
    const auto seq = get_be<8>(rows->key().data());
    auto debt = Debt::decode(seq, rows->value());
    if (debt) {
      out.push_back(std::move(*debt));
    } else if (damaged.size() < limit) {
      damaged.push_back(seq);
    }
  }
  if (auto status = rows->status(); !status) return std::unexpected(status.error());
  return out;
}

}  // namespace sluice::queue
