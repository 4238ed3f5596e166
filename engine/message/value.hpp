// One merge-field value: nothing, null, a boolean, a number kept as its text, a string, a list or an object.
//
// Values live in the byte blob of a row (row.hpp) and are read in place: a Value is a kind and a view, never
// a copy. Tagged form, one value:  tag byte (Kind), then
//   missing, null, no, yes   nothing
//   number, string           varint length, bytes
//   list                     varint length of the rest, varint count, values
//   object                   varint length of the rest, varint count, (varint length, key bytes, value) ...
// A composite carries its length, so that stepping over it costs the same whatever is inside. Nothing here
// allocates except the writer's output. Damage is found by the reader that walks over it: ok() turns false,
// reads stop.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "engine/base/bytes.hpp"
#include "engine/base/error.hpp"

namespace sluice::message {

/// Deepest nesting of lists and objects a row may have; deeper input is refused when it is written.
inline constexpr std::size_t kMaxValueDepth = 32;

class Value {
 public:
  /// The numbers are on disk: never renumber.
  enum class Kind : std::uint8_t {
    missing = 0,
    null = 1,
    no = 2,
    yes = 3,
    number = 4,
    string = 5,
    list = 6,
    object = 7
  };

  Value() = default;
  static Value of_string(std::string_view text) { return {Kind::string, text}; }
  static Value of_number(std::string_view text) { return {Kind::number, text}; }
  static Value of_bool(bool yes) { return {yes ? Kind::yes : Kind::no, {}}; }

  /// The next tagged value of `in`; missing, with in.ok() false, when the bytes are no value.
  static Value read(ByteReader& in);

  [[nodiscard]] Kind kind() const { return kind_; }
  [[nodiscard]] bool is_list() const { return kind_ == Kind::list; }
  [[nodiscard]] bool is_object() const { return kind_ == Kind::object; }

  /// Missing, null or the empty string: what a campaign's [defaults] replace.
  [[nodiscard]] bool blank() const {
    return kind_ <= Kind::null || (kind_ == Kind::string && bytes_.empty());
  }
  /// What sections and `if` test: false for blank values, `false`, the number zero and the empty list.
  [[nodiscard]] bool truthy() const;

  /// The text of a scalar ("true", "12.50", "Ann"), "" for the rest. A view into the row or static storage.
  [[nodiscard]] std::string_view text() const;

  /// The member named `key` of an object (the last one if it is there twice), or the item a decimal `key`
  /// counts to in a list, from 0; nullopt if absent.
  [[nodiscard]] std::optional<Value> member(std::string_view key) const;

  /// Encoded body of a list or object, for the readers below.
  [[nodiscard]] std::string_view body() const { return kind_ >= Kind::list ? bytes_ : std::string_view{}; }

 private:
  Value(Kind kind, std::string_view bytes) : kind_(kind), bytes_(bytes) {}

  Kind kind_ = Kind::missing;
  std::string_view bytes_;
};

/// Walks a list's items, or an object's members in the order they were written. Empty for scalars.
class ValueItems {
 public:
  explicit ValueItems(const Value& of);

  [[nodiscard]] std::uint64_t count() const { return count_; }
  /// False at the end and on damage; then ok() tells which.
  bool next();
  [[nodiscard]] const Value& value() const { return value_; }
  /// The member's key; "" in a list.
  [[nodiscard]] std::string_view key() const { return key_; }
  [[nodiscard]] bool ok() const { return in_.ok(); }

 private:
  ByteReader in_;
  std::uint64_t count_ = 0;
  std::uint64_t left_ = 0;
  bool keyed_;
  std::string_view key_;
  Value value_;
};

/// Appends tagged values to `out`. Calls must nest properly (asserted); input that nests too deep is
/// swallowed and makes finish() fail, with `out` as it was when the writer was made.
class ValueWriter {
 public:
  explicit ValueWriter(std::string& out) : out_(out), start_(out.size()) {}

  void missing() { tag(Value::Kind::missing); }
  void null() { tag(Value::Kind::null); }
  void boolean(bool yes) { tag(yes ? Value::Kind::yes : Value::Kind::no); }
  /// `text` is the number as the input wrote it.
  void number(std::string_view text) { counted(Value::Kind::number, text); }
  void string(std::string_view text) { counted(Value::Kind::string, text); }
  void begin_list() { begin(Value::Kind::list); }
  void end_list() { end(); }
  void begin_object() { begin(Value::Kind::object); }
  void key(std::string_view name);
  void end_object() { end(); }

  [[nodiscard]] Expected<> finish();

 private:
  struct Open {
    std::size_t body;
    std::uint64_t count;
  };

  void tag(Value::Kind kind);
  void counted(Value::Kind kind, std::string_view text);
  void begin(Value::Kind kind);
  void end();

  std::string& out_;
  std::size_t start_;
  std::array<Open, kMaxValueDepth> open_{};
  std::size_t depth_ = 0;
  bool too_deep_ = false;
};

}  // namespace sluice::message
