// The header of a campaign's mail, checked once and made ready: which fields are the same for all recipients
// and which hold a value of theirs. No value can end a field or start another; reserved names are refused.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/base/error.hpp"
#include "engine/base/id.hpp"
#include "engine/message/content_source.hpp"
#include "engine/message/template.hpp"

namespace sluice::message {

/// What one message puts into its header.
struct HeaderValues {
  std::string_view date;
  std::string_view message_id;  ///< without angle brackets and domain
  std::string_view recipient;
  std::string_view name;
  std::string_view subject;  ///< rendered
  std::string_view unsubscribe_token;
  std::string_view unsubscribe_url;
  std::string_view return_token = {};  ///< "": no X-Return-Token
};

class ContentHeader {
 public:
  struct Extra {
    std::string name;
    Template value;
  };

  /// `mime` are the layout's fields. Errors name the campaign's key: "headers.Subject: ...".
  [[nodiscard]] static Expected<ContentHeader> compile(const ContentSource& source,
                                                       const ContentLimits& limits, std::string_view mime);

  /// Appends all fields and the empty line. `scratch` is overwritten.
  [[nodiscard]] Expected<> render(const HeaderValues& values, const RenderContext& context,
                                  std::string& scratch, std::string& out) const;
  /// Appends the recipient's own unsubscribe address; nothing without a token or prefix.
  void append_unsubscribe_url(std::string_view token, std::string& out) const;

  [[nodiscard]] const Template& subject() const { return subject_; }
  [[nodiscard]] const std::vector<Extra>& extras() const { return extras_; }
  [[nodiscard]] const std::string& from_address() const { return from_address_; }
  [[nodiscard]] const std::string& from_domain() const { return from_domain_; }
  [[nodiscard]] const UnsubscribeSettings& unsubscribe() const { return unsubscribe_; }

 private:
  explicit ContentHeader(Template subject) : subject_(std::move(subject)) {}
  [[nodiscard]] Expected<> add_extra(std::string_view name, std::string_view value,
                                     const ContentSource& source, const TemplateOptions& options);
  [[nodiscard]] Expected<> add_fixed(const ContentSource& source);
  void append_unsubscribe(const HeaderValues& values, std::string& out) const;

  Template subject_;
  std::vector<Extra> extras_;
  UnsubscribeSettings unsubscribe_;
  std::string from_address_;
  std::string from_domain_;
  std::string from_field_;     // "From: ..." CRLF
  std::string subject_field_;  // the same for all, or ""
  std::string id_domain_;      // "@domain>" CRLF
  std::string fixed_;          // the other fields that are the same for all
};

}  // namespace sluice::message
