#include "engine/app/demo_folder.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>

#include <algorithm>
#include <array>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <cerrno>
#include <fstream>
#include <sstream>

#include "engine/app/demo_plan.hpp"
#include "engine/app/service.hpp"
#include "engine/message/dkim_key.hpp"
#include "engine/message/dkim_record.hpp"

namespace sluice::app {
namespace {

namespace fs = std::filesystem;

constexpr const char* kState = "demo.json";
constexpr const char* kLock = ".lock";
constexpr std::size_t kMaxState = 64 * 1024;
/// Everything a demo makes in its folder: what clear() may remove.
constexpr std::array<std::string_view, 10> kOurs{"sluice.toml", "keys",     "newsletter", "data",
                                                 "spool",       "received", "demo.json",  "report.html",
                                                 "report.json", ".lock"};

struct DemoKey {
  const char* selector;
  message::DkimAlgorithm algorithm;
};
constexpr std::array<DemoKey, 2> kKeys{
    {{"rsa", message::DkimAlgorithm::rsa_sha256}, {"ed", message::DkimAlgorithm::ed25519_sha256}}};

Expected<> write_file(const std::string& path, std::string_view bytes, int mode = 0644) {
  campaign::Descriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode));
  if (!file.valid()) return campaign::fail_errno("making " + path, errno);
  return campaign::write_whole(file.get(), bytes);
}

Expected<std::string> read_file(const std::string& path, std::size_t most) {
  const campaign::Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.valid()) return campaign::fail_errno("opening " + path, errno);
  return campaign::read_whole(file.get(), most);
}

/// The example's campaign.toml for the demo: as fast as the throttles let it, and given up only after a day,
/// so that the retry ladder ends it and not a pause.
std::string demo_spec(const std::string& example) {
  std::istringstream in(example);
  std::string out;
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with("rate ") || line.starts_with("rate=")) continue;
    out += (line.starts_with("expire") ? "expire    = \"24h\"" : line) + '\n';
  }
  return out;
}

std::string provider_toml(const DemoProvider& provider, const std::string& listen) {
  auto out = fmt::format(
      "\n[[provider]]\nname = \"{0}\"\nmx_suffixes = [\"{1}\"]\n"
      "[[route]]\nmatch = {{ domain = \"{2}\" }}\nhosts = [\"{3}\"]\n"
      "[[route]]\nmatch = {{ domain = \"*.{2}\" }}\nhosts = [\"{3}\"]\n"
      "[[policy]]\nname = \"{0}\"\nmatch = {{ provider = \"{0}\" }}\nconnections = {4}\n"
      "messages_per_connection = {5}\n",
      provider.name, listen.substr(0, listen.rfind(':')), provider.domain, listen, provider.connections,
      provider.per_connection);
  if (!provider.message_rate.empty()) out += fmt::format("message_rate = \"{}\"\n", provider.message_rate);
  return out;
}

}  // namespace

Expected<DemoFolder> DemoFolder::open(const std::string& path, bool resume) {
  std::error_code error;
  DemoFolder out;
  out.path_ = fs::absolute(path, error);
  if (resume && !fs::exists(out.path_ / kState, error)) {
    return fail(ErrorCode::not_found, path + " holds no demo to resume; leave --resume out");
  }
  fs::create_directories(out.path_, error);
  if (error) return fail(ErrorCode::permission, "making " + path + ": " + error.message());
  out.lock_ = campaign::Descriptor(::open(out.file(kLock).c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644));
  if (!out.lock_.valid()) return campaign::fail_errno("making " + out.file(kLock), errno);
  if (::flock(out.lock_.get(), LOCK_EX | LOCK_NB) != 0) {
    return fail(ErrorCode::conflict, "another demo runs in " + path + "; give this one its own --dir");
  }
  auto ready = resume ? out.load_state() : out.clear();
  if (!ready) return std::unexpected(ready.error());
  ++out.state_.starts;
  fs::create_directories(out.path_ / "received", error);
  if (error) return fail(ErrorCode::io, "making " + out.file("received") + ": " + error.message());
  return out;
}

Expected<> DemoFolder::clear() const {
  std::error_code error;
  std::vector<fs::path> old;
  for (const auto& entry : fs::directory_iterator(path_, error)) {
    const auto name = entry.path().filename().string();
    if (std::ranges::find(kOurs, name) == kOurs.end()) {
      return fail(ErrorCode::invalid_input, path_.string() + " holds " + name +
                                                ", which no demo made; give the demo a --dir of its own");
    }
    if (name != kLock) old.push_back(entry.path());
  }
  for (const auto& one : old) {
    if (!error) fs::remove_all(one, error);
  }
  if (error) return fail(ErrorCode::io, "clearing " + path_.string() + ": " + error.message());
  return {};
}

Expected<> DemoFolder::load_state() {
  const auto text = read_file(file(kState), kMaxState);
  if (!text) return std::unexpected(text.error());
  boost::system::error_code error;
  const auto value = boost::json::parse(*text, error);
  if (error || !value.is_object()) return fail(ErrorCode::corrupt, file(kState) + " is damaged");
  const auto& object = value.get_object();
  const auto number = [&](std::string_view key) {
    return static_cast<std::uint64_t>(number_at(object, key));
  };
  state_.seed = number("seed");
  state_.starts = number("starts");
  state_.recipients = number("recipients");
  state_.list = {number("rows"), number("duplicates"), number("invalid"), {}};
  state_.seconds = real_at(object, "seconds");
  for (const auto* one : objects_at(object, "providers")) {
    state_.list.recipients[text_at(*one, "name")] = static_cast<std::uint64_t>(number_at(*one, "recipients"));
    state_.listen.push_back(text_at(*one, "listen"));
  }
  if (state_.listen.size() != demo_providers().size())
    return fail(ErrorCode::corrupt, file(kState) + " is damaged");
  return {};
}

