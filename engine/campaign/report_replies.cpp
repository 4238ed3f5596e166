#include "engine/campaign/report_replies.hpp"

#include <algorithm>
#include <tuple>

namespace sluice::campaign {
namespace {

constexpr std::size_t kShortWord = 8;  // "5.1.1", "(S3140)", "20/hour" are told apart

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

bool varies(std::string_view word) {
  if (word.contains('@')) return true;
  return word.size() >= kShortWord && std::ranges::any_of(word, [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

std::string reply_shape(std::string_view reply) {
  std::string out;
  while (!reply.empty()) {
    std::size_t end = 0;
    while (end < reply.size() && !is_space(reply[end])) ++end;
    const auto word = reply.substr(0, end);
    out += varies(word) ? std::string_view("#") : word;
    reply.remove_prefix(end);
    while (!reply.empty() && is_space(reply.front())) {
      out += reply.front();
      reply.remove_prefix(1);
    }
  }
  return out;
}

void ReportReplies::add(const ReportEvent& event, std::string_view provider) {
  std::pair key(std::string(event.kind), std::string(event.label));
  if (!classes_.contains(key) && classes_.size() >= limits_.max_classes) key.second = "other";
  auto& into = classes_[key];
  ++into.count;
  auto text = event.reply();
  if (text.size() > limits_.reply_bytes) text.resize(limits_.reply_bytes);
  const auto found = into.replies.find({std::string(provider), reply_shape(text)});
  if (found != into.replies.end()) {
    ++found->second.count;
    return;
  }
  if (replies_ >= limits_.max_replies) {
    ++into.uncounted;
    return;
  }
  ++replies_;
  std::pair shape(std::string(provider), reply_shape(text));
  into.replies.emplace(std::move(shape), Reply{std::move(text), 1});
}

std::vector<ReportClass> ReportReplies::finish() const {
  std::vector<ReportClass> out;
  for (const auto& [key, one] : classes_) {
    ReportClass made;
    made.kind = key.first;
    made.name = key.second;
    made.count = one.count;
    made.replies = one.replies.size();
    made.uncounted = one.uncounted;
    for (const auto& [shape, reply] : one.replies)
      made.samples.push_back({shape.first, reply.text, reply.count});
    std::ranges::sort(made.samples, [](const ReportReply& a, const ReportReply& b) {
      return std::tie(b.count, a.text, a.provider) < std::tie(a.count, b.text, b.provider);
    });
    if (made.samples.size() > limits_.samples) made.samples.resize(limits_.samples);
    out.push_back(std::move(made));
  }
  std::ranges::sort(out, [](const ReportClass& a, const ReportClass& b) {
    return std::tie(b.count, a.kind, a.name) < std::tie(a.count, b.kind, b.name);
  });
  return out;
}

}  // namespace sluice::campaign
