#include "engine/inbound/unsubscribe_pages.hpp"

#include <fmt/format.h>

namespace sluice::inbound {
namespace {

using http::Request;
using http::Response;

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '&')
      out += "&amp;";
    else if (c == '<')
      out += "&lt;";
    else if (c == '>')
      out += "&gt;";
    else if (c == '"')
      out += "&quot;";
    else
      out += c;
  }
  return out;
}

Response page(const Language& language, int status, std::string_view main) {
  Response out;
  out.status = status;
  out.content_type = "text/html; charset=utf-8";
  out.body = fmt::format(
      "<!doctype html>\n<html lang=\"{}\">\n<head><meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>{}</title>\n"
      "<style>body{{font:1.125rem/1.5 sans-serif;max-width:36rem;margin:3rem auto;padding:0 1rem;"
      "color:#111;background:#fff}}button{{font:inherit;padding:.75rem 1.25rem;margin:.5rem 0;"
      "border:2px solid #111;border-radius:.25rem;background:#fff;color:#111;display:block}}"
      "button:focus-visible{{outline:3px solid #0a58ca;outline-offset:2px}}</style></head>\n"
      "<body><main><h1>{}</h1>\n{}</main></body>\n</html>\n",
      escaped(language.tag), escaped(language.title), escaped(language.title), main);
  out.headers = {{"Content-Language", language.tag},
                 {"Cache-Control", "no-store"},
                 {"Referrer-Policy", "no-referrer"},
                 {"X-Robots-Tag", "noindex, nofollow"},
                 {"X-Content-Type-Options", "nosniff"},
                 {"Vary", "Accept-Language"},
                 {"Content-Security-Policy",
                  "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; "
                  "frame-ancestors 'none'"}};
  return out;
}

Response said(const Language& language, int status, std::string_view text) {
  return page(language, status, fmt::format("<p role=\"status\">{}</p>\n", escaped(text)));
}

/// The form posts to the page's own address: `action` is left out.
Response form(const Language& language) {
  return page(
      language, 200,
      fmt::format("<p>{}</p>\n<form method=\"post\">\n"
                  "<button type=\"submit\" name=\"scope\" value=\"list\">{}</button>\n"
                  "<button type=\"submit\" name=\"scope\" value=\"all\">{}</button>\n</form>\n",
                  escaped(language.question), escaped(language.list_button), escaped(language.all_button)));
}

class Pages {
 public:
  Pages(Returns& returns, const Languages& languages, const Options& options)
      : returns_(returns), languages_(languages), options_(options) {}

  [[nodiscard]] const Language& language(const Request& request) const {
    const auto found = request.headers.find("accept-language");
    return languages_.wanted(found == request.headers.end() ? std::string_view() : found->second);
  }
  [[nodiscard]] std::optional<MessageId> id_of(const Request& request) const {
    const auto token = request.params.find("token");
    if (token == request.params.end()) return std::nullopt;
    return returns_.keys().verify(token->second, returns_.clock().now());
  }
  [[nodiscard]] Response show(const Request& request) const {
    const auto& words = language(request);
    return id_of(request) ? form(words) : said(words, 404, words.unknown);
  }
  http::Task<Response> leave(Request request) const {
    const auto& words = language(request);
    const auto id = id_of(request);
    if (!id) co_return said(words, 404, words.unknown);
    const auto wish = read_wish(request.body);
    if (!wish) co_return form_again(words);
    const auto to = returns_.find(*id);
    if (!to) co_return said(words, 503, words.later);
    // The mail may be read before its delivery is on record: not lost, only early.
    if (!*to) co_return said(words, recent(*id) ? 503 : 404, recent(*id) ? words.later : words.unknown);
    auto outcome = returns_.unsubscribe(**to, wish->reach, wish->page ? "page" : "one-click");
    const auto applied = co_await returns_.apply(std::move(outcome), options_.store_timeout);
    co_return applied ? said(words, 200, words.done) : said(words, 503, words.later);
  }

 private:
  [[nodiscard]] static Response form_again(const Language& words) {
    auto out = form(words);
    out.status = 400;
    return out;
  }
  [[nodiscard]] bool recent(const MessageId& id) const {
    constexpr std::chrono::hours kMayBeUnderWay{7 * 24};
    return returns_.clock().now() < id.accepted() + kMayBeUnderWay;
  }

  Returns& returns_;
  const Languages& languages_;
  const Options& options_;
};

}  // namespace

std::optional<Wish> read_wish(std::string_view body) {
  constexpr std::size_t kMost = 4096;
  const auto text = body.substr(0, kMost);
  const bool multipart = text.starts_with("--");
  const auto says = [&](std::string_view name, std::string_view value) {
    if (multipart) {
      const auto at = text.find(fmt::format("name=\"{}\"\r\n\r\n{}\r\n", name, value));
      return at != std::string_view::npos;
    }
    const auto pair = fmt::format("{}={}", name, value);
    for (auto rest = text; !rest.empty();) {
      const auto end = std::min(rest.find_first_of("&\r\n"), rest.size());
      if (rest.substr(0, end) == pair) return true;
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    return false;
  };
  if (says("List-Unsubscribe", "One-Click")) return Wish{};
  if (says("scope", "list")) return Wish{Reach::list, true};
  if (says("scope", "all")) return Wish{Reach::all, true};
  return std::nullopt;
}

http::Router unsubscribe_router(Returns& returns, const Languages& languages, const Options& options) {
  http::Router out;
  const Pages pages(returns, languages, options);
  out.add("GET", "/u/{token}", http::answer([pages](const Request& r) { return pages.show(r); }));
  // The handler lives as long as the router: so does the copy its coroutines run in.
  const auto kept = std::make_shared<const Pages>(pages);
  out.add("POST", "/u/{token}", [kept](Request request) { return kept->leave(std::move(request)); });
  return out;
}

}  // namespace sluice::inbound
