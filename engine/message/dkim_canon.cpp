#include "engine/message/dkim_canon.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace sluice::message {
namespace {

constexpr std::size_t kVector = 16;
// Line ends held back beyond this are written in several buffers.
constexpr std::uint64_t kMaxHeldAtOnce = 2048;

bool is_blank(char c) { return c == ' ' || c == '\t'; }

// A blank that relaxed canonicalisation may touch: a tab, or a space before another blank or a line's end.
bool touchable(char c, char next) { return c == '\t' || (c == ' ' && (is_blank(next) || next == '\r')); }

#if defined(__SSE2__)
unsigned touchable_mask(const char* at) {
  const auto load = [](const char* p) { return _mm_loadu_si128(reinterpret_cast<const __m128i*>(p)); };
  const auto here = load(at);
  const auto next = load(at + 1);
  const auto space = _mm_set1_epi8(' ');
  const auto tab = _mm_set1_epi8('\t');
  const auto blank_next = _mm_or_si128(_mm_cmpeq_epi8(next, space), _mm_cmpeq_epi8(next, tab));
  const auto bad_next = _mm_or_si128(blank_next, _mm_cmpeq_epi8(next, _mm_set1_epi8('\r')));
  const auto hit =
      _mm_or_si128(_mm_cmpeq_epi8(here, tab), _mm_and_si128(_mm_cmpeq_epi8(here, space), bad_next));
  return static_cast<unsigned>(_mm_movemask_epi8(hit));
}
#endif

// Copies up to the first blank that may have to change and gives its place, `end` if there is none. A blank
// in the last byte counts: what follows is not known yet. Writes up to kVector bytes beyond what it copies.
const char* copy_run(const char* from, const char* end, char*& to) {
#if defined(__SSE2__)
  while (end - from > static_cast<std::ptrdiff_t>(kVector)) {
    const auto mask = touchable_mask(from);
    std::memcpy(to, from, kVector);
    const auto n = mask == 0 ? kVector : static_cast<std::size_t>(std::countr_zero(mask));
    from += n;
    to += n;
    if (mask != 0) return from;
  }
#endif
  for (; from < end; ++from) {
    if (from + 1 == end ? is_blank(*from) : touchable(*from, from[1])) return from;
    *to++ = *from;
  }
  return from;
}

// Copies and rewrites as far as the bytes at hand decide: up to `end`, or to blanks that reach it (or a CR
// there).
const char* copy_relaxed(const char* from, const char* end, char*& to) {
  while (true) {
    from = copy_run(from, end, to);
    const char* after = from;
    while (after < end && is_blank(*after)) ++after;
    if (after == end) return from;
    if (*after == '\r') {
      if (after + 1 == end) return from;
      if (after[1] != '\n') *to++ = ' ';
    } else {
      *to++ = ' ';
    }
    from = after;
  }
}

}  // namespace

RelaxedBody::RelaxedBody() : buffer_(std::make_unique_for_overwrite<char[]>(kBuffer)) {}

void RelaxedBody::reset() {
  held_lines_ = 0;
  held_blank_ = held_cr_ = any_ = finished_ = false;
}

char* RelaxedBody::flush_held(char* to) {
  for (; held_lines_ > 0; --held_lines_) {
    *to++ = '\r';
    *to++ = '\n';
  }
  if (held_blank_) *to++ = ' ';
  if (held_cr_) *to++ = '\r';
  held_blank_ = held_cr_ = false;
  return to;
}

// Line ends at the end of what was copied may be the message's last: they are counted instead.
void RelaxedBody::hold_back_tail(const char* run, char*& to) {
  if (to > run && to[-1] == '\r') {
    held_cr_ = true;
    --to;
  }
  for (; to - run >= 2 && to[-1] == '\n' && to[-2] == '\r'; to -= 2) ++held_lines_;
}

void RelaxedBody::step(char c, char*& to) {
  if (held_cr_ && c == '\n') {
    held_cr_ = held_blank_ = false;
    ++held_lines_;
    return;
  }
  if (held_cr_) to = flush_held(to);
  if (c == '\r') {
    held_cr_ = true;
  } else if (is_blank(c)) {
    held_blank_ = true;
  } else {
    to = flush_held(to);
    *to++ = c;
  }
}

