// Any bytes in any pieces: the machine must neither crash nor change its mind about them, and what it hands
// over holds no bare CR or LF. The first bytes of the input choose the limits and the splits.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>

#include "engine/smtp/server_machine.hpp"

namespace {

using namespace sluice::smtp;
using sluice::message::Reply;
using Step = ServerMachine::Step;

void require(bool condition) {
  if (!condition) std::abort();
}

bool has_bare_line_end(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\r' && (i + 1 == text.size() || text[i + 1] != '\n')) return true;
    if (text[i] == '\n' && (i == 0 || text[i - 1] != '\r')) return true;
  }
  return false;
}

/// Everything a session said and handed over.
class Session {
 public:
  explicit Session(const ServerOptions& options) : options_(options), machine_(options, {}) { run(); }

  void feed(std::string_view bytes) {
    while (!bytes.empty() && !closed_) {
      const auto room = machine_.prepare();
      require(!room.empty());
      const auto n = std::min(room.size(), bytes.size());
      std::memcpy(room.data(), bytes.data(), n);
      machine_.received(n);
      bytes.remove_prefix(n);
      run();
    }
  }
  friend bool operator==(const Session& a, const Session& b) {
    return a.replies_ == b.replies_ && a.messages_ == b.messages_ && a.closed_ == b.closed_;
  }

 private:
  void run() {
    for (;;) {
      const auto step = machine_.next();
      switch (step) {
        case Step::read:
        case Step::flush:
        case Step::close:
          require(step != Step::flush || !machine_.output().empty());
          replies_ += machine_.output();
          machine_.output().clear();
          closed_ = step == Step::close;
          if (step == Step::flush) continue;
          return;
        case Step::message:
          take_message();
          continue;
        case Step::start_tls:
          // What is behind STARTTLS in the same read is dropped: where the pieces end may matter here.
          machine_.shut_down();
          continue;
        default:
          machine_.answer(verdict());
      }
    }
  }

  Reply verdict() {
    const auto turn = turn_++ % 7;
    if (turn == 5) return {550, {5, 1, 1}, "No"};
    return turn == 6 ? Reply{451, {4, 7, 1}, "Later"} : Reply{250, {2, 0, 0}, "OK"};
  }

  void take_message() {
    const auto content = machine_.content();
    require(!has_bare_line_end(content) && content.size() <= options_.max_message_bytes);
    require(!machine_.envelope().recipients.empty());
    messages_ += content;
    messages_ += '\0';
    machine_.answer({250, {2, 0, 0}, "OK"});
  }

  const ServerOptions& options_;
  ServerMachine machine_;
  std::string replies_;
  std::string messages_;
  std::size_t turn_ = 0;
  bool closed_ = false;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 4) return 0;
  ServerOptions options;
  options.chunking = (data[0] & 1) != 0;
  options.starttls = (data[0] & 2) != 0;
  options.max_message_bytes = 1024 + data[0] * 16U;
  options.max_dropped_bytes = 2048;
  options.max_command_bytes = 512;
  options.max_errors = 1 + data[1] % 32U;
  options.max_recipients = 1 + data[1] % 4U;
  options.read_bytes = 4096;
  options.max_reply_bytes = 64 + data[2];
  std::string text = (data[0] & 4) != 0 ? "EHLO c\r\nMAIL FROM:<a@b.test>\r\nRCPT TO:<c@d.test>\r\n" : "";
  text.append(reinterpret_cast<const char*>(data) + 4, size - 4);

  Session whole(options);
  whole.feed(text);
  Session pieces(options);
  std::uint32_t state = data[3] + 1U;
  for (std::string_view rest = text; !rest.empty();) {
    state = state * 1664525U + 1013904223U;
    const auto n = std::min<std::size_t>(rest.size(), 1 + (state >> 24) % (1 + data[3] % 128U));
    pieces.feed(rest.substr(0, n));
    rest.remove_prefix(n);
  }
  require(whole == pieces);
  return 0;
}
