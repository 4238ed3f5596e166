// Submits mail over SMTP as applications do: each message waits for its own 250. Prints one line of JSON.
//
//   submit_bench ADDRESS PORT [MESSAGES] [CONNECTIONS] [BYTES]      default 50000 20 10000
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/address.hpp>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "engine/net/task_group.hpp"
#include "engine/smtp/client_connection.hpp"

namespace {

using namespace sluice;

struct Load {
  net::Endpoint to;
  std::size_t messages = 0;
  std::string body;
  std::size_t accepted = 0;
  std::size_t refused = 0;
};

net::Task<> submit(net::asio::io_context& context, net::TlsClientContext& tls, Load& load, std::size_t first,
                   std::size_t step) {
  smtp::ClientOptions options;
  options.ehlo_name = "application.test";
  options.tls = smtp::TlsPolicy::none;
  options.max_messages = UINT32_MAX;
  smtp::ClientConnection connection(context, tls, options);
  smtp::Target target;
  target.hosts = {{load.to, "submission.test"}};
  const auto opened = co_await connection.open(target);
  if (!opened) {
    std::fprintf(stderr, "connecting: %s\n",
                 opened.error().error ? opened.error().error->text.c_str() : "refused");
    std::exit(1);
  }
  for (std::size_t n = first; n < load.messages; n += step) {
    const auto address = "r" + std::to_string(n) + "@d" + std::to_string(n % 100) + ".test";
    const auto head = "From: Shop <news@shop.test>\r\nTo: " + address + "\r\nSubject: Order " +
                      std::to_string(n) + "\r\nMIME-Version: 1.0\r\n";
    const std::array<std::string_view, 1> recipients = {address};
    const std::array<std::string_view, 2> content = {head, load.body};
    const smtp::Envelope envelope{
        .sender = "orders@shop.test", .recipients = recipients, .size_bytes = head.size() + load.body.size()};
    const smtp::Message message{envelope, content, smtp::ContentForm::plain};
    const auto result = co_await connection.send(message, nullptr);
    ++(result.recipients[0].accepted() ? load.accepted : load.refused);
  }
  co_await connection.quit();
}

}  // namespace

int main(int argc, char** argv) {
  const auto number = [&](int i, std::size_t otherwise) {
    return argc > i ? static_cast<std::size_t>(std::atoll(argv[i])) : otherwise;
  };
  if (argc < 3) return 64;
  Load load;
  load.to = {net::asio::ip::make_address(argv[1]), static_cast<std::uint16_t>(number(2, 0))};
  load.messages = number(3, 50'000);
  const auto connections = number(4, 20);
  load.body = "\r\n";
  while (load.body.size() < number(5, 10'000))
    load.body += "A line of seventy bytes, as mail has them, again and again, to the end.\r\n";
  net::asio::io_context context{1};
  auto tls = net::TlsClientContext::make();
  net::TaskGroup tasks(context);
  const auto start = std::chrono::steady_clock::now();
  for (std::size_t i = 0; i < connections; ++i)
    if (!tasks.spawn(submit(context, **tls, load, i, connections))) return 1;
  context.run();
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  std::printf(R"({"accepted":%zu,"refused":%zu,"seconds":%.3f})"
              "\n",
              load.accepted, load.refused, took.count());
  return load.refused == 0 ? 0 : 1;
}
