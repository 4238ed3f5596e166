// `dkim keygen` and `dkim check`.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <cerrno>
#include <cstring>
#include <memory>
#include <ostream>

#include "engine/app/service.hpp"
#include "engine/app/table.hpp"
#include "engine/app/verbs.hpp"
#include "engine/campaign/descriptor.hpp"
#include "engine/message/dkim_key.hpp"
#include "engine/message/dkim_record.hpp"

namespace sluice::app {
namespace {

struct Keygen {
  std::string domain;
  std::string selector;
  std::string algorithm = "rsa";
  int bits = message::kRsaBits;
  std::string out;
};

/// Never replaces a key that is there: mail signed with it may still be on its way.
Expected<> write_key(const std::string& path, std::string_view pem) {
  campaign::Descriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!file.valid())
    return fail(ErrorCode::permission, fmt::format("making {}: {}", path, std::strerror(errno)));
  if (auto written = campaign::write_whole(file.get(), pem); !written) return written;
  return campaign::sync_descriptor(file.get(), path);
}

int keygen(Context& context, const Keygen& wanted) {
  const auto algorithm =
      wanted.algorithm == "rsa" ? message::DkimAlgorithm::rsa_sha256 : message::DkimAlgorithm::ed25519_sha256;
  const auto pem = message::generate_dkim_key(algorithm, wanted.bits);
  if (!pem) return context.complain(pem.error());
  const auto key = message::DkimKey::parse(*pem, wanted.domain, wanted.selector);
  if (!key) return context.complain(key.error());
  const auto path =
      wanted.out.empty() ? fmt::format("{}.{}.pem", key->selector(), key->domain()) : wanted.out;
  if (auto written = write_key(path, *pem); !written)
    return context.complain(kExitCantCreate, written.error().text);
  const auto name = message::dkim_record_name(key->selector(), key->domain());
  const auto record = message::dkim_record_text(*key);
  if (context.json) {
    context.out << boost::json::serialize(
                       boost::json::object{{"key_file", path}, {"name", name}, {"record", record}})
                << '\n';
    return kExitOk;
  }
  context.out << fmt::format(
      "Wrote the private key to {} (mode 0600). Publish:\n\n{}\n\nand configure:\n\n"
      "[[dkim]]\ndomain = \"{}\"\nselector = \"{}\"\nkey_file = \"{}\"\n",
      safe_text(path), message::dkim_zone_line(*key), key->domain(), key->selector(), safe_text(path));
  return kExitOk;
}

/// The keys of the configuration load and fit; what must be in DNS for each.
int check(Context& context) {
  const auto loaded = load_config(context);  // parses each key file
  if (!loaded) return context.exit_code;
  boost::json::array list;
  Table table({{"KEY"}, {"ALGORITHM"}, {"BITS", Table::Align::right}, {"NOTE"}});
  std::string zone;
  for (const auto& one : loaded->config.dkim) {
    const auto key = message::DkimKey::load(one.key_file, one.domain, one.selector);
    if (!key) return context.complain(key.error());
    const auto name = message::dkim_record_name(key->selector(), key->domain());
    const std::string note = key->weak() ? "below 2048 bits: replace it" : "";
    table.add({name, std::string(message::name_of(key->algorithm())), std::to_string(key->bits()), note});
    zone += message::dkim_zone_line(*key) + '\n';
    list.push_back(boost::json::object{{"name", name},
                                       {"algorithm", message::name_of(key->algorithm())},
                                       {"bits", key->bits()},
                                       {"weak", key->weak()},
                                       {"record", message::dkim_record_text(*key)}});
  }
  if (context.json) {
    context.out << boost::json::serialize(boost::json::object{{"keys", std::move(list)}}) << '\n';
  } else if (table.empty()) {
    context.out << "No [[dkim]] keys: mail goes out unsigned.\n";
  } else {
    context.out << table.text(context.terminal) << "\nThe zone must hold:\n\n" << zone;
  }
  return kExitOk;
}

}  // namespace

void setup_dkim(CLI::App& parent, Context& context) {
  auto* group = add_group(parent, "dkim", "Make and check signing keys");
  auto* verb = add_verb(*group, context, "keygen", "Make a key pair and print its DNS record",
                        "sluice dkim keygen --domain shop.test --selector s1 --out keys/s1.pem");
  const auto wanted = std::make_shared<Keygen>();
  verb->add_option("--domain", wanted->domain, "whose mail it signs")->required()->type_name("DOMAIN");
  verb->add_option("--selector", wanted->selector, "the key's name in DNS")->required()->type_name("NAME");
  verb->add_option("--algorithm", wanted->algorithm, "rsa or ed25519")
      ->check(CLI::IsMember({"rsa", "ed25519"}))
      ->capture_default_str();
  verb->add_option("--bits", wanted->bits, "of an RSA key")
      ->check(CLI::Range(message::kRsaBits, message::kMaxRsaBits))
      ->capture_default_str();
  verb->add_option("--out", wanted->out, "key file, must not exist (default SELECTOR.DOMAIN.pem)")
      ->type_name("FILE");
  on_run(verb, context, [&context, wanted] { return keygen(context, *wanted); });

  auto* checked = add_verb(*group, context, "check", "Load every configured key and show its DNS record",
                           "sluice dkim check");
  on_run(checked, context, [&context] { return check(context); });
}

}  // namespace sluice::app
