// Any bytes as an address and as a mailbox: what is accepted is in normal form, within limits, and safe in a
// header.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "engine/message/address.hpp"
#include "engine/message/mailbox.hpp"

namespace {

using namespace sluice::message;

void check(bool holds) {
  if (!holds) std::abort();
}

void check_address(const Address& address, const AddressOptions& options) {
  const auto& text = address.text();
  check(text.size() <= kMaxAddressBytes && address.local().size() <= kMaxLocalBytes);
  for (const char c : text) check(static_cast<unsigned char>(c) >= ' ' && c != 127);
  for (const char c : address.domain()) check(static_cast<unsigned char>(c) < 127);
  const auto again = parse_address(text, options);
  check(again && *again == address);
  const auto of_key = parse_address(address.key(), options);
  check(of_key && of_key->key() == address.key());
  (void)address.display();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view input(reinterpret_cast<const char*>(data) + 1, size - 1);
  const AddressOptions options{
      .trim = (data[0] & 1) != 0, .address_literal = (data[0] & 2) != 0, .single_label = (data[0] & 4) != 0};
  if (const auto address = parse_address(input, options)) check_address(*address, options);
  if (const auto mailbox = parse_mailbox(input, options)) {
    check_address(mailbox->address, options);
    check(mailbox->display_name.find_first_of(std::string_view("\r\n\0", 3)) == std::string::npos);
  }
  return 0;
}
