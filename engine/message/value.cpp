#include "engine/message/value.hpp"

#include <charconv>

#include "engine/base/assert.hpp"

namespace sluice::message {

namespace {

/// "0", "-0.00", "0e5": no digit but zeros before the exponent.
bool is_zero(std::string_view number) {
  for (const char c : number) {
    if (c == 'e' || c == 'E') break;
    if (c >= '1' && c <= '9') return false;
  }
  return true;
}

}  // namespace

Value Value::read(ByteReader& in) {
  const auto tag = in.u8();
  if (!in.ok()) return {};
  if (tag > static_cast<std::uint8_t>(Kind::object)) {
    in.take(in.rest().size() + 1);  // no such kind: nothing after it can be trusted
    return {};
  }
  const auto kind = static_cast<Kind>(tag);
  if (kind < Kind::number) return {kind, {}};
  const auto bytes = in.string();
  return in.ok() ? Value{kind, bytes} : Value{};
}

bool Value::truthy() const {
  switch (kind_) {
    case Kind::missing:
    case Kind::null:
    case Kind::no:
      return false;
    case Kind::number:
      return !is_zero(bytes_);
    case Kind::string:
      return !bytes_.empty();
    case Kind::list:
      return ValueItems(*this).count() != 0;
    case Kind::yes:
    case Kind::object:
      return true;
  }
  return false;
}

std::string_view Value::text() const {
  switch (kind_) {
    case Kind::no:
      return "false";
    case Kind::yes:
      return "true";
    case Kind::number:
    case Kind::string:
      return bytes_;
    default:
      return {};
  }
}

std::optional<Value> Value::member(std::string_view key) const {
  if (kind_ < Kind::list) return std::nullopt;
  ValueItems items(*this);
  if (is_list()) {
    std::uint64_t index = 0;
    const auto [end, error] = std::from_chars(key.data(), key.data() + key.size(), index);
    if (error != std::errc{} || end != key.data() + key.size() || index >= items.count()) return std::nullopt;
    for (std::uint64_t i = 0; i <= index && items.next(); ++i) continue;
    return items.ok() ? std::optional(items.value()) : std::nullopt;
  }
  std::optional<Value> found;
  while (items.next()) {
    if (items.key() == key) found = items.value();
  }
  return found;
}

ValueItems::ValueItems(const Value& of) : in_(of.body()), keyed_(of.is_object()) {
  if (of.kind() < Value::Kind::list) return;
  count_ = in_.varint();
  // An item is a byte at least: a larger count is damage, found before anybody trusts it.
  if (count_ > in_.rest().size()) {
    in_.take(in_.rest().size() + 1);
    count_ = 0;
  }
  left_ = count_;
}

bool ValueItems::next() {
  if (left_ == 0 || !in_.ok()) return false;
  --left_;
  if (keyed_) key_ = in_.string();
  value_ = Value::read(in_);
  return in_.ok();
}

void ValueWriter::tag(Value::Kind kind) {
  if (too_deep_) return;
  if (depth_ > 0) ++open_[depth_ - 1].count;
  put_u8(out_, static_cast<std::uint8_t>(kind));
}

void ValueWriter::counted(Value::Kind kind, std::string_view text) {
  if (too_deep_) return;
  tag(kind);
  put_string(out_, text);
}

void ValueWriter::begin(Value::Kind kind) {
  if (depth_ == kMaxValueDepth) too_deep_ = true;
  if (too_deep_) return;
  tag(kind);
  open_[depth_++] = {out_.size(), 0};
}

void ValueWriter::key(std::string_view name) {
  if (!too_deep_) put_string(out_, name);
}

void ValueWriter::end() {
  if (too_deep_) return;
  SLUICE_ASSERT(depth_ > 0);
  const auto& open = open_[--depth_];
  std::string head;
  put_varint(head, open.count);
  std::string size;
  put_varint(size, out_.size() - open.body + head.size());
  out_.insert(open.body, size + head);
}

Expected<> ValueWriter::finish() {
  if (too_deep_) {
    out_.resize(start_);
    return fail(ErrorCode::limit, "lists and objects nest deeper than " + std::to_string(kMaxValueDepth));
  }
  SLUICE_ASSERT(depth_ == 0);
  return {};
}

}  // namespace sluice::message
