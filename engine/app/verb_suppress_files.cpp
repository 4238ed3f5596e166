// `suppress import|export`: files of any length, a piece at a time.
#include <fmt/format.h>

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <chrono>
#include <fstream>
#include <iostream>
#include <memory>
#include <thread>

#include "engine/app/suppression_access.hpp"
#include "engine/app/table.hpp"
#include "engine/app/verb_suppress.hpp"
#include "engine/suppression/import_row.hpp"

namespace sluice::app {
namespace {

using control::SuppressionWords;
namespace json = boost::json;

constexpr std::size_t kPart = 192 * 1024;   ///< of a file in one request; [http] body_size is 1 MiB
constexpr std::size_t kHeaderBytes = 4096;  ///< of the first row, which goes with every request
constexpr std::size_t kShownBad = 20;       ///< rows told on the terminal
constexpr std::chrono::milliseconds kLook{200};
constexpr unsigned kTries = 50;  ///< of a part, while the service is busy

struct ImportWanted {
  SuppressionWords words;
  std::string file;
  std::string rejected;
  bool no_wait = false;
};

/// A file as pieces that end with a row.
class Pieces {
 public:
  explicit Pieces(std::istream& in) : in_(in) {}

  /// "" at the end.
  std::string next() {
    for (;;) {
      const auto whole = rows_in_buffer();
      if (whole > 0 && (whole + kPart / 4 >= kPart || ended_)) return take(whole);
      if (ended_) return take(buffer_.size());
      const auto before = buffer_.size();
      buffer_.resize(before + kPart);
      in_.read(buffer_.data() + before, kPart);
      buffer_.resize(before + static_cast<std::size_t>(in_.gcount()));
      ended_ = !in_;
    }
  }
  [[nodiscard]] bool failed() const { return in_.bad(); }

 private:
  /// Bytes of whole rows at the front, no more than kPart unless one row is longer.
  std::size_t rows_in_buffer() const {
    std::size_t at = 0;
    while (at < buffer_.size()) {
      const auto row = suppression::cut_row(std::string_view(buffer_).substr(at), ended_);
      if (!row || (at > 0 && at + row->consumed > kPart)) break;
      at += row->consumed;
    }
    return at;
  }
  std::string take(std::size_t bytes) {
    auto out = buffer_.substr(0, bytes);
    buffer_.erase(0, bytes);
    return out;
  }

  std::istream& in_;
  std::string buffer_;
  bool ended_ = false;
};

class Import {
 public:
  Import(Context& context, SuppressionAccess& access, const ImportWanted& wanted)
      : context_(context), access_(access), wanted_(wanted), words_(wanted.words) {
    if (!wanted_.rejected.empty()) rejected_.open(wanted_.rejected, std::ios::trunc);
  }

  int run(std::istream& in) {
    if (!wanted_.rejected.empty() && !rejected_)
      return context_.complain(kExitCantCreate, "writing " + wanted_.rejected + " is not possible");
    Pieces pieces(in);
    for (auto piece = pieces.next(); !piece.empty(); piece = pieces.next()) {
      if (line_ == 1 && !begin(piece)) return context_.exit_code;
      if (auto sent = send(piece); !sent)
        return context_.complain(exit_code_of(sent.error().code),
                                 fmt::format("{}; all before line {} is in", sent.error().text, line_));
      line_ += lines_of(piece);
    }
    if (pieces.failed()) return context_.complain(kExitIo, "reading " + wanted_.file + " failed");
    if (line_ == 1) return context_.complain(kExitData, wanted_.file + " is empty");
    note(fmt::format("{}: {} added, {} renewed, {} unchanged, {} bad", wanted_.file, total("added"),
                     total("renewed"), total("unchanged"), total("bad_rows")));
    const bool in_force = wanted_.no_wait || wait_for_pass();
    report(in_force);
    return total("bad_rows") + total("refused") > 0 ? kExitFailures : kExitOk;
  }

 private:
  static std::uint64_t lines_of(std::string_view piece) {
    std::uint64_t out = 0;
    while (const auto row = suppression::cut_row(piece, true)) {
      out += row->lines;
      piece.remove_prefix(row->consumed);
    }
    return out;
  }

