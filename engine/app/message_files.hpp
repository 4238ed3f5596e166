// Messages on disk, one after the other: a file of one message, an mbox, a maildir, a folder of files.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/error.hpp"

namespace sluice::app {

struct MessageFilesOptions {
  std::size_t message_bytes = 1u << 20;  ///< kept of one message; the rest is skipped
  std::size_t depth = 20;                ///< of folders
};

/// "mail/x.eml", or "mbox:3" for the third message of an mbox. The bytes live for the call.
using EachMessage = std::function<void(const std::string& name, std::string_view bytes)>;

/// Folders in the order of their names; of a maildir `new` and `cur`, never `tmp`. "-" is standard input.
/// Errors: not_found, io; what could be read before has been given.
[[nodiscard]] Expected<> each_message(const std::string& path, const EachMessage& each,
                                      const MessageFilesOptions& options = {});

}  // namespace sluice::app
