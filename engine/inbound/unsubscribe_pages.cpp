#include "engine/inbound/unsubscribe_pages.hpp"

#include <fmt/format.h>

#include "engine/base/html_text.hpp"

namespace sluice::inbound {
namespace {

using http::Request;
using http::Response;

/// No script, picture or font: nothing is loaded from anywhere. Readable at any width, light and dark.
constexpr std::string_view kStyle =
    ":root{color-scheme:light dark;--page:#f3f4f6;--card:#fff;--text:#16181d;--line:#c9ced6;--main:#0b57d0;"
    "--on-main:#fff}"
    "@media(prefers-color-scheme:dark){:root{--page:#16181d;--card:#21242b;--text:#eceef2;--line:#4a505c;"
    "--main:#8ab4f8;--on-main:#10131a}}"
    "*{box-sizing:border-box}"
    "body{font:1.0625rem/1.5 system-ui,sans-serif;margin:0;padding:6vh 1rem;background:var(--page);"
    "color:var(--text)}"
    "main{max-width:30rem;margin:auto;padding:2rem;background:var(--card);border:1px solid var(--line);"
    "border-radius:.75rem;overflow-wrap:anywhere}"
    "h1{font-size:1.5rem;line-height:1.25;margin:0 0 .75rem}p{margin:0}"
    "form{display:grid;gap:.75rem;margin-top:1.5rem}"
    "button{font:inherit;min-height:3rem;padding:.625rem 1rem;border-radius:.5rem;"
    "border:1px solid var(--line);background:var(--card);color:var(--text);cursor:pointer}"
    "button.main{font-weight:600;background:var(--main);border-color:var(--main);color:var(--on-main)}"
    "button:focus-visible{outline:3px solid var(--main);outline-offset:2px}"
    "@media(max-width:30rem){body{padding:1rem}main{padding:1.25rem}}";

Response page(const Language& language, int status, std::string_view main) {
  Response out;
  out.status = status;
  out.content_type = "text/html; charset=utf-8";
  out.body = fmt::format(
      "<!doctype html>\n<html lang=\"{}\">\n<head><meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>{}</title>\n"
      "<style>{}</style></head>\n<body><main><h1>{}</h1>\n{}</main></body>\n</html>\n",
      html_text(language.tag), html_text(language.title), kStyle, html_text(language.title), main);
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
  return page(language, status, fmt::format("<p role=\"status\">{}</p>\n", html_text(text)));
}

/// The form posts to the page's own address: `action` is left out.
Response form(const Language& language) {
  return page(language, 200,
              fmt::format("<p>{}</p>\n<form method=\"post\">\n"
                          "<button class=\"main\" type=\"submit\" name=\"scope\" value=\"list\">{}</button>\n"
                          "<button type=\"submit\" name=\"scope\" value=\"all\">{}</button>\n</form>\n",
                          html_text(language.question), html_text(language.list_button),
                          html_text(language.all_button)));
}

class Pages {
 public:
  Pages(Returns& returns, const Languages& languages, const Options& options, TokenLimit& limit, Meter& meter)
      : returns_(returns), languages_(languages), options_(options), limit_(limit), meter_(meter) {}

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
    if (!id) co_return refused(words, 404, words.unknown, "refused");
    const auto wish = read_wish(request.body);
    if (!wish) co_return form_again(words);
    if (!limit_.take(*id, returns_.clock().now())) co_return refused(words, 429, words.later, "limited");
    const auto to = returns_.find(*id);
    if (!to) co_return refused(words, 503, words.later, "failed");
    // The mail may be read before its delivery is on record: not lost, only early.
    if (!*to && recent(*id)) co_return refused(words, 503, words.later, "failed");
    if (!*to) co_return refused(words, 404, words.unknown, "unknown");
    auto outcome = returns_.unsubscribe(**to, wish->reach, wish->page ? "page" : "one-click");
    const auto applied = co_await returns_.apply(std::move(outcome), options_.store_timeout);
    if (!applied) co_return refused(words, 503, words.later, "failed");
    meter_.count("unsubscribed");
    co_return said(words, 200, words.done);
  }

 private:
  [[nodiscard]] Response refused(const Language& words, int status, std::string_view text,
                                 std::string_view what) const {
    meter_.count(what);
    return said(words, status, text);
  }
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
  TokenLimit& limit_;
  Meter& meter_;
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

http::Router unsubscribe_router(Returns& returns, const Languages& languages, const Options& options,
                                TokenLimit& limit, Meter& meter) {
  http::Router out;
  const Pages pages(returns, languages, options, limit, meter);
  out.add("GET", "/u/{token}", http::answer([pages](const Request& r) { return pages.show(r); }));
  // The handler lives as long as the router: so does the copy its coroutines run in.
  const auto kept = std::make_shared<const Pages>(pages);
  out.add("POST", "/u/{token}", [kept](Request request) { return kept->leave(std::move(request)); });
  return out;
}

}  // namespace sluice::inbound
