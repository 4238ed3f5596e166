// A mail template: Mustache (its specification is law) with Handlebars' if, unless, each, else, and {{url
// x}}.
//
// Compiled once per campaign against the stream's column names, rendered once per message. The compiled form
// is a flat run of segments (literal bytes, a value, a jump): rendering text with plain variables copies
// literals and looks nothing up by name. TEMPLATES.md beside this file is the language as users see it.
//
// Where a top-level name comes from, first that is not blank: the engine's own value (Extra), the row's
// column, the campaign's default. Inside a section the section's own members come before all of these.
//
// Threads: a Template is immutable; any number of threads may render it. Errors: compile names line and
// column; a render fails only at a limit or on a damaged row, and then `out` is cut back to what it was.
#pragma once

#include <array>
#include <concepts>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/base/error.hpp"
#include "engine/message/row.hpp"

namespace sluice::message {

/// How values are made safe for the place they go to.
enum class Mode : std::uint8_t {
  html,    ///< {{x}} escapes & < > " '
  text,    ///< {{x}} as it is
  header,  ///< as text, but CR, LF and NUL become a space and {{{x}}} does not compile
};

/// Values the engine supplies. Their template names are the enumerators' names; see name_of.
enum class Extra : std::uint8_t {
  email,            ///< the recipient's address
  name,             ///< the recipient's display name
  unsubscribe_url,  ///< the recipient's own one-click and landing address
  message_id,       ///< without angle brackets
  campaign_id,
  tenant,
  list_id,
  postal_address,
  from,     ///< the From address
  subject,  ///< the rendered subject, for the body's title; empty while the subject itself is rendered
  date,     ///< the Date header's text
};
inline constexpr std::size_t kExtraCount = 11;

[[nodiscard]] std::string_view name_of(Extra extra);
[[nodiscard]] std::optional<Extra> extra_named(std::string_view name);

class Extras {
 public:
  void set(Extra extra, std::string_view value) { values_[static_cast<std::size_t>(extra)] = value; }
  [[nodiscard]] std::string_view get(Extra extra) const { return values_[static_cast<std::size_t>(extra)]; }

 private:
  std::array<std::string_view, kExtraCount> values_{};
};

/// What one render needs. Views: the caller keeps the bytes alive during the call.
struct RenderContext {
  RowView row;
  Extras extras;
};

/// A non-owning callable, one indirect call. The callable must outlive the call it is passed to.
template <class Signature>
class FunctionRef;

template <class Result, class... Args>
class FunctionRef<Result(Args...)> {
 public:
  template <class Callable>
    requires(!std::same_as<std::remove_cvref_t<Callable>, FunctionRef>)
  FunctionRef(Callable&& callable)  // NOLINT(google-explicit-constructor): a parameter type, made to convert
      : object_(const_cast<void*>(static_cast<const void*>(std::addressof(callable)))),
        call_([](void* object, Args... args) -> Result {
          return (*static_cast<std::remove_reference_t<Callable>*>(object))(std::forward<Args>(args)...);
        }) {}

  Result operator()(Args... args) const { return call_(object_, std::forward<Args>(args)...); }

 private:
  void* object_;
  Result (*call_)(void*, Args...);
};

/// Appends the transfer-encoded form of one substituted value (already escaped for its Mode) to `out`; may
/// look at what `out` ends with. Called once a value, never with an empty one.
using ValueEncoder = FunctionRef<void(std::string_view value, std::string& out)>;
/// Gives what a run of literal bytes becomes.
using LiteralMap = FunctionRef<std::string(std::string_view literal)>;

/// Top-level name (or dotted path) -> text used where the row's value is missing, null or empty.
using Defaults = std::span<const std::pair<std::string, std::string>>;

struct TemplateOptions {
  std::size_t max_source_bytes = 2u << 20;  ///< longer source does not compile
  std::size_t max_depth = 32;               ///< blocks inside blocks; 1..64; deeper does not compile
  std::size_t max_segments = 65'536;        ///< literals, values and blocks together; more does not compile
  std::size_t max_output_bytes = 8u << 20;  ///< a render that would append more fails (limit)
  std::size_t max_steps = 1'000'000;        ///< segments executed by one render; more fails (limit)
};

/// A name the template uses, once, where it is used first.
struct TemplateVariable {
  std::string name;  ///< as written: "first_name", "order.total"
  std::uint32_t line = 0;
  std::uint32_t column = 0;
  bool known = false;  ///< a column, an Extra or a default answers it (its first part); false inside a
                       ///< section may still be a member of the section's value: see in_section
  bool in_section = false;
};

struct TemplateProgram;  // template_program.hpp

class Template {
 public:
  /// `defaults` are copied. The error's text is "line L, column C: what is wrong; what would be right".
  [[nodiscard]] static Expected<Template> compile(std::string_view source, Mode mode, const RowLayout& layout,
                                                  Defaults defaults = {},
                                                  const TemplateOptions& options = {});

  /// Appends to `out`. On failure `out` is as before.
  [[nodiscard]] Expected<> render(const RenderContext& context, std::string& out) const;
  /// The same with every substituted value passing through `encoder`; literals are copied as they are.
  [[nodiscard]] Expected<> render(const RenderContext& context, std::string& out, ValueEncoder encoder) const;

  /// A copy whose literal runs are `map` of ours, mapped in source order. A literal run is all the bytes
  /// between two tags; the map sees each once. Segments left empty stay out.
  [[nodiscard]] Template map_literals(LiteralMap map) const;

  [[nodiscard]] Mode mode() const;
  [[nodiscard]] const std::vector<TemplateVariable>& variables() const;
  /// True when there is no tag left: every render gives the same bytes.
  [[nodiscard]] bool constant() const;
  /// All literal bytes together: a lower bound for reserving output (blocks may leave some out).
  [[nodiscard]] std::size_t literal_bytes() const;

 private:
  explicit Template(std::shared_ptr<const TemplateProgram> program) : program_(std::move(program)) {}

  std::shared_ptr<const TemplateProgram> program_;  // shared: copies of an immutable program are free
};

}  // namespace sluice::message
