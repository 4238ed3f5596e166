// Limits of what comes back: by SMTP, by HTTP, by hand.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "engine/http/server.hpp"
#include "engine/net/listener.hpp"
#include "engine/smtp/server_options.hpp"

namespace sluice::inbound {

struct Options {
  std::string domain;                    ///< [bounce] domain; "": no mail is taken
  std::optional<net::Endpoint> smtp{};   ///< where bounces are taken; none: nowhere
  std::optional<net::Endpoint> pages{};  ///< where unsubscribe pages are served; none: nowhere
  smtp::ServerOptions server{};
  std::string certificate_file{};  ///< PEM; with key_file: STARTTLS is offered
  std::string key_file{};
  std::string pages_certificate_file{};  ///< PEM; with pages_key_file: pages are served by HTTPS
  std::string pages_key_file{};
  std::string maildir{};  ///< `new` of it is emptied into `cur`; "": none
  std::chrono::milliseconds maildir_look{1'000};
  std::size_t maildir_at_once = 1'000;  ///< names read in one look
  std::size_t max_connections = 200;
  http::ServerOptions http{};
  std::string languages{};  ///< a folder of further language files; "": only the built-in ones
  /// Local parts that take reports from providers' feedback loops.
  std::vector<std::string> feedback_names{"fbl", "feedback", "abuse", "postmaster"};
  std::size_t token_messages = 20;  ///< for one token within token_span; beyond: 450
  std::chrono::minutes token_span{60};
  std::chrono::milliseconds store_timeout{30'000};  ///< for the disk; beyond: 451, 503
  std::chrono::milliseconds drain_for{5'000};       ///< at stop, for messages in progress
};

}  // namespace sluice::inbound