std::string_view RelaxedBody::write_lines() {
  const auto n = std::min(held_lines_, kMaxHeldAtOnce);
  for (std::uint64_t i = 0; i < n; ++i) std::memcpy(&buffer_[i * 2], "\r\n", 2);
  held_lines_ -= n;
  any_ = true;
  return {buffer_.get(), n * 2};
}

std::string_view RelaxedBody::take(std::string_view& rest) {
  char* to = buffer_.get();
  while (held_lines_ > kMaxHeldAtOnce && !rest.empty()) {
    const char c = rest[0];
    const bool content = held_cr_ ? c != '\n' : c != '\r' && !is_blank(c);
    if (content) return write_lines();
    step(c, to);
    rest.remove_prefix(1);
  }
  const auto n = std::min(rest.size(), kBuffer - 2 * kMaxHeldAtOnce - 2 * kVector);
  const char* from = rest.data();
  const char* const end = from + n;
  while (from < end) {
    if (held_lines_ == 0 && !held_blank_ && !held_cr_) {
      const char* const run = to;
      from = copy_relaxed(from, end, to);
      hold_back_tail(run, to);
      if (from == end) break;
    }
    step(*from++, to);
  }
  rest.remove_prefix(n);
  any_ |= to != buffer_.get();
  return {buffer_.get(), to};
}

std::string_view RelaxedBody::finish() {
  if (finished_) return {};
  if (held_cr_ && held_lines_ > kMaxHeldAtOnce) return write_lines();
  finished_ = true;
  char* to = buffer_.get();
  if (held_cr_) to = flush_held(to);
  if (any_ || to != buffer_.get()) {
    std::memcpy(to, "\r\n", 2);
    to += 2;
  }
  return {buffer_.get(), to};
}

std::string_view SimpleBody::write_lines() {
  const auto n = std::min(held_lines_, kMaxHeldAtOnce);
  scratch_.clear();
  for (std::uint64_t i = 0; i < n; ++i) scratch_ += "\r\n";
  held_lines_ -= n;
  return scratch_;
}

std::string_view SimpleBody::take(std::string_view& rest) {
  if (rest.empty()) return {};
  if (held_cr_ && rest[0] == '\n') {
    held_cr_ = false;
    ++held_lines_;
    rest.remove_prefix(1);
    return {};
  }
  if (!held_cr_ && rest[0] == '\r') {
    held_cr_ = true;
    rest.remove_prefix(1);
    return {};
  }
  if (held_lines_ > 0) return write_lines();
  if (held_cr_) {
    held_cr_ = false;
    return "\r";
  }
  auto end = rest.size();
  if (rest[end - 1] == '\r') --end;
  while (end >= 2 && rest[end - 1] == '\n' && rest[end - 2] == '\r') end -= 2;
  const auto out = rest.substr(0, end);
  rest.remove_prefix(end);
  return out;
}

std::string_view SimpleBody::finish() {
  if (finished_) return {};
  if (held_cr_ && held_lines_ > 0) return write_lines();
  finished_ = true;
  return held_cr_ ? "\r\r\n" : "\r\n";
}

void append_relaxed_field(std::string& out, std::string_view field) {
  if (field.ends_with("\r\n")) field.remove_suffix(2);
  const auto colon = std::min(field.find(':'), field.size());
  auto name = field.substr(0, colon);
  while (!name.empty() && is_blank(name.back())) name.remove_suffix(1);
  for (const char c : name) out += c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
  out += ':';
  const auto value = field.substr(std::min(colon + 1, field.size()));
  const auto start = out.size();
  out.resize_and_overwrite(start + value.size() + 2, [&](char* text, std::size_t) {
    char* const first = text + start;
    char* to = first;
    const char* const end = value.data() + value.size();
    bool blank = false;
    for (const char* from = value.data(); from < end;) {
      if (is_blank(*from)) {
        blank = true;
        ++from;
      } else if (*from == '\r' && from + 1 < end && from[1] == '\n') {
        from += 2;
      } else {
        if (blank && to != first) *to++ = ' ';
        blank = false;
        // Everything above a space is copied; a lone control byte is one step.
        do *to++ = *from++;
        while (from < end && static_cast<unsigned char>(*from) > ' ');
      }
    }
    *to++ = '\r';
    *to++ = '\n';
    return static_cast<std::size_t>(to - text);
  });
}

}  // namespace sluice::message
