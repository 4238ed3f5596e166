#include <gtest/gtest.h>
#include <stdlib.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <filesystem>

#include "engine/control/service.hpp"

namespace sluice::control {
namespace {

namespace asio = boost::asio;

/// A service with an empty queue and [http] on a free port.
class ServiceHttp : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = testing::TempDir() + "sluice_http_XXXXXX";
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    folder_ = name;
    ServiceOptions options;
    options.data_dir = folder_;
    options.queue.store.path = folder_ + "/store";
    options.events.folder = folder_ + "/events";
    options.campaigns.spool = folder_ + "/spool";
    options.campaigns.data_dir = folder_;
    options.campaigns.events_folder = folder_ + "/events";
    options.bodies.folder = folder_ + "/bodies";
    options.delivery.workers = 1;
    options.http_listen = "127.0.0.1:0";
    auto made = Service::make(std::move(options));
    ASSERT_TRUE(made) << made.error().text;
    service_ = std::move(*made);
    const auto started = service_->start();
    ASSERT_TRUE(started) << started.error().text;
  }
  void TearDown() override {
    service_.reset();
    std::filesystem::remove_all(folder_);
  }

  /// The status line of the answer.
  std::string ask(const std::string& request_line) {
    const auto at = service_->http_address();
    const auto port = static_cast<std::uint16_t>(std::stoi(at.substr(at.rfind(':') + 1)));
    asio::io_context context;
    asio::ip::tcp::socket socket(context);
    socket.connect({asio::ip::make_address("127.0.0.1"), port});
    asio::write(socket,
                asio::buffer(request_line + " HTTP/1.1\r\nHost: sluice\r\nConnection: close\r\n\r\n"));
    std::string answer;
    boost::system::error_code end;
    asio::read(socket, asio::dynamic_buffer(answer), end);
    return answer.substr(0, answer.find("\r\n"));
  }

  std::string folder_;
  std::unique_ptr<Service> service_;
};

TEST_F(ServiceHttp, TellsHealth) {
  EXPECT_EQ(ask("GET /healthz"), "HTTP/1.1 200 OK");
  EXPECT_EQ(ask("GET /readyz"), "HTTP/1.1 200 OK");
}

TEST_F(ServiceHttp, LetsNobodyActOrReadMail) {
  for (const auto* request : {"POST /v1/reload", "POST /v1/campaigns/a/cancel", "GET /v1/campaigns",
                              "GET /v1/events", "GET /v1/queue/summary", "GET /v1/status"}) {
    EXPECT_EQ(ask(request), "HTTP/1.1 404 Not Found") << request;
  }
}

}  // namespace
}  // namespace sluice::control
