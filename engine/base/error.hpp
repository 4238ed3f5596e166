// What can go wrong, as a value. Functions that can fail return Expected<T>; exceptions stay at start-up.
#pragma once

#include <expected>
#include <string>
#include <utility>

namespace sluice {

enum class ErrorCode {
  invalid_input,  ///< the caller's bytes or values break a rule; the text says where, what, and what would be
                  ///< right
  not_found,      ///< the thing named does not exist
  conflict,       ///< it exists already, or its state forbids the step
  limit,          ///< a named limit was reached; the text names it
  unavailable,    ///< cannot be done now, may work later (peer, disk or service away)
  timeout,        ///< the deadline passed
  cancelled,      ///< the owner gave up on the operation
  permission,     ///< not allowed, or a file is readable by more users than it may be
  corrupt,        ///< stored bytes do not decode; they were set aside, not dropped
  no_space,       ///< the disk is full, or the quota
  io,             ///< the operating system refused a read, write or sync
  internal,       ///< our own bug, reported where an assertion would lose mail
};

/// `text` is one sentence for a person: it names the file, key or peer. It never ends in a full stop or
/// newline.
struct Error {
  ErrorCode code;
  std::string text;

  friend bool operator==(const Error&, const Error&) = default;
};

template <class T = void>
using Expected = std::expected<T, Error>;

[[nodiscard]] inline std::unexpected<Error> fail(ErrorCode code, std::string text) {
  return std::unexpected<Error>(Error{code, std::move(text)});
}

/// The same error one level up: "reading campaign.toml: <text>".
[[nodiscard]] inline std::unexpected<Error> fail(Error cause, const std::string& while_doing) {
  return std::unexpected<Error>(Error{cause.code, while_doing + ": " + cause.text});
}

/// The enumerator's name, for logs and JSON.
[[nodiscard]] const char* name_of(ErrorCode code);

}  // namespace sluice
