// One mail address, `local@domain`, checked and normalised (RFC 5321 4.1.2, RFC 6531).
//
// Normal form: the local part as written, the domain as lower-case A-labels. What counts as the same
// recipient is the comparison key: an unneeded quoting is dropped ("ann"@ is ann@), ASCII letters of the
// local part are lower-cased, and nothing else: no dots, tags or provider's rules, because only the
// recipient's own system knows them. A case-sensitive key is there for who asks. Length limits are RFC
// 5321 4.5.3.1's: 64, 255, and 254 in all.
//
// Pure; no shared state. Ten million list rows come through here: plain ASCII takes one walk over the bytes.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "engine/base/error.hpp"
#include "engine/message/domain_name.hpp"

namespace sluice::message {

inline constexpr std::size_t kMaxLocalBytes = 64;
inline constexpr std::size_t kMaxAddressBytes = 254;

struct AddressOptions {
  bool trim = true;  ///< blanks around the address are dropped, as lists have them; false: an error
  bool address_literal = false;  ///< ann@[192.0.2.1] and ann@[IPv6:2001:db8::1] are allowed
  bool single_label = false;     ///< ann@localhost is allowed
};

class Address {
 public:
  enum class Case { insensitive, sensitive };

  Address() = default;

  /// `local@domain`; empty in a default-made address.
  [[nodiscard]] const std::string& text() const { return text_; }
  [[nodiscard]] std::string_view local() const { return std::string_view(text_).substr(0, at_); }
  /// Lower-case A-labels, or an address literal with its brackets.
  [[nodiscard]] std::string_view domain() const {
    return at_ < text_.size() ? std::string_view(text_).substr(at_ + 1) : std::string_view{};
  }
  /// The local part has bytes above 127: it can only go to servers that offer SMTPUTF8.
  [[nodiscard]] bool needs_smtputf8() const { return utf8_; }
  [[nodiscard]] bool literal() const { return domain().starts_with('['); }
  /// With U-labels, for people.
  [[nodiscard]] std::string display() const;

  /// Appends the comparison key (see the top of this file).
  void append_key(std::string& out, Case sensitivity = Case::insensitive) const;
  [[nodiscard]] std::string key(Case sensitivity = Case::insensitive) const;

  friend bool operator==(const Address&, const Address&) = default;

 private:
  friend Expected<> parse_address(std::string_view, const AddressOptions&, Address&);

  std::string text_;
  std::uint16_t at_ = 0;
  bool utf8_ = false;
};

/// The error's text says what is wrong and, where there is one, the remedy; it quotes no more than a
/// character of the input. `out`'s storage is used again; on failure it is empty.
[[nodiscard]] Expected<> parse_address(std::string_view text, const AddressOptions& options, Address& out);
[[nodiscard]] Expected<Address> parse_address(std::string_view text, const AddressOptions& options = {});

/// Of a key or address text that is already in normal form: the domain, "" without an '@'.
[[nodiscard]] std::string_view domain_of(std::string_view address);

}  // namespace sluice::message
