#include "engine/campaign/directory.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <simdjson.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <optional>

#include "engine/base/nearest_name.hpp"
#include "engine/campaign/recipient_reader.hpp"
#include "engine/campaign/row_mapper.hpp"
#include "engine/campaign/template_check.hpp"

namespace sluice::campaign {
namespace {

class Validation {
 public:
  Validation(Descriptor directory, const DirectoryLimits& limits) : limits_(limits) {
    out_.directory = std::move(directory);
  }

  std::expected<CampaignDirectory, Problems> run(const std::string& name) {
    if (!read_spec(name)) return std::unexpected(std::move(problems_));
    out_.html = read_template("html", out_.spec.html);
    out_.text = read_template("text", out_.spec.text);
    read_attachments();
    read_inline_images();
    const bool listed = open_list();
    if (listed) check_columns();
    check_templates(listed);
    if (!problems_.empty()) return std::unexpected(std::move(problems_));
    return std::move(out_);
  }

 private:
  bool read_spec(const std::string& name) {
    auto file = open_beneath(out_.directory.get(), kSpecName, limits_.spec_bytes);
    if (!file) {
      problems_.add({kSpecName, 0, 0,
                     file.error().code == ErrorCode::not_found
                         ? "the directory has no campaign.toml; it says what to send to whom"
                         : file.error().text});
      return false;
    }
    auto text = read_whole(file->file.get(), limits_.spec_bytes);
    if (!text) {
      problems_.add({kSpecName, 0, 0, text.error().text});
      return false;
    }
    auto spec = parse_spec(*text, name);
    if (!spec) {
      problems_.add(spec.error());
      return false;
    }
    out_.spec = std::move(*spec);
    return true;
  }

  /// A problem at the key of campaign.toml that named the file.
  void blame(std::string_view key, std::string text) {
    const auto at = out_.spec.where(key);
    problems_.add({kSpecName, at.line, at.column, std::move(text)});
  }

  std::optional<std::string> read_file(std::string_view key, const std::string& name, std::uint64_t most) {
    auto file = open_beneath(out_.directory.get(), name, most);
    if (!file) {
      blame(key, fmt::format("`{}`: {}", key, file.error().text));
      return std::nullopt;
    }
    auto bytes = read_whole(file->file.get(), most);
    if (!bytes) {
      blame(key, fmt::format("`{}`: {} {}", key, visible(name), bytes.error().text));
      return std::nullopt;
    }
    return std::move(*bytes);
  }

  std::string read_template(std::string_view key, const std::string& name) {
    if (name.empty()) return {};
    auto bytes = read_file(key, name, limits_.template_bytes);
    if (!bytes) return {};
    if (bytes->starts_with("\xef\xbb\xbf")) bytes->erase(0, 3);
    if (bytes->find_first_not_of(" \t\r\n") == std::string::npos) {
      problems_.add({name, 0, 0, "the file is empty"});
    }
    if (!simdjson::validate_utf8(bytes->data(), bytes->size()) || bytes->find('\0') != std::string::npos) {
      problems_.add({name, first_bad_line(*bytes), 0, "the file is no valid UTF-8 text; save it as UTF-8"});
      return {};
    }
    return std::move(*bytes);
  }

  static std::uint64_t first_bad_line(std::string_view text) {
    for (std::uint64_t line = 1;; ++line) {
      const auto end = text.find('\n');
      const auto one = text.substr(0, end);
      if (one.find('\0') != std::string_view::npos || !simdjson::validate_utf8(one.data(), one.size()))
        return line;
      if (end == std::string_view::npos) return 0;
      text.remove_prefix(end + 1);
    }
  }

  void add_part(std::vector<Part>& to, const std::string& name, std::optional<std::string> bytes) {
    if (!bytes) return;
    parts_left_ -= std::min<std::uint64_t>(parts_left_, bytes->size());
    to.push_back({name, std::move(*bytes)});
  }

  void read_attachments() {
    const auto& names = out_.spec.attachments;
    if (names.size() > limits_.attachments) {
      blame("attachments",
            fmt::format("{} attachments; at most {} are allowed", names.size(), limits_.attachments));
      return;
    }
    for (const auto& name : names)
      add_part(out_.attachments, name, read_file("attachments", name, parts_left_));
  }

  void read_inline_images() {
    const auto references = cid_references(out_.html);
    if (references.size() > limits_.inline_images) {
      problems_.add({out_.spec.html, references[limits_.inline_images].at.line,
                     references[limits_.inline_images].at.column,
                     fmt::format("more than the allowed {} inline images", limits_.inline_images)});
      return;
    }
    for (const auto& reference : references) {
      const auto wrong = [&](std::string text) {
        problems_.add({out_.spec.html, reference.at.line, reference.at.column, std::move(text)});
      };
      if (reference.name.find("{{") != std::string::npos) {
        wrong("an inline image's name cannot hold merge fields; every recipient gets the same parts");
        continue;
      }
      auto file = open_beneath(out_.directory.get(), reference.name, parts_left_);
      if (!file) {
        wrong(fmt::format("inline image cid:{}: {}", visible(reference.name), file.error().text));
        continue;
      }
      auto bytes = read_whole(file->file.get(), parts_left_);
      if (!bytes) {
        wrong(fmt::format("inline image cid:{} {}", visible(reference.name), bytes.error().text));
        continue;
      }
      add_part(out_.inline_images, reference.name, std::move(*bytes));
    }
  }

