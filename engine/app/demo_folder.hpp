// The demo's folder: everything it writes, laid out as a small installation that other verbs can be pointed
// at.
//
//   sluice.toml        the configuration: what a person would write, ports filled in
//   keys/              signing keys of shop.test, made for this folder
//   newsletter/        config/examples/newsletter with the demo's list
//   data/ spool/       the service's own
//   received/          what the receivers took: ids-N.log, N-samples/ for each start
//   demo.json          what a resumed run must know
//   report.html, report.json  at the end
//
// The folder is locked while a demo runs in it. One thread.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "engine/app/demo_list.hpp"
#include "engine/base/error.hpp"
#include "engine/campaign/descriptor.hpp"

namespace sluice::app {

inline constexpr const char* kDemoCampaign = "newsletter-autumn";
inline constexpr const char* kDemoDomain = "shop.test";

/// What demo.json holds.
struct DemoState {
  std::uint64_t seed = 1;
  std::uint64_t starts = 0;  ///< runs in this folder, this one included
  std::uint64_t recipients = 0;
  DemoListCounts list;
  double seconds = 0;               ///< spent by earlier runs
  std::vector<std::string> listen;  ///< the receivers' addresses, in the order of demo_providers()
};

class DemoFolder {
 public:
  /// Locks the folder, which is made when absent. Fresh: what an earlier demo left is removed; a folder with
  /// other things in it is refused. Resumed: the state is read. conflict: another demo runs in it.
  [[nodiscard]] static Expected<DemoFolder> open(const std::string& path, bool resume);

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  [[nodiscard]] std::string file(const std::string& name) const { return (path_ / name).string(); }
  [[nodiscard]] DemoState& state() { return state_; }
  [[nodiscard]] const DemoState& state() const { return state_; }

  /// Fresh only: keys, and the newsletter with its list.
  [[nodiscard]] Expected<> make_keys() const;
  [[nodiscard]] Expected<> make_campaign(const std::string& example, std::uint64_t rows, std::uint64_t seed);
  /// sluice.toml for receivers at `listen`; workers as configured.
  [[nodiscard]] Expected<> write_config(const std::vector<std::string>& listen) const;
  [[nodiscard]] Expected<> save_state() const;
  /// "shop.test/s1" and the like with their public records, by DNS name.
  [[nodiscard]] Expected<std::map<std::string, std::string>> key_records() const;

 private:
  DemoFolder() = default;
  [[nodiscard]] Expected<> clear() const;
  [[nodiscard]] Expected<> load_state();

  std::filesystem::path path_;
  campaign::Descriptor lock_;
  DemoState state_;
};

/// config/examples/newsletter: in the working directory, or beside the build directory the program is in.
[[nodiscard]] Expected<std::string> find_newsletter();

}  // namespace sluice::app
