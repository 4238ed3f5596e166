#include "engine/http/message.hpp"

#include <fmt/format.h>

#include <boost/json/serialize.hpp>

namespace sluice::http {
namespace {

std::string without_line_ends(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c != '\r' && c != '\n' && c != '\0') out.push_back(c);
  }
  return out;
}

int status_of(ErrorCode code) {
  switch (code) {
    case ErrorCode::invalid_input:
      return 400;
    case ErrorCode::permission:
      return 403;
    case ErrorCode::not_found:
      return 404;
    case ErrorCode::conflict:
      return 409;
    case ErrorCode::limit:
    case ErrorCode::unavailable:
    case ErrorCode::cancelled:
    case ErrorCode::no_space:
      return 503;
    case ErrorCode::timeout:
      return 504;
    case ErrorCode::corrupt:
    case ErrorCode::io:
    case ErrorCode::internal:
      return 500;
  }
  return 500;
}

}  // namespace

std::string_view Request::query_or(std::string_view key, std::string_view otherwise) const {
  const auto found = query.find(key);
  return found == query.end() ? otherwise : std::string_view(found->second);
}

Response json_response(const boost::json::value& value, int status) {
  Response out;
  out.status = status;
  out.body = boost::json::serialize(value) + '\n';
  return out;
}

Response text_response(std::string text, int status) {
  Response out;
  out.status = status;
  out.content_type = "text/plain; charset=utf-8";
  out.body = std::move(text);
  return out;
}

Response error_response(int status, std::string_view code, std::string_view message) {
  boost::json::object error;
  error["code"] = code;
  error["message"] = message;
  boost::json::object body;
  body["error"] = std::move(error);
  return json_response(body, status);
}

Response error_response(const Error& error) {
  return error_response(status_of(error.code), name_of(error.code), error.text);
}

std::string_view reason_of(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 201:
      return "Created";
    case 202:
      return "Accepted";
    case 204:
      return "No Content";
    case 302:
      return "Found";
    case 303:
      return "See Other";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 410:
      return "Gone";
    case 413:
      return "Content Too Large";
    case 417:
      return "Expectation Failed";
    case 422:
      return "Unprocessable Content";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 503:
      return "Service Unavailable";
    case 504:
      return "Gateway Timeout";
    default:
      return "Unknown";
  }
}

std::string head_of(const Response& response, std::optional<std::size_t> length, bool keep_alive,
                    bool is_http10) {
  std::string out = fmt::format("HTTP/1.1 {} {}\r\n", response.status, reason_of(response.status));
  if (response.status != 204) {
    if (!response.content_type.empty()) {
      out += fmt::format("Content-Type: {}\r\n", without_line_ends(response.content_type));
    }
    if (length) {
      out += fmt::format("Content-Length: {}\r\n", *length);
    } else if (!is_http10) {
      out += "Transfer-Encoding: chunked\r\n";
    }
  }
  for (const auto& [name, value] : response.headers) {
    out += fmt::format("{}: {}\r\n", without_line_ends(name), without_line_ends(value));
  }
  out += keep_alive ? (is_http10 ? "Connection: keep-alive\r\n" : "") : "Connection: close\r\n";
  return out + "\r\n";
}

bool set_target(Request& request, std::string_view target) {
  if (!target.starts_with('/')) return false;
  const auto question = std::min(target.find('?'), target.size());
  auto path = percent_decode(target.substr(0, question), false);
  if (!path) return false;
  request.path = std::move(*path);
  auto rest = target.substr(std::min(question + 1, target.size()));
  while (!rest.empty()) {
    const auto end = std::min(rest.find('&'), rest.size());
    const auto pair = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    const auto equals = std::min(pair.find('='), pair.size());
    auto key = percent_decode(pair.substr(0, equals), true);
    auto value = percent_decode(pair.substr(std::min(equals + 1, pair.size())), true);
    if (!key || !value) return false;
    if (!key->empty()) request.query[std::move(*key)] = std::move(*value);
  }
  return true;
}

}  // namespace sluice::http