  bool open_list() {
    const auto& name = out_.spec.recipients;
    const auto kind = list_kind(name);
    if (!kind) {
      blame("recipients",
            fmt::format("`recipients`: \"{}\" must end in .csv or .jsonl, then nothing, .gz or .zst",
                        visible(name)));
      return false;
    }
    out_.list_kind = *kind;
    auto file = open_beneath(out_.directory.get(), name, limits_.list_bytes);
    if (!file) {
      blame("recipients", fmt::format("`recipients`: {}", file.error().text));
      return false;
    }
    out_.list = std::move(*file);
    Descriptor copy(::fcntl(out_.list.file.get(), F_DUPFD_CLOEXEC, 0));
    if (!copy.valid()) {
      blame("recipients", fail_errno("reading the list", errno).error().text);
      return false;
    }
    const bool good = read_list_start(std::move(copy));
    ::lseek(out_.list.file.get(), 0, SEEK_SET);  // the copy shares the offset
    return good;
  }

  bool read_list_start(Descriptor file) {
    const auto& name = out_.spec.recipients;
    auto reader = RecipientReader::open(name, std::move(file), out_.list_kind, limits_.list);
    if (!reader) {
      problems_.add(std::move(reader.error()));
      return false;
    }
    RowBatch batch;
    if (auto read = reader->next(batch); !read) {
      problems_.add({name, 0, 0, read.error().text});
      return false;
    }
    if (batch.rows.empty()) {
      problems_.add({name, 0, 0, "the list has no recipients"});
      return false;
    }
    out_.list_columns = reader->columns();
    const auto& columns = out_.list_columns;
    if (std::find(columns.begin(), columns.end(), "email") ==
        columns.end()) {  // JSON lines; a header always has it
      std::string text =
          fmt::format("none of the first {} rows is an object with the key `email`", batch.rows.size());
      if (!batch.rejections.empty()) text += "; the first row: " + batch.rejections[0].reason;
      problems_.add({name, batch.rows[0].line, 1, std::move(text)});
      return false;
    }
    return true;
  }

  /// Columns that campaign.toml names must be in a CSV header; JSON lines may bring them later.
  void check_columns() {
    if (out_.list_kind.format == ListFormat::jsonl) return;
    const auto need = [&](std::string_view key, const std::string& column) {
      const auto& columns = out_.list_columns;
      if (std::find(columns.begin(), columns.end(), column) != columns.end()) return;
      blame(key,
            fmt::format("`{}`: the list has no column `{}`{}", key, visible(column), nearest_column(column)));
    };
    for (const auto& column : out_.spec.meta) need("meta", column);
    if (!out_.spec.time_zone.column.empty()) need("time_zone", out_.spec.time_zone.column);
  }

  std::string nearest_column(std::string_view typed) const;

  void check_templates(bool listed) {
    TemplateCheck check(out_.spec, out_.list_columns, out_.list_kind.format);
    check.add_spec();
    if (!out_.html.empty()) check.add_file(out_.spec.html, out_.html, message::Mode::html);
    if (!out_.text.empty()) check.add_file(out_.spec.text, out_.text, message::Mode::text);
    problems_.add(check.problems());
    if (!listed) return;
    out_.notes = check.notes();
    auto layout = message::RowLayout::of(check.kept());
    if (layout) {
      out_.layout = std::move(*layout);
    } else {
      problems_.add({kSpecName, 0, 0, "the merge fields in use: " + layout.error().text});
    }
  }

  DirectoryLimits limits_;
  std::uint64_t parts_left_ = limits_.parts_bytes;
  CampaignDirectory out_;
  Problems problems_;
};

std::string Validation::nearest_column(std::string_view typed) const {
  const std::vector<std::string_view> names(out_.list_columns.begin(), out_.list_columns.end());
  return did_you_mean(typed, names);
}

}  // namespace

std::expected<CampaignDirectory, Problems> validate(int parent, const std::string& name,
                                                    const DirectoryLimits& limits) {
  Problems problems;
  const auto slash = name.find_last_of('/');
  const auto own_name = slash == std::string::npos ? name : name.substr(slash + 1);
  if (!valid_id(own_name)) {
    problems.add({"", 0, 0,
                  "the directory's name must be 1 to 100 letters, digits, '.', '_' or '-' and not start "
                  "with '.'"});
    return std::unexpected(std::move(problems));
  }
  auto directory = open_directory(parent, name);
  if (!directory) {
    problems.add({"", 0, 0, directory.error().text});
    return std::unexpected(std::move(problems));
  }
  return Validation(std::move(*directory), limits).run(own_name);
}

}  // namespace sluice::campaign
