// A campaign's mail, compiled once and rendered per recipient into wire bytes: CRLF, 7-bit, lines of at most
// 78 columns where the text allows and never above 998, no line that starts with '.' (DATA needs no
// dot-stuffing).
//
// All that does not depend on the recipient is encoded when compiling: template literals as quoted-printable
// pieces, header fields, part headers, attachments. Date and Message-ID come from the message's id, and the
// boundaries from tenant and campaign, so that a retry, or another process, makes the same bytes. The
// boundaries start with "=_", which neither encoding can produce (RFC 2045 6.7), so no value can forge one,
// and parts after the last merge field can be shared by all messages.
//
// Threads: immutable after compile; any thread renders, each with its own RenderedMessage.
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/error.hpp"
#include "engine/base/id.hpp"
#include "engine/message/content_source.hpp"

namespace sluice::message {

/// Views: the caller keeps the bytes during the call.
struct RenderInput {
  MessageId id;
  std::string_view recipient;          ///< normal form (address.hpp); ASCII
  std::string_view name;               ///< display name, UTF-8, may be empty
  std::string_view row;                ///< blob of row.hpp
  std::string_view unsubscribe_token;  ///< URL-safe (RFC 3986 unreserved); empty: no List-Unsubscribe
  std::string_view return_token =
      {};  ///< leads back to the recipient: Message-ID and X-Return-Token; "": none
};

/// Keep one per connection or worker and render into it again and again: its buffers stay. On the wire
/// [DKIM-Signature fields] header body tail are the message.
struct RenderedMessage {
  std::string header;     ///< the fields and the empty line after them
  std::string body;       ///< the recipient's part of the body; ends with CRLF
  std::string_view tail;  ///< the rest, equal for all; lives as long as the CampaignContent

  [[nodiscard]] std::array<std::string_view, 2> body_pieces() const { return {body, tail}; }
  [[nodiscard]] std::size_t size() const { return header.size() + body.size() + tail.size(); }

 private:
  friend class CampaignContent;
  std::string subject_;
  std::string url_;
  std::string date_;
  std::string id_;
  std::string value_;
};

struct Preview {
  std::string subject;
  std::string html;  ///< empty when the campaign has none
  std::string text;
};

class CampaignContent {
 public:
  /// The error names the field of the campaign and what would be right: "html: line 3, column 7: ...".
  [[nodiscard]] static Expected<CampaignContent> compile(const ContentSource& source,
                                                         const ContentLimits& limits = {});
  CampaignContent(CampaignContent&&) noexcept;
  CampaignContent& operator=(CampaignContent&&) noexcept;
  ~CampaignContent();

  /// Overwrites `out`; after a failure it holds nothing of use. Fails (invalid_input) on an address or token
  /// that cannot stand in a header, (corrupt) on a damaged row, (limit) on a value over a limit.
  [[nodiscard]] Expected<> render(const RenderInput& input, RenderedMessage& out) const;
  /// What the recipient reads, as UTF-8.
  [[nodiscard]] Expected<Preview> preview(const RenderInput& input) const;

  /// Lower case; the domain that signs.
  [[nodiscard]] const std::string& from_domain() const;
  /// Every name the templates use, once, in the order they are met.
  [[nodiscard]] const std::vector<std::string>& fields() const;
  /// What is allowed but looks wrong: unknown variables, no way to unsubscribe, no postal address in the
  /// text.
  [[nodiscard]] const std::vector<std::string>& warnings() const;

 private:
  struct Compiled;

  explicit CampaignContent(std::unique_ptr<const Compiled> compiled);
  void fill(const RenderInput& input, RenderedMessage& out, RenderContext& context) const;
  [[nodiscard]] Expected<> render_subject(RenderContext& context, std::string& out) const;
  [[nodiscard]] Expected<> render_body(const RenderContext& context, RenderedMessage& out) const;

  std::unique_ptr<const Compiled> compiled_;
};

}  // namespace sluice::message
