#include "engine/campaign/spec.hpp"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <algorithm>
#include <array>

#include "engine/base/lower_case.hpp"
#include "engine/base/nearest_name.hpp"
#include "engine/campaign/beneath.hpp"
#include "engine/campaign/duration.hpp"
#include "engine/campaign/spec_keys.hpp"
#include "engine/shaping/share.hpp"

namespace sluice::campaign {
namespace {

constexpr std::size_t kMaxLine = 998;  // RFC 5322 §2.1.1: no header line may be longer
constexpr std::size_t kMaxAttachments = 100;
constexpr std::size_t kMaxMeta = 32;
constexpr std::size_t kMaxDefaults = 256;
constexpr std::size_t kMaxDefaultBytes = 64 << 10;
constexpr std::size_t kMaxHeaders = 50;
constexpr std::uint32_t kCanarySize = 100;  ///< of a [canary] that names none
constexpr std::int64_t kMaxCanary = 1'000'000;

/// Headers that sluice writes itself, or that would change whose mail it is.
constexpr std::array<std::string_view, 27> kOwnHeaders = {"from",
                                                          "to",
                                                          "cc",
                                                          "bcc",
                                                          "sender",
                                                          "reply-to",
                                                          "subject",
                                                          "date",
                                                          "message-id",
                                                          "return-path",
                                                          "received",
                                                          "mime-version",
                                                          "content-type",
                                                          "content-transfer-encoding",
                                                          "content-disposition",
                                                          "content-id",
                                                          "dkim-signature",
                                                          "arc-seal",
                                                          "arc-message-signature",
                                                          "arc-authentication-results",
                                                          "authentication-results",
                                                          "list-id",
                                                          "list-unsubscribe",
                                                          "list-unsubscribe-post",
                                                          "feedback-id",
                                                          "resent-from",
                                                          "resent-to"};

class SpecReader {
 public:
  SpecReader(const toml::table& table, std::string_view directory_name)
      : top_(table, "", problems_, spec_.positions) {
    spec_.id = directory_name;
  }

  std::expected<CampaignSpec, Problems> read() {
    identity();
    sender();
    content();
    schedule();
    tables();
    top_.finish();
    if (!problems_.empty()) return std::unexpected(std::move(problems_));
    return std::move(spec_);
  }

 private:
  void identity() {
    if (auto id = top_.text("id", 4096)) spec_.id = std::move(*id);
    check_id("id", spec_.id);
    if (auto tenant = top_.text("tenant", 4096)) spec_.tenant = std::move(*tenant);
    check_id("tenant", spec_.tenant);
    if (auto pool = top_.text("pool", 4096)) spec_.pool = std::move(*pool);
    check_id("pool", spec_.pool);
    if (auto name = top_.text("class", 64)) {
      if (*name == "transactional") {
        spec_.mail_class = MailClass::transactional;
      } else if (*name != "commercial") {
        top_.problem("class",
                     fmt::format("`class` is \"{}\"; it must be \"commercial\" or \"transactional\"", *name));
      }
    }
    if (auto priority = top_.integer("priority", 1, 9)) spec_.priority = static_cast<int>(*priority);
    if (auto meta = top_.texts("meta", kMaxMeta, 128)) spec_.meta = std::move(*meta);
    check_unique("meta", spec_.meta);
  }

  void sender() {
    const auto from = top_.text("from", kMaxLine);
    if (from) {
      read_mailbox("from", *from, spec_.from);
    } else {
      missing("from", "the mailbox the mail comes from, such as \"Shop <news@shop.test>\"");
    }
    if (const auto reply_to = top_.text("reply_to", kMaxLine)) {
      message::Mailbox mailbox;
      if (read_mailbox("reply_to", *reply_to, mailbox)) spec_.reply_to = std::move(mailbox);
    }
    if (const auto mail_from = top_.text("mail_from", 320)) {
      if (auto address = message::parse_address(*mail_from)) {
        spec_.mail_from = std::move(*address);
      } else {
        top_.problem("mail_from", "`mail_from`: " + address.error().text);
      }
    }
    if (auto list_id = top_.text("list_id", 255)) {
      spec_.list_id = std::move(*list_id);
      if (!valid_list_id(spec_.list_id)) {
        top_.problem("list_id",
                     "`list_id` must be a name like a domain, such as \"news.shop.test\" (RFC 2919)");
      }
    }
    if (auto address = top_.text("postal_address", 500)) spec_.postal_address = std::move(*address);
    if (spec_.mail_class == MailClass::commercial &&
        spec_.postal_address.find_first_not_of(" \t") == std::string::npos) {
      missing("postal_address",
              "commercial mail must carry the sender's postal address, such as \"1 Test Street, "
              "12345 Testville\"; or set class = \"transactional\" if it is no advertising");
    }
  }

