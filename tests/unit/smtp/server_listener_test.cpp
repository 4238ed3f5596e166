#include "engine/smtp/server_listener.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <mutex>

#include "engine/net/worker.hpp"
#include "tests/unit/smtp/server_client.hpp"

namespace sluice::smtp {
namespace {

using message::Reply;
using testing::Client;

struct Inbox {
  std::mutex mutex;
  std::vector<std::string> messages;
};

class Keep final : public ServerHandler {
 public:
  explicit Keep(Inbox& inbox) : inbox_(inbox) {}
  net::Task<Reply> on_message(const Envelope& envelope, std::string_view content) override {
    const std::lock_guard lock(inbox_.mutex);
    inbox_.messages.push_back(envelope.recipients.front().mailbox.address + ' ' + std::string(content));
    co_return Reply{250, {2, 0, 0}, "Kept"};
  }

 private:
  Inbox& inbox_;
};

/// A listener on its own thread.
class Running {
 public:
  explicit Running(ServerListenerOptions options) {
    if (options.addresses.empty()) options.addresses = {{net::asio::ip::address_v4::loopback(), 0}};
    auto made = ServerListener::start(worker.context(), std::move(options),
                                      [this](const Peer&) { return std::make_unique<Keep>(inbox); });
    if (made) listener = std::move(*made);
    worker.start();
  }
  ~Running() {
    if (listener) stop(std::chrono::seconds(5));
    worker.finish();
    worker.join();
  }

  [[nodiscard]] net::Endpoint at() const { return listener->endpoints().front(); }

  void stop(std::chrono::milliseconds limit) {
    std::promise<void> over;
    worker.post([&] { (void)drainers.spawn(drain(net::Deadline::after(limit), over)); });
    over.get_future().get();
  }

  Inbox inbox;
  net::Worker worker{"listener_test"};
  net::TaskGroup drainers{worker.context()};
  std::unique_ptr<ServerListener> listener;

 private:
  net::Task<> drain(net::Deadline deadline, std::promise<void>& over) {
    co_await listener->drain(deadline);
    listener.reset();
    over.set_value();
  }
};

TEST(ServerListener, ServesSeveralAddressesOnFreePorts) {
  const auto one = net::asio::ip::make_address_v4("127.0.0.1");
  const auto two = net::asio::ip::make_address_v4("127.0.0.2");
  Running server({.addresses = {{one, 0}, {two, 0}}});
  ASSERT_TRUE(server.listener);
  const auto addresses = server.listener->endpoints();
  ASSERT_EQ(addresses.size(), 2U);
  for (const auto& at : addresses) {
    EXPECT_NE(at.port(), 0);
    Client client(at);
    EXPECT_TRUE(client.reply().starts_with("220 localhost"));
    EXPECT_TRUE(client.say("EHLO c.test").starts_with("250-localhost"));
    EXPECT_EQ(client.deliver("a@b.test", "c@d.test", "hello"), "250 2.0.0 Kept\r\n");
    EXPECT_TRUE(client.say("QUIT").starts_with("221"));
    EXPECT_TRUE(client.at_end());
  }
  EXPECT_THAT(server.inbox.messages, ::testing::ElementsAre("c@d.test hello\r\n", "c@d.test hello\r\n"));
}

TEST(ServerListener, TurnsConnectionsAwayAtTheCap) {
  Running server({.max_connections = 1});
  Client first(server.at());
  EXPECT_TRUE(first.reply().starts_with("220"));
  Client second(server.at());
  EXPECT_TRUE(second.reply().starts_with("421 4.3.2"));
  EXPECT_TRUE(second.at_end());
  EXPECT_TRUE(first.say("QUIT").starts_with("221"));
  EXPECT_TRUE(first.at_end());
}

TEST(ServerListener, DrainSays421ToIdleSessionsAndWaitsForMail) {
  Running server({});
  const auto at = server.at();
  Client idle(at);
  EXPECT_TRUE(idle.reply().starts_with("220"));
  Client busy(at);
  EXPECT_TRUE(busy.reply().starts_with("220"));
  EXPECT_TRUE(busy.say("EHLO c").starts_with("250"));
  EXPECT_TRUE(busy.say("MAIL FROM:<a@b.test>").starts_with("250"));
  auto stopped = std::async(std::launch::async, [&] { server.stop(std::chrono::seconds(10)); });
  EXPECT_TRUE(idle.reply().starts_with("421 4.3.2"));
  EXPECT_TRUE(idle.at_end());
  EXPECT_TRUE(busy.say("RCPT TO:<c@d.test>").starts_with("250"));
  EXPECT_TRUE(busy.say("DATA").starts_with("354"));
  EXPECT_EQ(busy.say("hi\r\n."), "250 2.0.0 Kept\r\n");
  EXPECT_TRUE(busy.reply().starts_with("421 4.3.2"));
  stopped.get();
  EXPECT_FALSE(Client(at).connected());
}

TEST(ServerListener, DrainCutsOffWhatIsLeftAtTheDeadline) {
  Running server({});
  Client busy(server.at());
  EXPECT_TRUE(busy.reply().starts_with("220"));
  EXPECT_TRUE(busy.say("EHLO c").starts_with("250"));
  EXPECT_TRUE(busy.say("MAIL FROM:<a@b.test>").starts_with("250"));
  server.stop(std::chrono::milliseconds(10));
  EXPECT_TRUE(busy.at_end());
}

TEST(ServerListener, SaysWhyASilentSessionEnds) {
  Running server({.server = {.command_timeout = std::chrono::milliseconds(50)}});
  Client silent(server.at());
  EXPECT_TRUE(silent.reply().starts_with("220"));
  EXPECT_TRUE(silent.reply().starts_with("421 4.4.2"));
  EXPECT_TRUE(silent.at_end());
}

TEST(ServerListener, FailsOnAnAddressInUse) {
  Running server({});
  net::asio::io_context context;
  const auto again =
      ServerListener::start(context, {.addresses = {server.at()}}, [](const Peer&) { return nullptr; });
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, ErrorCode::conflict);
  const auto no_tls =
      ServerListener::start(context, {.server = {.starttls = true}, .addresses = {server.at()}}, {});
  EXPECT_EQ(no_tls.error().code, ErrorCode::invalid_input);
}

}  // namespace
}  // namespace sluice::smtp