  bool begin(const std::string& piece) {
    const auto row = suppression::cut_row(piece, true);
    if (row) words_["first_row"] = std::string(row->text.substr(0, kHeaderBytes));
    const auto format = suppression::ImportFormat::of(words_["first_row"]);
    if (!format) {
      context_.exit_code = context_.complain(kExitData, wanted_.file + ": " + format.error().text);
      return false;
    }
    return note(wanted_.file + ": begun");
  }

  bool note(const std::string& text) {
    auto words = wanted_.words;
    words["note"] = text;
    const auto answer = access_.change("/v1/suppressions/import" + query_of(words), "");
    if (!answer) context_.exit_code = context_.complain(answer.error());
    return answer.has_value();
  }

  Expected<> send(const std::string& piece) {
    words_["line"] = std::to_string(line_);
    for (unsigned tries = 0;; ++tries) {
      auto answer = access_.change("/v1/suppressions/import" + query_of(words_), piece);
      const bool busy = !answer && answer.error().code == ErrorCode::limit && tries < kTries;
      if (!answer && !busy) return std::unexpected(answer.error());
      if (answer) return count(*answer);
      std::this_thread::sleep_for(kLook);
    }
  }

  Expected<> count(const json::object& answer) {
    for (const auto* key : {"rows", "added", "renewed", "unchanged", "refused", "bad_rows", "blank"})
      totals_[key] = total(key) + number_at(answer, key);
    if (const auto why = text_at(answer, "why"); !why.empty()) why_ = why;
    for (const auto* row : objects_at(answer, "bad")) {
      if (rejected_.is_open()) rejected_ << json::serialize(*row) << '\n';
      if (shown_.size() < kShownBad) shown_.push_back(*row);
    }
    if (const auto* subjects = answer.if_contains("refused_subjects"); subjects && subjects->is_array()) {
      for (const auto& subject : subjects->get_array()) {
        if (rejected_.is_open())
          rejected_ << json::serialize(json::object{{"text", subject}, {"reason", why_}}) << '\n';
      }
    }
    return {};
  }

  /// Mail that waits for those who were imported has its finals.
  bool wait_for_pass() {
    for (;;) {
      const auto status = access_.status();
      if (!status) return false;
      const auto* owed = status->if_contains("pass_owed");
      if (owed == nullptr || !owed->is_bool() || !owed->get_bool()) return true;
      std::this_thread::sleep_for(kLook);
    }
  }

  [[nodiscard]] std::int64_t total(const char* key) const { return number_at(totals_, key); }

  void report(bool in_force) {
    if (context_.json) {
      auto out = totals_;
      out["why"] = why_;
      out["in_force"] = in_force && !wanted_.no_wait;
      out["bad"] = shown_;
      context_.out << json::serialize(out) << '\n';
      return;
    }
    context_.out << fmt::format("{} rows: {} added, {} renewed, {} unchanged, {} bad, {} refused\n",
                                grouped(total("rows")), grouped(total("added")), grouped(total("renewed")),
                                grouped(total("unchanged")), grouped(total("bad_rows")),
                                grouped(total("refused")));
    if (!why_.empty()) context_.out << "refused: " << safe_text(why_) << '\n';
    for (const auto& value : shown_) {
      const auto& row = value.as_object();
      context_.out << fmt::format("line {}: {}: {}\n", number_at(row, "line"),
                                  safe_text(text_at(row, "reason")), safe_text(text_at(row, "text")));
    }
    if (total("bad_rows") > static_cast<std::int64_t>(shown_.size()))
      context_.out << "more are bad; --rejected FILE writes them all\n";
    if (!in_force) context_.out << "not yet in force for mail that waits\n";
  }

