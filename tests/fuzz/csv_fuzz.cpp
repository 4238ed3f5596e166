// The list reader over arbitrary bytes as CSV.
#include "list_fuzz.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sluice::campaign;
  return fuzz::check({reinterpret_cast<const char*>(data), size}, ListFormat::csv);
}
