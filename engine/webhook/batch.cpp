#include "engine/webhook/batch.hpp"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <algorithm>

#include "engine/base/assert.hpp"
#include "engine/base/json_text.hpp"

namespace sluice::webhook {
namespace {

/// The text behind `key` up to the next quote; names of ours hold none. Only before `recipient`, where
/// everything is ours.
std::string_view head_value(std::string_view line, std::string_view key) {
  line = line.substr(0, line.find(",\"recipient\":"));
  const auto at = line.find(key);
  if (at == std::string_view::npos) return {};
  const auto rest = line.substr(at + key.size());
  return rest.substr(0, rest.find('"'));
}

bool among(const std::vector<std::string>& names, std::string_view name) {
  return names.empty() || std::ranges::find(names, name) != names.end();
}

std::string digest_of(std::string_view text) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  const auto done = EVP_Digest(text.data(), text.size(), digest, nullptr, EVP_sha256(), nullptr);
  SLUICE_ASSERT(done == 1);
  std::string out;
  for (std::size_t i = 0; i < 8; ++i) out += fmt::format("{:02x}", digest[i]);
  return out;
}

}  // namespace

bool Filter::takes(std::string_view line) const {
  if (!events.empty() && !among(events, head_value(line, R"("event":")"))) return false;
  return tenants.empty() || among(tenants, head_value(line, R"("tenant":")"));
}

Batch::Batch(std::string name, Filter filter, BatchLimits limits, std::uint64_t after, std::uint64_t round)
    : name_(std::move(name)),
      filter_(std::move(filter)),
      limits_(limits),
      after_(after),
      round_(round),
      upto_(after) {}

Batch::Fill Batch::fill(queue::EventReader& reader, std::uint64_t upto, std::size_t lines) {
  for (std::size_t looked = 0; looked < lines; ++looked) {
    const auto* line = reader.peek(upto);
    if (line == nullptr) return Fill::dry;
    const bool wanted = filter_.takes(line->text);
    const bool room = events_ < limits_.events && lines_.size() + line->text.size() < limits_.bytes;
    if (wanted && events_ > 0 && !room) return Fill::full;
    if (line->seq > upto_ + 1) {
      if (missing_ == 0) missing_from_ = upto_ + 1;
      missing_ += line->seq - upto_ - 1;
    }
    upto_ = line->seq;
    if (wanted) {
      if (!lines_.empty()) lines_ += ',';
      lines_ += line->text;
      time_ = head_value(line->text, R"("time":")");
      ++events_;
    }
    reader.pop();
  }
  return Fill::more;
}

std::string Batch::body() const {
  std::string out = fmt::format(R"({{"type":"events","timestamp":"{}","data":{{"webhook":)", time_);
  append_json_string(out, name_);
  out += fmt::format(R"(,"after":{},"upto":{},"missing":{},"events":[)", after_, upto_, missing_);
  out.reserve(out.size() + lines_.size() + 3);
  out += lines_;
  out += "]}}";
  return out;
}

std::string Batch::id() const {
  auto text = fmt::format("{}\n{}\n", name_, round_);
  for (const auto& one : filter_.tenants) text += one + ' ';
  text += '\n';
  for (const auto& one : filter_.events) text += one + ' ';
  return fmt::format("evt_{}-{}_{}", after_ + 1, upto_, digest_of(text));
}

}  // namespace sluice::webhook