Expected<> DemoFolder::save_state() const {
  boost::json::array providers;
  for (std::size_t i = 0; i < demo_providers().size(); ++i) {
    const auto& name = demo_providers()[i].name;
    const auto found = state_.list.recipients.find(name);
    providers.push_back(
        boost::json::object{{"name", name},
                            {"listen", i < state_.listen.size() ? state_.listen[i] : ""},
                            {"recipients", found == state_.list.recipients.end() ? 0 : found->second}});
  }
  const boost::json::object all{{"seed", state_.seed},
                                {"starts", state_.starts},
                                {"recipients", state_.recipients},
                                {"rows", state_.list.rows},
                                {"duplicates", state_.list.duplicates},
                                {"invalid", state_.list.invalid},
                                {"seconds", state_.seconds},
                                {"providers", std::move(providers)}};
  return write_file(file(kState), boost::json::serialize(all) + '\n');
}

Expected<> DemoFolder::make_keys() const {
  std::error_code error;
  fs::create_directories(path_ / "keys", error);
  if (error) return fail(ErrorCode::io, "making " + file("keys") + ": " + error.message());
  for (const auto& key : kKeys) {
    const auto pem = message::generate_dkim_key(key.algorithm);
    if (!pem) return std::unexpected(pem.error());
    if (auto written = write_file(file(fmt::format("keys/{}.pem", key.selector)), *pem, 0600); !written)
      return written;
  }
  return {};
}

Expected<std::map<std::string, std::string>> DemoFolder::key_records() const {
  std::map<std::string, std::string> out;
  for (const auto& one : kKeys) {
    const auto key =
        message::DkimKey::load(file(fmt::format("keys/{}.pem", one.selector)), kDemoDomain, one.selector);
    if (!key) return std::unexpected(key.error());
    out.emplace(message::dkim_record_name(key->selector(), key->domain()), message::dkim_record_text(*key));
  }
  return out;
}

Expected<> DemoFolder::make_campaign(const std::string& example, std::uint64_t rows, std::uint64_t seed) {
  const auto to = path_ / "newsletter";
  std::error_code error;
  fs::create_directory(to, error);
  for (const auto& entry : fs::directory_iterator(example, error)) {
    const auto name = entry.path().filename();
    if (name == "recipients.csv" || name == "campaign.toml" || !entry.is_regular_file()) continue;
    fs::copy_file(entry.path(), to / name, error);
    if (error) break;
  }
  if (error) return fail(ErrorCode::io, "copying " + example + ": " + error.message());
  const auto spec = read_file(example + "/campaign.toml", kMaxState);
  if (!spec) return std::unexpected(spec.error());
  if (auto written = write_file((to / "campaign.toml").string(), demo_spec(*spec)); !written) return written;
  std::ofstream list(to / "recipients.csv", std::ios::binary);
  DemoListOptions options;
  options.rows = rows;
  options.seed = seed;
  state_.seed = seed;
  state_.recipients = rows;
  state_.list = write_demo_list(list, options);
  list.close();
  if (!list) return fail(ErrorCode::io, "writing " + (to / "recipients.csv").string());
  return {};
}

Expected<> DemoFolder::write_config(const std::vector<std::string>& listen) const {
  std::string out =
      "# Written by `sluice demo`. `sluice config reference` explains every key.\n"
      "data_dir = \"data\"\n\n"
      "[log]\nlevel = \"warn\"\n\n"
      "[spool]\ndir = \"spool\"\nsettle = \"100ms\"\n\n"
      "[http]\nlisten = \"127.0.0.1:0\"\n\n"
      "[public]\nurl = \"https://mail.shop.test\"\n\n"
      "[bounce]\ndomain = \"bounces.shop.test\"\n\n"
      "[delivery]\nehlo = \"mta.shop.test\"\n\n"
      "# Seconds instead of minutes: a demo has no hour to wait. The last step is longer than the campaign "
      "lives,\n"
      "# so a mailbox that stays full is given up after the seventh attempt.\n"
      "[retry]\nladder = [\"1s\", \"1s\", \"1s\", \"2s\", \"2s\", \"3s\", \"48h\"]\n"
      "greylist = [\"3s\", \"3s\"]\nin_doubt_delay = \"5s\"\n";
  for (const auto& key : kKeys) {
    out += fmt::format("\n[[dkim]]\ndomain = \"{}\"\nselector = \"{}\"\nkey_file = \"keys/{}.pem\"\n",
                       kDemoDomain, key.selector, key.selector);
  }
  for (std::size_t i = 0; i < demo_providers().size(); ++i)
    out += provider_toml(demo_providers()[i], listen[i]);
  return write_file(file("sluice.toml"), out);
}

Expected<std::string> find_newsletter() {
  constexpr const char* kExample = "config/examples/newsletter";
  std::error_code error;
  std::vector<fs::path> places{fs::current_path(error)};
  const auto program = fs::read_symlink("/proc/self/exe", error);
  if (!error) places.insert(places.end(), {program.parent_path().parent_path(), program.parent_path()});
  for (const auto& place : places) {
    if (fs::exists(place / kExample / "campaign.toml", error)) return (place / kExample).string();
  }
  return fail(ErrorCode::not_found,
              fmt::format("the demo sends {}, which is neither in the working directory nor "
                          "beside {}; run it from a clone of the repository",
                          kExample, program.string()));
}

}  // namespace sluice::app
