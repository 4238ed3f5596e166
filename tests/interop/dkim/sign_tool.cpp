// Makes mail for the oracles, and asks our verifier about theirs.
//   sign_tool make DIR            keys, records.txt (name TAB text), and per case N.KEYS.eml, N.subject,
//   N.text, N.html,
//                                 N.from, N.to and N.attachment.K
//   sign_tool check RECORDS FILE  prints one "result reason" line per signature of FILE
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <map>
#include <string>
#include <vector>

#include "engine/message/content.hpp"
#include "engine/message/dkim.hpp"
#include "engine/message/dkim_check.hpp"
#include "engine/message/dkim_record.hpp"
#include "engine/message/row.hpp"

namespace {

using namespace sluice;
using namespace sluice::message;
namespace fs = std::filesystem;

constexpr std::string_view kDomain = "shop.test";

void write(const fs::path& path, std::string_view bytes) {
  std::ofstream(path, std::ios::binary).write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

std::string read(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

[[noreturn]] void stop(const Error& error) {
  std::cerr << error.text << '\n';
  std::exit(1);
}

template <class T>
T must(Expected<T> value) {
  if (!value) stop(value.error());
  return std::move(*value);
}

struct Case {
  ContentSource source;
  std::string name;
  std::string first;
  std::string code;
};

ContentSource base() {
  ContentSource source;
  source.tenant = "shop";
  source.campaign_id = "autumn-2026";
  source.from = "Shop <news@shop.test>";
  source.subject = "Hello {{first}}";
  source.text = "Hello {{first}},\nyour code is {{code}}.\n{{postal_address}}\n{{unsubscribe_url}}\n";
  source.html =
      "<html><body>\r\n  <p>Hello {{first}}, your code is <b>{{code}}</b>.</p>\r\n</body></html>\r\n";
  source.postal_address = "1 Test Street";
  source.list_id = "Shop news <news.shop.test>";
  source.unsubscribe.url_prefix = "https://mail.shop.test/u/";
  source.unsubscribe.mailto_prefix = "u+";
  source.unsubscribe.mailto_domain = "bounces.shop.test";
  source.layout = must(RowLayout::of({"first", "code"}));
  return source;
}

std::vector<Case> cases() {
  std::vector<Case> all;
  all.push_back({base(), "Ada Lovelace", "Ada", "X-42"});

  auto text = base();
  text.html.clear();
  text.text = "{{first}} .{{code}}\n.\n\n  trailing  \t\n\n\n\n";
  all.push_back({text, "", "Bob", "."});

  auto unicode = base();
  unicode.from =
      "\"Gr\xC3\xBC\xC3\x9F"
      "e, GmbH\" <news@shop.test>";
  unicode.subject =
      "\xE6\x97\xA5\xE6\x9C\xAC\xE8\xAA\x9E {{first}} \xF0\x9F\x98\x80\xF0\x9F\x98\x80\xF0\x9F\x98\x80 "
      "with a subject that is longer than one line of a header can be";
  unicode.headers = {{"X-Note", "f\xC3\xBCr {{first}}"},
                     {"X-Long", std::string(300, 'a') + " " + std::string(300, 'b')}};
  all.push_back(
      {unicode, "Zo\xC3\xAB \xE2\x82\xAC, \"the\" third", "\xC3\x85se\xF0\x9F\x8D\x8F", "=?x?= & <b>\""});

  auto files = base();
  files.html += "<img src=\"cid:logo.png\">";
  std::string every;
  for (int i = 0; i < 4096; ++i) every.push_back(static_cast<char>(i * 7));
  files.images = {{"logo.png", "", "image/png", every}};
  files.attachments = {
      {"terms.pdf", "application/pdf", every + every},
      {"r\xC3\xA9sum\xC3\xA9 of everything that has a very long name indeed, and a comma.txt", "text/plain",
       "plain\ntext\n"},
      {"empty.bin", "", ""}};
  all.push_back({files, "Ann", "Ann", "1"});

  auto attached = base();
  attached.html.clear();
  attached.mail_class = MailClass::transactional;
  attached.attachments = {{"a.bin", "", every}};
  all.push_back({attached, "Ann", "Ann", std::string(500, 'w')});

  auto hostile = base();
  hostile.html = "<p>{{first}}{{code}}</p>\n<pre>{{{code}}}</pre>";
  all.push_back({hostile, "Eve\r\nBcc: x@y.test", "Eve\r\nBcc: x@y.test\r\n\r\nbody",
                 "\r\n.\r\nFrom x\r\n..\r\n--=_\r\n \t \r\n" + std::string(200, '.') + "\xC3\xA9"});

  auto wide = base();
  wide.html = "<p>" + std::string(3000, 'x') + "{{code}}" + std::string(200, '=') + "</p>\t \n\n\n";
  wide.text.clear();
  all.push_back({wide, "W", std::string(200, 'n'), "v"});
  return all;
}

void make(const fs::path& dir) {
  auto rsa = must(DkimKey::parse(must(generate_dkim_key(DkimAlgorithm::rsa_sha256)), kDomain, "rsa"));
  auto ed25519 = must(DkimKey::parse(must(generate_dkim_key(DkimAlgorithm::ed25519_sha256)), kDomain, "ed"));
  std::string records;
  for (const auto* key : {&rsa, &ed25519})
    records += dkim_record_name(key->selector(), key->domain()) + "\t" + dkim_record_text(*key) + "\n";
  write(dir / "records.txt", records);

  DkimOptions options;
  options.oversigned = {"from", "subject", "to"};
  std::map<std::string, DkimSigner> signers;
  for (const auto* name : {"rsa", "ed", "both"}) signers.emplace(name, DkimSigner(options));
  for (const auto* name : {"rsa", "both"}) (void)signers.at(name).add(must(rsa.clone()));
  for (const auto* name : {"ed", "both"}) (void)signers.at(name).add(must(ed25519.clone()));

  int number = 0;
  for (const auto& one : cases()) {
    const auto content = must(CampaignContent::compile(one.source));
    std::string row;
    const std::string_view fields[] = {one.first, one.code};
    encode_row(fields, row);
    RenderInput input;
    input.id = MessageId::make(from_ms(1'764'097'998'123), 1, 2, static_cast<Row>(number));
    input.recipient = "ann@example.test";
    input.name = one.name;
    input.row = row;
    input.unsubscribe_token = "dG9rZW4tMTIz";
    RenderedMessage mail;
    if (auto done = content.render(input, mail); !done) stop(done.error());
    for (auto& [name, signer] : signers) {
      std::string out;
      (void)must(signer.sign(mail.header, mail.body_pieces(), kDomain, input.id.accepted(), out));
      out += mail.header + mail.body;
      out += mail.tail;
      write(dir / (std::to_string(number) + "." + name + ".eml"), out);
    }
    const auto preview = must(content.preview(input));
    const auto put = [&](const std::string& what, std::string_view bytes) {
      write(dir / (std::to_string(number) + "." + what), bytes);
    };
    put("subject", preview.subject);
    put("text", preview.text);
    put("html", preview.html);
    put("name", one.name);
    for (std::size_t i = 0; i < one.source.attachments.size(); ++i) {
      put("attachment." + std::to_string(i), one.source.attachments[i].bytes);
      put("filename." + std::to_string(i), one.source.attachments[i].filename);
    }
    for (const auto& image : one.source.images) put("image", image.bytes);
    ++number;
  }
}

void check(const fs::path& records_file, const fs::path& file) {
  std::map<std::string, std::string> records;
  std::ifstream in(records_file);
  for (std::string line; std::getline(in, line);) {
    const auto tab = line.find('\t');
    if (tab != std::string::npos) records[line.substr(0, tab)] = line.substr(tab + 1);
  }
  const auto lookup = [&](const std::string& name) -> Expected<std::string> {
    const auto found = records.find(name);
    if (found == records.end()) return fail(ErrorCode::not_found, "no record at " + name);
    return found->second;
  };
  const auto mail = read(file);
  for (const auto& verdict : check_dkim(mail, lookup, SystemClock().now()))
    std::cout << name_of(verdict.result) << ' ' << verdict.reason << '\n';
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  if (arguments.size() == 2 && arguments[0] == "make") {
    make(arguments[1]);
  } else if (arguments.size() == 3 && arguments[0] == "check") {
    check(arguments[1], arguments[2]);
  } else {
    std::cerr << "usage: dkim_sign_tool make DIR | check RECORDS FILE\n";
    return 64;
  }
  return 0;
}
