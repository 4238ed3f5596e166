// Verifies any bytes as a message, with any bytes as its key record: must answer, whatever they are. Also
// holds the canonicaliser to giving the same bytes for every split.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "engine/message/dkim_canon.hpp"
#include "engine/message/dkim_check.hpp"

using namespace sluice;
using namespace sluice::message;

namespace {

std::string canonical(std::string_view first, std::string_view second) {
  RelaxedBody body;
  std::string out;
  for (auto piece : {first, second})
    while (!piece.empty()) out += body.take(piece);
  for (auto last = body.finish(); !last.empty(); last = body.finish()) out += last;
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const auto cut = size == 0 ? 0 : data[0] % size;
  const auto record_end = input.find('\n');
  const std::string record(input.substr(0, record_end));
  const auto message =
      record_end == std::string_view::npos ? std::string_view() : input.substr(record_end + 1);
  const auto lookup = [&](const std::string&) -> Expected<std::string> { return record; };
  for (const auto& verdict : check_dkim(message, lookup, from_ms(0)))
    if ((verdict.result == DkimResult::pass) != verdict.reason.empty()) std::abort();
  if (canonical(input, {}) != canonical(input.substr(0, cut), input.substr(cut))) std::abort();
  return 0;
}
