// What the store keeps of an accepted campaign beside its content: enough to go on after a restart, whatever
// became of the directory. It travels in StreamSettings::spec.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "engine/campaign/kept_list.hpp"
#include "engine/campaign/recipient_reader.hpp"
#include "engine/campaign/spool.hpp"
#include "engine/campaign/windows.hpp"
#include "engine/message/row.hpp"
#include "engine/shaping/canary.hpp"

namespace sluice::campaign {

struct Acceptance {
  std::string incoming_name;
  std::string active_name;
  DirectoryIdentity identity;
  std::string list_name;  ///< of the recipient list in campaign.toml, for messages
  std::string kept_name;  ///< of the list's own copy beneath data_dir/lists
  ListFingerprint fingerprint;
  ListKind list_kind;
  message::RowLayout layout;
  std::string subject;
  std::string from;
  std::uint64_t first_seq = 0;  ///< no event of the campaign is older
  Windows windows;
  std::string zone_name = "UTC";  ///< of the windows
  std::string zone_column;        ///< each recipient's own zone; "": none has
  shaping::CanaryOptions canary;

  [[nodiscard]] std::string encode() const;
  /// Nothing for damaged bytes.
  [[nodiscard]] static std::optional<Acceptance> decode(std::string_view bytes);
};

/// How far a list has been expanded: the queue's checkpoint.
struct Progress {
  std::uint64_t row = 0;  ///< the last row that is in the queue, duplicate or rejected
  bool complete = false;  ///< the whole list has been read
  std::string failure;    ///< why reading ended early; then complete is false and no more will be read

  [[nodiscard]] std::string encode() const;
  /// A default value for no bytes.
  [[nodiscard]] static std::optional<Progress> decode(std::string_view bytes);
};

}  // namespace sluice::campaign
