#include "engine/app/event_replies.hpp"

#include <algorithm>
#include <boost/json/parse.hpp>
#include <filesystem>
#include <fstream>

#include "engine/app/service.hpp"
#include "engine/feedback/diagnostic.hpp"

namespace sluice::app {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kLineBytes = 1u << 20;  // a longer line is no event

Expected<std::vector<fs::path>> files_of(const std::vector<std::string>& paths) {
  std::vector<fs::path> out;
  std::error_code error;
  for (const auto& path : paths) {
    if (!fs::is_directory(path, error)) {
      out.emplace_back(path);
      continue;
    }
    const auto from = static_cast<std::ptrdiff_t>(out.size());
    for (const auto& entry : fs::directory_iterator(path, error)) {
      if (entry.path().extension() == ".jsonl") out.push_back(entry.path());
    }
    std::sort(out.begin() + from, out.end());
  }
  return out;
}

void read_event(const boost::json::object& event, PastReplies& totals,
                const std::function<void(const PastReply&)>& each) {
  const auto kind = text_at(event, "event");
  if (kind != "bounced" && kind != "deferred" && kind != "expired" && kind != "returned") return;
  const auto* member = event.if_contains("reply");
  const auto* reply = member == nullptr ? nullptr : member->if_object();
  if (reply == nullptr) return;
  const auto code = number_at(*reply, "code");
  const auto text = text_at(*reply, "text");
  if (code < 400 || code > 599) return;
  ++totals.refusals;
  const auto stage = text_at(event, "stage"), provider = text_at(event, "provider"),
             mx = text_at(event, "mx");
  const auto event_class = text_at(event, "class");
  each({{static_cast<std::uint16_t>(code), feedback::enhanced_of(text_at(*reply, "enhanced")), text, stage,
         provider, mx},
        event_class});
}

}  // namespace

Expected<PastReplies> each_past_reply(const std::vector<std::string>& paths,
                                      const std::function<void(const PastReply&)>& each) {
  const auto files = files_of(paths);
  if (!files) return std::unexpected(files.error());
  PastReplies totals;
  for (const auto& file : *files) {
    std::ifstream in(file, std::ios::binary);
    if (!in) return fail(ErrorCode::not_found, file.string() + " cannot be read");
    for (std::string line; std::getline(in, line);) {
      ++totals.events;
      boost::system::error_code error;
      const auto value = line.size() > kLineBytes ? boost::json::value() : boost::json::parse(line, error);
      if (error || !value.is_object()) {
        ++totals.unreadable;
      } else {
        read_event(value.get_object(), totals, each);
      }
    }
  }
  return totals;
}

}  // namespace sluice::app
