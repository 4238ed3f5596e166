// A campaign directory, checked as a whole before it is accepted: campaign.toml, templates, parts and the
// list's header. Everything but the list is read here, through one descriptor of the directory, so that what
// was checked is what will be sent, whatever happens to the names meanwhile.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <vector>

#include "engine/campaign/beneath.hpp"
#include "engine/campaign/byte_source.hpp"
#include "engine/campaign/limits.hpp"
#include "engine/campaign/problem.hpp"
#include "engine/campaign/spec.hpp"
#include "engine/message/row.hpp"

namespace sluice::campaign {

struct Part {
  std::string name;  ///< as campaign.toml or the html names it
  std::string bytes;
};

struct CampaignDirectory {
  CampaignSpec spec;
  Descriptor directory;
  std::string html;  ///< template sources, valid UTF-8
  std::string text;
  std::vector<Part> attachments;
  std::vector<Part> inline_images;  ///< what the html names as cid:NAME, each once
  OpenFile list;                    ///< at offset 0
  ListKind list_kind;
  std::vector<std::string> list_columns;  ///< CSV: the header; JSON lines: the keys of the first rows
  message::RowLayout layout;              ///< the columns that every record keeps
  std::vector<std::string> notes;         ///< no fault, but perhaps a slip: merge fields that nothing fills
};

/// `name` is the directory's own, default of the campaign's id. Finds every problem it can before it gives
/// up; never follows a link; reads no more than `limits`. The problem's file is "" when the directory cannot
/// be opened.
[[nodiscard]] std::expected<CampaignDirectory, Problems> validate(int parent, const std::string& name,
                                                                  const DirectoryLimits& limits);

struct CidReference {
  std::string name;
  Position at;
  friend bool operator==(const CidReference& a, const CidReference& b) { return a.name == b.name; }
};

/// The names behind `cid:` in attribute values and CSS urls, each once, in order of appearance.
[[nodiscard]] std::vector<CidReference> cid_references(std::string_view html);

}  // namespace sluice::campaign