  Context& context_;
  SuppressionAccess& access_;
  const ImportWanted& wanted_;
  SuppressionWords words_;
  std::ofstream rejected_;
  std::uint64_t line_ = 1;
  json::object totals_;
  json::array shown_;
  std::string why_;
};

int import(Context& context, ImportWanted wanted) {
  auto access = SuppressionAccess::open(context);
  if (!access) return context.exit_code;
  auto& words = wanted.words;
  if (words["by"].empty()) words["by"] = who_acts();
  if (words["source"].empty())
    words["source"] = wanted.file.substr(wanted.file.rfind('/') + 1).substr(0, 200);
  if (words["reason"].empty()) words["reason"] = "imported";
  if (wanted.file == "-") return Import(context, *access, wanted).run(std::cin);
  std::ifstream in(wanted.file, std::ios::binary);
  if (!in) return context.complain(kExitData, "reading " + wanted.file + " is not possible");
  return Import(context, *access, wanted).run(in);
}

int write_all(Context& context, SuppressionAccess& access, SuppressionWords words, std::ostream& out) {
  out << suppression::export_header();
  words["limit"] = std::to_string(control::kMaxSuppressionsListed);
  do {
    const auto answer = access.read("list", words);
    if (!answer && answer.error().code == ErrorCode::not_found) break;
    if (!answer) return context.complain(answer.error());
    std::string text;
    for (const auto* row : objects_at(*answer, "suppressions")) {
      const auto subject = text_at(*row, "subject");
      for (const auto* entry : objects_at(*row, "entries")) {
        const auto tenant = text_at(*entry, "tenant"), list = text_at(*entry, "list_id");
        const auto source = text_at(*entry, "source"), by = text_at(*entry, "by");
        suppression::append_export_row(
            text, subject,
            {suppression::scope_of(text_at(*entry, "scope")).value_or(suppression::Scope::global),
             suppression::reason_of(text_at(*entry, "reason")).value_or(suppression::Reason::manual), tenant,
             list, source, by, suppression::parse_time(text_at(*entry, "time")).value_or(0),
             suppression::parse_time(text_at(*entry, "expires")).value_or(0)});
      }
    }
    out << text;
    words["cursor"] = text_at(*answer, "next");
  } while (!words["cursor"].empty() && out);
  out.flush();
  return out ? kExitOk : context.complain(kExitIo, "writing failed");
}

int export_rows(Context& context, const ImportWanted& wanted) {
  auto access = SuppressionAccess::open(context);
  if (!access) return context.exit_code;
  if (wanted.file == "-") return write_all(context, *access, wanted.words, context.out);
  std::ofstream out(wanted.file, std::ios::binary | std::ios::trunc);
  if (!out) return context.complain(kExitCantCreate, "writing " + wanted.file + " is not possible");
  return write_all(context, *access, wanted.words, out);
}

}  // namespace

void setup_suppress_files(CLI::App& group, Context& context) {
  auto* in =
      add_verb(group, context, "import", "Suppress everybody in a file: CSV with a header, or one a line",
               "sluice suppress import unsubscribed.csv --tenant shop --reason unsubscribed");
  const auto wanted = std::make_shared<ImportWanted>();
  in->add_option("FILE", wanted->file, "- is standard input")->required();
  add_scope_options(*in, wanted->words);
  in->add_option("--expires", wanted->words["expires"], "of rows that name no time")->type_name("TIME");
  in->add_option("--source", wanted->words["source"], "of rows that name none; else the file's name")
      ->type_name("TEXT");
  in->add_option("--by", wanted->words["by"], "who does it; else the user")->type_name("NAME");
  in->add_option("--rejected", wanted->rejected, "bad rows go there, a JSON line each")->type_name("FILE");
  in->add_flag("--no-wait", wanted->no_wait, "do not wait until mail that waits is dealt with");
  on_run(in, context, [&context, wanted] { return import(context, *wanted); });
  auto* out = add_verb(group, context, "export", "All entries as CSV that `import` reads",
                       "sluice suppress export all.csv --tenant shop");
  const auto chosen = std::make_shared<ImportWanted>();
  chosen->file = "-";
  out->add_option("FILE", chosen->file, "- is standard output")->capture_default_str();
  add_scope_options(*out, chosen->words);
  out->add_option("--domain", chosen->words["domain"], "only of this domain")->type_name("DOMAIN");
  on_run(out, context, [&context, chosen] { return export_rows(context, *chosen); });
}

}  // namespace sluice::app
