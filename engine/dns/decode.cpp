#include "engine/dns/decode.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "engine/base/bytes.hpp"
#include "engine/dns/name.hpp"

namespace sluice::dns {
namespace {

bool add_mx(std::string_view rdata, Answer& answer) {
  if (rdata.size() < 3) return false;
  std::size_t used = 0;
  auto host = name_from_wire(rdata.substr(2), used);
  if (!host || used != rdata.size() - 2) return false;
  answer.mx.push_back({static_cast<std::uint16_t>(get_be<2>(rdata.data())), std::move(*host)});
  return true;
}

template <class Family>
bool add_address(std::string_view rdata, Answer& answer) {
  typename Family::bytes_type bytes;
  if (rdata.size() != bytes.size()) return false;
  std::ranges::transform(rdata, bytes.begin(), [](char c) { return static_cast<unsigned char>(c); });
  answer.addresses.emplace_back(Family(bytes));
  return true;
}

bool add_record(RecordType type, std::string_view rdata, Answer& answer) {
  switch (type) {
    case RecordType::mx:
      return add_mx(rdata, answer);
    case RecordType::a:
      return add_address<boost::asio::ip::address_v4>(rdata, answer);
    case RecordType::aaaa:
      return add_address<boost::asio::ip::address_v6>(rdata, answer);
  }
  return false;
}

}  // namespace

const char* name_of(RecordType type) {
  switch (type) {
    case RecordType::a:
      return "A";
    case RecordType::mx:
      return "MX";
    case RecordType::aaaa:
      return "AAAA";
  }
  return "?";
}

Answer decode_records(RecordType type, std::span<const std::string_view> rdata, std::size_t max_records) {
  Answer answer;
  for (const auto record : rdata.first(std::min(rdata.size(), max_records))) {
    if (add_record(type, record, answer)) continue;
    answer.mx.clear();
    answer.addresses.clear();
    answer.status = Status::failed;
    answer.text = fmt::format("malformed {} record", name_of(type));
    return answer;
  }
  answer.status = rdata.empty() ? Status::no_records : Status::found;
  return answer;
}

}  // namespace sluice::dns