  void content() {
    if (auto subject = top_.text("subject", kMaxLine)) spec_.subject = std::move(*subject);
    if (spec_.subject.empty())
      missing("subject", "the subject, with merge fields if you like: \"Hello {{first_name}}\"");
    read_file_name("html", spec_.html);
    read_file_name("text", spec_.text);
    if (spec_.html.empty() && spec_.text.empty() && !has("html") && !has("text")) {
      missing("html", "name the template file in `html`, or in `text`, or both");
    }
    read_file_name("recipients", spec_.recipients);
    if (spec_.recipients.empty() && !has("recipients")) {
      missing("recipients", "the list's file name, .csv or .jsonl, plain, .gz or .zst");
    }
    if (auto attachments = top_.texts("attachments", kMaxAttachments, 255)) {
      for (const auto& name : *attachments) check_file_name("attachments", name);
      check_unique("attachments", *attachments);
      spec_.attachments = std::move(*attachments);
    }
  }

  void schedule() {
    if (const auto rate = top_.text("rate", 100)) {
      if (auto parsed = throttle::Rate::parse(*rate)) {
        spec_.rate = *parsed;
      } else {
        top_.problem("rate", "`rate`: " + parsed.error().text);
      }
    }
    spec_.start = top_.instant("start");
    if (const auto texts = top_.texts("windows", Windows::kMaxWindows, 200)) {
      std::vector<Window> windows;
      for (const auto& text : *texts) {
        if (auto window = parse_window(text)) {
          windows.push_back(*window);
        } else {
          top_.problem("windows", "`windows`: " + window.error().text);
        }
      }
      spec_.windows = Windows(std::move(windows));
    }
    constexpr std::string_view kColumn = "column:";
    if (auto name = top_.text("time_zone", 200)) {
      if (name->starts_with(kColumn)) {
        spec_.time_zone.column = name->substr(kColumn.size());
        if (spec_.time_zone.column.empty())
          top_.problem("time_zone", "`time_zone` names no column after \"column:\"");
      } else if (auto zone = Zone::find(*name)) {
        spec_.time_zone.zone = *zone;
      } else {
        top_.problem("time_zone", "`time_zone`: " + zone.error().text +
                                      "; write an IANA name such as \"Europe/Berlin\", or \"column:NAME\"");
      }
    }
    if (const auto text = top_.text("expire", 100)) {
      if (auto expire = parse_duration(*text)) {
        spec_.expire = *expire;
      } else {
        top_.problem("expire", "`expire`: " + expire.error().text);
      }
    }
  }

  void tables() {
    if (const auto* table = top_.table("defaults")) {
      KeyReader keys(*table, "defaults.", problems_, spec_.positions);
      for (auto& [name, value] : keys.all_as_text(kMaxDefaults, kMaxDefaultBytes)) {
        spec_.defaults.emplace(std::move(name), std::move(value));
      }
    }
    if (const auto* table = top_.table("headers")) {
      KeyReader keys(*table, "headers.", problems_, spec_.positions);
      for (auto& header : keys.all_as_text(kMaxHeaders, kMaxLine)) {
        if (const auto why = header_problem(header.first, header.second); !why.empty())
          keys.problem(header.first, why);
        spec_.headers.push_back(std::move(header));
      }
    }
    if (const auto* table = top_.table("unsubscribe")) {
      KeyReader keys(*table, "unsubscribe.", problems_, spec_.positions);
      if (const auto one_click = keys.boolean("one_click")) spec_.one_click = *one_click;
      keys.finish();
    }
    if (const auto* table = top_.table("canary")) canary(*table);
  }

