#include "engine/sink/sink.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

#include "engine/net/tls.hpp"
#include "tests/unit/net/loop.hpp"
#include "tests/unit/smtp/server_client.hpp"

namespace sluice::sink {
namespace {

using smtp::testing::Client;

std::string id(Row row) { return MessageId::make(from_ms(1'764'097'200'123), 1, 2, row).text(); }
std::string mail(Row row) { return "X-Sluice-Id: " + id(row) + "\r\nSubject: x\r\n\r\nhello"; }

net::Endpoint endpoint(const std::string& text) {
  const auto colon = text.rfind(':');
  return {net::asio::ip::make_address(text.substr(0, colon)),
          static_cast<std::uint16_t>(std::stoi(text.substr(colon + 1)))};
}

std::unique_ptr<Sink> start(Options options) {
  auto made = Sink::start(std::move(options));
  EXPECT_TRUE(made) << made.error().text;
  return made ? std::move(*made) : nullptr;
}

Options with(Persona persona) { return {.addresses = {{.persona = std::move(persona)}}}; }

/// A connected client past EHLO.
class Session : public Client {
 public:
  explicit Session(const Sink& sink, std::size_t which = 0) : Client(endpoint(sink.addresses().at(which))) {
    greeting = reply();
    hello = say("EHLO client.test");
  }
  std::string greeting;
  std::string hello;
};

std::string read_file(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

class ScratchDir {
 public:
  ScratchDir() {
    auto name = (std::filesystem::temp_directory_path() / "sink-test-XXXXXX").string();
    path = ::mkdtemp(name.data());
  }
  ~ScratchDir() { std::filesystem::remove_all(path); }
  std::filesystem::path path;
};

TEST(Sink, HasAnInboxOnlyWhenAsked) {
  EXPECT_EQ(start({})->inbox_address(), "");
  Options options;
  options.inbox.listen = "127.0.0.1:0";
  const auto sink = start(options);
  EXPECT_TRUE(sink->inbox_address().starts_with("127.0.0.1:"));
  EXPECT_FALSE(sink->inbox_address().ends_with(":0"));
  options.inbox.listen = sink->inbox_address();
  EXPECT_FALSE(Sink::start(options)) << "its port is taken";
  options.inbox.listen = "nowhere";
  EXPECT_FALSE(Sink::start(options));
  options.inbox.listen = "127.0.0.1:0";
  options.accounting = Accounting::counting;
  EXPECT_EQ(Sink::start(options).error().code, ErrorCode::invalid_input);
}

TEST(Sink, CountsDeliveriesAndDuplicates) {
  const auto sink = start({});
  Session session(*sink);
  EXPECT_TRUE(session.greeting.starts_with("220 sink.test"));
  for (const Row row : {1, 2, 3, 2, 2}) {
    EXPECT_EQ(session.deliver("a@shop.test", "b@Example.test", mail(row)), "250 2.0.0 OK\r\n");
  }
  EXPECT_EQ(session.deliver("a@shop.test", "c@example.test", mail(1)), "250 2.0.0 OK\r\n")
      << "another recipient";
  EXPECT_EQ(session.deliver("a@shop.test", "c@example.test", "Subject: no id\r\n\r\nx"), "250 2.0.0 OK\r\n");
  const auto stats = sink->stop();
  ASSERT_TRUE(stats);
  EXPECT_EQ(stats->messages, 7U);
  EXPECT_EQ(stats->unique, 4U);
  EXPECT_EQ(stats->duplicates, 2U);
  EXPECT_EQ(stats->sites[0].unidentified, 1U);
  EXPECT_EQ(stats->sites[0].connections, 1U);
  EXPECT_EQ(stats->domains.at("example.test").delivered, 5U);
  EXPECT_EQ(stats->domains.at("example.test").duplicates, 2U);
}

TEST(Sink, HasAPersonaForEachAddress) {
  const auto sink =
      start({.addresses = {{.listen = "127.0.0.2:0", .persona = {.name = "a", .bounce_share = 1}},
                           {.listen = "127.0.0.3:0", .persona = {.name = "b", .mailbox_full_share = 1}}}});
  Session one(*sink, 0);
  Session two(*sink, 1);
  EXPECT_TRUE(one.deliver("a@shop.test", "x@y.test", mail(1)).starts_with("550 5.1.1"));
  EXPECT_TRUE(two.deliver("a@shop.test", "x@y.test", mail(1)).starts_with("452 4.2.2"));
  const auto stats = sink->stats();
  EXPECT_EQ(stats.sites[0].bounced, 1U);
  EXPECT_EQ(stats.sites[1].mailbox_full, 1U);
  EXPECT_TRUE(stats.sites[1].listen.starts_with("127.0.0.3:"));
  EXPECT_EQ(stats.domains.at("y.test").refused, 1U);
  EXPECT_EQ(stats.domains.at("y.test").deferred, 1U);
}

TEST(Sink, LimitsTheRateOfMail) {
  const auto sink = start(with({.max_messages_per_s = 5}));
  std::string answer;
  for (Row row = 0; row < 50 && !answer.starts_with("421"); ++row) {
    Session session(*sink);
    for (int i = 0; i < 10 && !answer.starts_with("421"); ++i) {
      answer = session.deliver("a@shop.test", "x@y.test", mail(row * 10 + static_cast<Row>(i)));
    }
  }
  EXPECT_TRUE(answer.starts_with("421 4.7.28")) << answer;
  EXPECT_LE(sink->stats().sites[0].peak_mails_per_s, 5U);
}

TEST(Sink, LimitsConnections) {
  const auto sink = start(with({.max_connections = 1}));
  Session first(*sink);
  Client second(endpoint(sink->addresses()[0]));
  EXPECT_TRUE(second.reply().starts_with("421 4.7.0"));
  EXPECT_TRUE(second.at_end());
  EXPECT_TRUE(first.say("NOOP").starts_with("250"));
  EXPECT_EQ(sink->stats().sites[0].connections_refused, 1U);
  EXPECT_EQ(sink->stats().sites[0].most_open, 1U);
}

TEST(Sink, GreylistsOnceThenAccepts) {
  const auto sink = start(with({.greylist = std::chrono::milliseconds(1)}));
  Session session(*sink);
  auto answer = session.deliver("a@shop.test", "x@y.test", mail(1));
  EXPECT_TRUE(answer.starts_with("451 4.7.1"));
  for (int i = 0; i < 1000 && !answer.starts_with("250"); ++i) {
    answer = session.deliver("a@shop.test", "x@y.test", mail(1));
  }
  EXPECT_TRUE(answer.starts_with("250"));
}

TEST(Sink, DropsAfterTheFinalDotAndBooksWhatItKept) {
  for (const bool keeps : {true, false}) {
    const auto sink = start(with({.drop_share = 1, .drop_keeps_message = keeps}));
    Session session(*sink);
    EXPECT_EQ(session.deliver("a@shop.test", "x@y.test", mail(1)), "") << "no answer";
    EXPECT_TRUE(session.at_end());
    const auto stats = sink->stop();
    EXPECT_EQ(stats->sites[0].dropped, 1U);
    EXPECT_EQ(stats->unique, keeps ? 1U : 0U);
  }
}

TEST(Sink, AnswersSlowlyAndTarpits) {
  const auto sink = start(
      with({.reply_delay = std::chrono::milliseconds(10), .tarpit_step = std::chrono::milliseconds(10)}));
  const auto before = std::chrono::steady_clock::now();
  Session session(*sink);
  EXPECT_EQ(session.deliver("a@shop.test", "x@y.test", mail(1)), "250 2.0.0 OK\r\n");
  EXPECT_GE(std::chrono::steady_clock::now() - before, std::chrono::milliseconds(4 * 10 + 10 + 20 + 30 + 40));
}

TEST(Sink, DrainsWhileAPersonaIsSlow) {
  const auto sink = start(with({.reply_delay = std::chrono::hours(1)}));
  Client client(endpoint(sink->addresses()[0]));
  while (sink->stats().sites[0].connections == 0) std::this_thread::yield();
  EXPECT_TRUE(sink->stop());
  EXPECT_TRUE(client.at_end());
}

TEST(Sink, AddsUpItsThreads) {
  const auto sink = start({.threads = 2});
  std::vector<std::thread> clients;
  for (Row c = 0; c < 8; ++c) {
    clients.emplace_back([&sink, c] {
      Session session(*sink);
      for (Row i = 0; i < 50; ++i) (void)session.deliver("a@shop.test", "x@y.test", mail(c * 1000 + i));
    });
  }
  for (auto& client : clients) client.join();
  const auto stats = sink->stop();
  EXPECT_EQ(stats->unique, 400U);
  EXPECT_EQ(stats->domains.at("y.test").delivered, 400U);
  EXPECT_EQ(stats->sites[0].connections, 8U);
}

TEST(Sink, WritesLogSamplesAndStatistics) {
  const ScratchDir dir;
  Options options{.ledger = {.log_file = dir.path / "ids"},
                  .samples = {.dir = dir.path / "samples", .every = 2, .max_files = 2},
                  .stats_file = dir.path / "stats.json"};
  const auto sink = start(std::move(options));
  Session session(*sink);
  for (Row row = 0; row < 7; ++row)
    EXPECT_EQ(session.deliver("a@shop.test", "x@y.test", mail(row)).substr(0, 3), "250");
  EXPECT_TRUE(sink->stop());
  std::istringstream lines(read_file(dir.path / "ids"));
  std::string line;
  std::int64_t last = 0;
  for (Row row = 0; row < 7; ++row) {
    ASSERT_TRUE(std::getline(lines, line));
    const auto what = id(row) + " x@y.test plain answered ";
    ASSERT_TRUE(line.starts_with(what) && line.ends_with(" 127.0.0.1")) << line;
    const auto mail = std::stoll(line.substr(what.size()));
    EXPECT_GT(mail, last) << "MAIL commands came in this order";
    last = mail;
  }
  EXPECT_FALSE(std::getline(lines, line));
  EXPECT_EQ(read_file(dir.path / "samples" / "000002.eml"),
            "Return-Path: <a@shop.test>\r\nDelivered-To: x@y.test\r\n" + mail(2) + "\r\n");
  EXPECT_FALSE(std::filesystem::exists(dir.path / "samples" / "000003.eml"));
  const auto json = boost::json::parse(read_file(dir.path / "stats.json"));
  EXPECT_EQ(json.at("unique").as_int64(), 7);
  EXPECT_EQ(json.at("sites").at(0).at("persona").as_string(), "plain");
}

TEST(Sink, CountsOnlyInCountingMode) {
  const auto sink = start({.accounting = Accounting::counting});
  Session session(*sink);
  EXPECT_EQ(session.deliver("a@shop.test", "x@y.test", mail(1)).substr(0, 3), "250");
  const auto stats = sink->stop();
  EXPECT_EQ(stats->messages, 1U);
  EXPECT_EQ(stats->unique, 0U);
}

TEST(Sink, RefusesBadOptions) {
  const auto error = [](Options options) { return Sink::start(std::move(options)).error().text; };
  EXPECT_TRUE(error({.addresses = {}}).contains("addresses"));
  EXPECT_TRUE(error({.threads = 0}).contains("threads"));
  EXPECT_TRUE(error({.addresses = {{.listen = "localhost"}}}).contains("\"localhost\" is no ADDRESS:PORT"));
  EXPECT_TRUE(error({.addresses = {{.listen = "127.0.0.1:99999"}}}).contains("no ADDRESS:PORT"));
  EXPECT_TRUE(error(with({.drop_share = 2})).contains("share"));
  EXPECT_TRUE(error({.ledger = {.log_file = "/nonexistent/ids"}}).contains("/nonexistent/ids"));
  const auto sink = start({});
  EXPECT_TRUE(error({.addresses = {{.listen = sink->addresses()[0]}}}).contains("listening on"));
}

net::Task<> read_until(net::Stream& stream, std::string& into, std::string_view end) {
  std::array<char, 4096> bytes{};
  while (!into.ends_with(end)) {
    const auto n = co_await stream.read_some(bytes);
    if (!n || *n == 0) co_return;
    into.append(bytes.data(), *n);
  }
}

net::Task<> deliver_by_tls(net::asio::io_context& context, net::Endpoint at, net::TlsClientContext& tls,
                           std::string& said) {
  net::Stream stream(context);
  const auto connected =
      co_await stream.connect(at, std::nullopt, net::Deadline::after(std::chrono::seconds(10)));
  if (!connected) co_return;
  co_await read_until(stream, said, "sink\r\n");
  co_await stream.write("EHLO c\r\nMAIL FROM:<a@b.test>\r\nSTARTTLS\r\n");
  co_await read_until(stream, said, "TLS\r\n");
  net::TlsClientRequest request{.host = "sink.test", .cache_key = {}};
  const auto started =
      co_await stream.start_tls(tls, std::move(request), net::Deadline::after(std::chrono::seconds(10)));
  if (!started) co_return;
  co_await stream.write("EHLO c\r\nMAIL FROM:<a@b.test>\r\nRCPT TO:<x@y.test>\r\nDATA\r\n");
  co_await read_until(stream, said, "<CR><LF>\r\n");
  const auto text = mail(1) + "\r\n.\r\nQUIT\r\n";
  co_await stream.write(text);
  co_await read_until(stream, said, "Bye\r\n");
  stream.shutdown();
}

TEST(Sink, TakesMailOverTlsAndAsksForIt) {
  const auto sink = start(with({.tls = Tls::required}));
  auto tls = net::TlsClientContext::make();
  ASSERT_TRUE(tls);
  net::testing::Loop loop;
  std::string said;
  loop.spawn(deliver_by_tls(loop.context, endpoint(sink->addresses()[0]), **tls, said));
  EXPECT_TRUE(loop.run());
  EXPECT_TRUE(said.contains("530 5.7.0 Issue STARTTLS first")) << said;
  EXPECT_TRUE(said.ends_with("250 2.0.0 OK\r\n221 2.0.0 sink.test Bye\r\n")) << said;
  EXPECT_EQ(sink->stats().sites[0].tls_mails, 1U);
}

}  // namespace
}  // namespace sluice::sink
