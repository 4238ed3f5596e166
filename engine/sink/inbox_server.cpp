#include "engine/sink/inbox_server.hpp"

#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <charconv>
#include <future>

#include "engine/sink/inbox_json.hpp"

namespace sluice::sink {
namespace {

using http::Request;
using http::Response;

http::ServerOptions server_options() {
  http::ServerOptions out;
  out.name = "inbox";
  out.connections = 64;
  return out;
}

Response page(std::string body, std::string_view policy) {
  Response out;
  out.content_type = "text/html; charset=utf-8";
  out.body = std::move(body);
  out.headers = {{"Content-Security-Policy", std::string(policy)}};
  return out;
}

/// What every answer says: nothing is kept, guessed, or told to others.
Response guarded(Response out) {
  for (const auto& [name, value] : {std::pair{"X-Content-Type-Options", "nosniff"},
                                    {"Referrer-Policy", "no-referrer"},
                                    {"Cache-Control", "no-store"},
                                    {"X-DNS-Prefetch-Control", "off"},
                                    {"Cross-Origin-Resource-Policy", "same-origin"}})
    out.headers.emplace_back(name, value);
  return out;
}

template <class Fn>
http::Handler own(Fn fn) {
  return http::answer([fn](const Request& request) {
    const auto host = request.headers.find("host");
    if (host == request.headers.end() || !is_own_host(host->second))
      return guarded(http::error_response(403, "permission", "ask by address, not by a name"));
    return guarded(fn(request));
  });
}

std::uint64_t number_of(std::string_view text) {
  std::uint64_t out = 0;
  const auto* end = text.data() + text.size();
  const auto [stopped, wrong] = std::from_chars(text.data(), end, out);
  return wrong == std::errc{} && stopped == end ? out : 0;
}

InboxListing listing_of(const Inbox& inbox, const Request& request) {
  InboxListing out;
  out.before = number_of(request.query_or("before", "0"));
  out.about = request.query_or("about", "");
  out.rows = inbox.page(out.before, kInboxPageRows, out.about);
  out.counts = inbox.counts();
  out.every = inbox.options().every;
  return out;
}

/// `fn(message)`, or 404.
template <class Fn>
http::Handler about_message(const Inbox& inbox, Fn fn) {
  return own([&inbox, fn](const Request& request) {
    const auto message = inbox.find(number_of(request.params.at("number")));
    if (!message) return http::error_response(404, "not_found", "no such message here (any more)");
    return fn(*message, request);
  });
}

InboxTab tab_of(const Request& request, const InboxView& view) {
  const auto wanted = request.query_or("show", "");
  if (wanted == "text") return InboxTab::text;
  if (wanted == "header") return InboxTab::header;
  if (wanted == "source") return InboxTab::source;
  return wanted.empty() && view.html.empty() ? InboxTab::text : InboxTab::html;
}

Response source(const InboxMessage& message) {
  Response out;
  out.content_type = "message/rfc822";
  out.body = message.content;
  out.headers = {
      {"Content-Disposition", "attachment; filename=\"" + std::to_string(message.number) + ".eml\""},
      {"Content-Security-Policy", "sandbox; default-src 'none'"}};
  return out;
}

}  // namespace

bool is_own_host(std::string_view host) {
  if (host.starts_with('[')) {
    const auto end = host.find(']');
    if (end == std::string_view::npos) return false;
    host = host.substr(1, end - 1);
  } else if (std::ranges::count(host, ':') == 1) {
    host = host.substr(0, host.find(':'));
  }
  if (host == "localhost") return true;
  boost::system::error_code error;
  boost::asio::ip::make_address(std::string(host), error);
  return !error;
}

http::Router inbox_router(const Inbox& inbox) {
  http::Router out;
  out.add("GET", "/", own([&inbox](const Request& request) {
            return page(inbox_list_page(listing_of(inbox, request)), kPagePolicy);
          }));
  out.add("GET", "/message/{number}",
          about_message(inbox, [&inbox](const InboxMessage& message, const Request& request) {
            const auto view = view_of(message, inbox.options());
            const bool narrow = request.query_or("narrow", "") == "1";
            return page(inbox_message_page(message, view, tab_of(request, view), narrow), kPagePolicy);
          }));
  out.add("GET", "/message/{number}/html",
          about_message(inbox, [&inbox](const InboxMessage& message, const Request&) {
            return page(view_of(message, inbox.options()).html, kFramePolicy);
          }));
  out.add("GET", "/message/{number}/source",
          about_message(inbox, [](const InboxMessage& message, const Request&) { return source(message); }));
  out.add("GET", "/v1/messages", own([&inbox](const Request& request) {
            return http::json_response(inbox_list_json(listing_of(inbox, request)));
          }));
  out.add("GET", "/v1/messages/{number}",
          about_message(inbox, [&inbox](const InboxMessage& message, const Request&) {
            return http::json_response(inbox_message_json(message, view_of(message, inbox.options())));
          }));
  return out;
}

InboxServer::InboxServer(const Inbox& inbox)
    : ends_(worker_.context(), {.name = "inbox_end"}),
      server_(std::make_unique<http::Server>(worker_.context(), inbox_router(inbox), server_options())) {}

Expected<std::unique_ptr<InboxServer>> InboxServer::start(const Inbox& inbox, const net::Endpoint& listen) {
  auto out = std::unique_ptr<InboxServer>(new InboxServer(inbox));
  out->worker_.start();
  std::promise<Expected<net::Endpoint>> bound;
  out->worker_.post([&] { bound.set_value(out->server_->listen_tcp(listen)); });
  auto address = bound.get_future().get();
  if (!address) return std::unexpected(std::move(address.error()));
  out->address_ = *address;
  return out;
}

InboxServer::~InboxServer() {
  worker_.post([this] { (void)ends_.spawn(server_->stop()); });
  worker_.finish();  // the loop ends when the server has
  worker_.join();
}

}  // namespace sluice::sink