  void canary(const toml::table& table) {
    KeyReader keys(table, "canary.", problems_, spec_.positions);
    auto& canary = spec_.canary;
    canary.size = kCanarySize;
    if (const auto size = keys.integer("size", 0, kMaxCanary))
      canary.size = static_cast<std::uint32_t>(*size);
    const auto share = [&](std::string_view key, double& into) {
      const auto text = keys.text(key, 20);
      if (!text) return;
      if (const auto parsed = shaping::parse_share(*text)) {
        into = *parsed;
      } else {
        keys.problem(key, fmt::format("`canary.{}` must be a share such as \"5%\" or \"0.5%\"", key));
      }
    };
    share("max_bounced", canary.max_bounced);
    share("max_unknown", canary.max_unknown);
    if (const auto text = keys.text("wait", 100)) {
      if (const auto wait = parse_duration(*text)) {
        canary.wait = std::chrono::duration_cast<shaping::Millis>(*wait);
      } else {
        keys.problem("wait", "`canary.wait`: " + wait.error().text);
      }
    }
    keys.finish();
  }

  [[nodiscard]] bool has(std::string_view key) const { return spec_.positions.contains(key); }

  void missing(std::string_view key, const std::string& what) {
    top_.problem(key, fmt::format("`{}` is {}: {}", key, has(key) ? "empty" : "missing", what));
  }

  void check_id(std::string_view key, std::string_view id) {
    if (valid_id(id)) return;
    top_.problem(
        key, fmt::format("`{}` is \"{}\"; it must be 1 to 100 letters, digits, '.', '_' or '-' and not start "
                         "with '.'",
                         key, visible(id, 120)));
  }

  void check_unique(std::string_view key, const std::vector<std::string>& names) {
    for (auto name = names.begin(); name != names.end(); ++name) {
      if (std::find(names.begin(), name, *name) != name) {
        top_.problem(key, fmt::format("`{}` names `{}` twice", key, visible(*name)));
      }
    }
  }

  bool read_mailbox(std::string_view key, std::string_view text, message::Mailbox& into) {
    auto mailbox = message::parse_mailbox(text);
    if (!mailbox) {
      top_.problem(key, fmt::format("`{}`: {}", key, mailbox.error().text));
      return false;
    }
    into = std::move(*mailbox);
    return true;
  }

  void read_file_name(std::string_view key, std::string& into) {
    auto name = top_.text(key, 4096);
    if (!name) return;
    check_file_name(key, *name);
    into = std::move(*name);
  }

  void check_file_name(std::string_view key, std::string_view name) {
    if (const auto why = why_not_beneath(name); !why.empty()) {
      top_.problem(key, fmt::format("`{}`: file name \"{}\" {}", key, visible(name), why));
    }
  }

  static bool valid_list_id(std::string_view id) {
    const bool letters = std::all_of(id.begin(), id.end(), [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
             c == '-' || c == '_';
    });
    return letters && !id.empty() && id.front() != '.' && id.back() != '.' &&
           id.find('.') != std::string_view::npos && id.find("..") == std::string_view::npos;
  }

  static std::string header_problem(std::string_view name, std::string_view value) {
    const bool token =
        !name.empty() && name.size() <= 76 && std::all_of(name.begin(), name.end(), [](char c) {
          return c > 0x20 && c < 0x7f && c != ':';  // RFC 5322 §3.6.8
        });
    if (!token) return "a header's name is 1 to 76 printable ASCII letters without ':' and space";
    if (std::find(kOwnHeaders.begin(), kOwnHeaders.end(), lower_case(name)) != kOwnHeaders.end()) {
      return fmt::format("`{}` is written by sluice itself and cannot be set here", name);
    }
    const bool one_line = std::none_of(value.begin(), value.end(), [](char c) {
      return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f;
    });
    return one_line ? std::string{} : "a header's value must be one line without control bytes";
  }

  CampaignSpec spec_;
  Problems problems_;
  KeyReader top_;
};

}  // namespace

std::string_view name_of(MailClass mail_class) {
  return mail_class == MailClass::commercial ? "commercial" : "transactional";
}

bool valid_id(std::string_view id) {
  if (id.empty() || id.size() > 100 || id.front() == '.') return false;
  return std::all_of(id.begin(), id.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
  });
}

std::expected<CampaignSpec, Problems> parse_spec(std::string_view toml, std::string_view directory_name) {
  Problems problems;
  try {
    const toml::table table = toml::parse(toml, std::string_view(kSpecName));
    return SpecReader(table, directory_name).read();
  } catch (const toml::parse_error& error) {
    const auto& at = error.source().begin;
    problems.add({kSpecName, at.line, at.column,
                  std::string("is no valid TOML: ") + std::string(error.description())});
  }
  return std::unexpected(std::move(problems));
}

}  // namespace sluice::campaign
