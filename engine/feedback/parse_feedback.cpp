#include "engine/feedback/parse_feedback.hpp"

#include <algorithm>

#include "engine/feedback/bounce_result.hpp"
#include "engine/feedback/cloud_notice.hpp"
#include "engine/feedback/complaint.hpp"
#include "engine/feedback/delivery_status.hpp"
#include "engine/feedback/field_block.hpp"
#include "engine/feedback/mail_address.hpp"
#include "engine/feedback/notice_recipients.hpp"
#include "engine/feedback/notice_signals.hpp"
#include "engine/feedback/notice_text.hpp"
#include "engine/feedback/original_message.hpp"

namespace sluice::feedback {
namespace {

bool is_report_part(const MimePart& part) {
  return part.type == "message/delivery-status" || part.type == "message/global-delivery-status";
}

class Reader {
 public:
  Reader(std::string_view bytes, const Classifier& classifier, const ParseOptions& options)
      : message_(parse_mime(bytes, options.mime)), classifier_(classifier), options_(options) {}

  Feedback read() {
    const auto running = running_text(message_, options_.notice_bytes);
    auto split = split_notice(running);
    notice_ = std::move(split.said);
    feedback_.original = original_of(message_, split.quoted);
    feedback_.cut = message_.cut;
    quotes_ = !split.quoted.empty() || !feedback_.original.message_id.empty();
    feedback_.addressed_to = addressee();
    signals_ = signals_of(message_);
    if (auto complaint = parse_complaint(message_, feedback_.original, options_.recipients)) {
      return done(Feedback::Kind::complaint, std::move(*complaint));
    }
    if (auto told = parse_cloud_notice(running, classifier_, feedback_.original, options_.recipients)) {
      const bool complains = !told->empty() && told->front().result == ResultClass::complaint;
      return done(complains ? Feedback::Kind::complaint : Feedback::Kind::notice, std::move(*told));
    }
    if (read_report(running)) return finish();
    if (read_unsubscribe() || read_autoreply() || read_notice()) return finish();
    return finish();
  }

 private:
  [[nodiscard]] std::string addressee() const {
    for (const auto* name : {"x-original-to", "delivered-to", "envelope-to", "x-envelope-to", "to"}) {
      if (auto address = address_in(message_.field(name)); !address.empty()) return address;
    }
    return {};
  }

  Feedback done(Feedback::Kind kind, std::vector<Result> results) {
    feedback_.kind = results.empty() ? Feedback::Kind::none : kind;  // a form without anybody in it
    feedback_.results = std::move(results);
    return finish();
  }

  Feedback finish() {
    feedback_.cut = feedback_.cut || feedback_.results.size() >= options_.recipients;
    return std::move(feedback_);
  }

  /// A delivery-status part, or its fields in the text of a mail system.
  bool read_report(std::string_view running) {
    std::vector<RecipientStatus> statuses;
    bool standard = false;
    for (const auto& part : message_.parts) {
      if (!is_report_part(part)) continue;
      standard = true;
      auto found = parse_delivery_status(part.text, options_.recipients - statuses.size());
      statuses.insert(statuses.end(), std::make_move_iterator(found.begin()),
                      std::make_move_iterator(found.end()));
      // What a report says in fields of its own is read like a notice.
      if (found.empty()) notice_ += part.text;
    }
    const bool from_machine = signals_.daemon || signals_.null_path || message_.type == "multipart/report";
    if (statuses.empty() && from_machine && !signals_.answer && has_delivery_status(running)) {
      statuses = parse_delivery_status(running, options_.recipients);
    }
    report_ = standard;
    without_fields(notice_);
    for (auto& status : statuses) add(status, statuses.size() == 1);
    if (feedback_.results.empty()) return false;
    feedback_.kind = Feedback::Kind::dsn;
    return true;
  }

  /// A report's fields in the text are no words about a recipient.
  static void without_fields(std::string& text) {
    std::string out;
    std::string_view rest = text;
    while (!rest.empty()) {
      const auto line = take_line(rest);
      const auto name = lower_case(trimmed(line).substr(0, 20));
      const bool field = name.starts_with("final-recipient:") || name.starts_with("original-recipient:") ||
                         name.starts_with("reporting-mta:") || name.starts_with("arrival-date:") ||
                         name.starts_with("received-from-mta:") || name.starts_with("last-attempt-date:");
      if (!field) (out += line) += '\n';
    }
    text = std::move(out);
  }

  void add(const RecipientStatus& status, bool alone) {
    Result result;
    result.recipient = status.recipient();
    if (!same_address(status.original_recipient, result.recipient))
      result.original_recipient = status.original_recipient;
    result.action = status.action;
    if (status.action == "delivered" || status.action == "relayed" || status.action == "expanded") {
      result.result = ResultClass::delivered;
      result.status = status.status.text();
      feedback_.results.push_back(std::move(result));
      return;
    }
    std::string about;
    if (!status.recipient().empty()) about = lines_about(status.recipient());
    const Said said{status.diagnostic, about, alone ? std::string_view(notice_) : std::string_view(),
                    status.status, status.remote_mta};
    decide(result, said, classifier_, options_.diagnostic_bytes);
    feedback_.results.push_back(std::move(result));
  }

  /// Lines of the notice that name the address, and the server's line before each.
  [[nodiscard]] std::string lines_about(std::string_view address) const {
    constexpr std::size_t kMost = 4u << 10;
    std::string out;
    std::string_view rest = notice_, before;
    while (!rest.empty() && out.size() < kMost) {
      const auto line = take_line(rest);
      if (line.find(address) != std::string_view::npos) {
        if (before.starts_with("<<<")) out += std::string(before) + '\n';
        out += std::string(line.substr(0, kMost)) + '\n';
      }
      before = line;
    }
    return out;
  }

  bool read_unsubscribe() {
    if (!signals_.subject_unsubscribes || signals_.daemon) return false;
    if (signals_.auto_replied && signals_.answer) return false;
    Result result;
    result.recipient = address_in(message_.field("from"));
    result.result = ResultClass::complaint;
    result.feedback_type = "opt-out";
    feedback_.kind = Feedback::Kind::unsubscribe;
    feedback_.results.push_back(std::move(result));
    return true;
  }

  /// From a person's mailbox, by a program. Mail systems that mark their bounces so are no person.
  bool read_autoreply() {
    if (report_ || signals_.failed_header) return false;
    const bool marked = signals_.auto_replied && !signals_.daemon;
    const bool worded = signals_.subject_away && (signals_.auto_replied || says_away(notice_));
    const bool fails = signals_.daemon && signals_.subject_fails && says_failure(notice_);
    if ((!marked && !worded) || fails) return false;
    // Some systems mark a bounce as an answer and write as no person.
    if (signals_.robot && signals_.subject_fails && !signals_.subject_away && says_failure(notice_))
      return false;
    Result result;
    result.recipient = address_in(message_.field("from"));
    result.result = ResultClass::autoreply;
    feedback_.kind = Feedback::Kind::autoreply;
    feedback_.results.push_back(std::move(result));
    return true;
  }

  [[nodiscard]] bool is_notice() const {
    if (signals_.failed_header || report_) return true;
    if (signals_.answer) return false;
    const bool words = says_failure(notice_) || says_delay(notice_);
    const bool subject = signals_.subject_fails;
    if (signals_.daemon && subject) return words || quotes_ || signals_.null_path;
    if (signals_.daemon && signals_.null_path) return words;
    // Others speak of failures too (parcels, payments); they do not return our mail from no sender.
    if (!words) return false;
    if (signals_.daemon) return quotes_ || quotes_reply(notice_);
    return (signals_.null_path && (subject || (quotes_ && signals_.robot))) ||
           (subject && quotes_ && signals_.robot);
  }

  bool read_notice() {
    if (!is_notice()) return false;
    NoticeContext context;
    context.recipients = options_.recipients;
    for (const auto* name : {"to", "delivered-to", "x-original-to", "from", "return-path"}) {
      if (auto own = address_in(message_.field(name)); !own.empty()) context.own.push_back(std::move(own));
    }
    for (const auto& own : {feedback_.original.from, feedback_.original.return_path}) {
      if (!own.empty()) context.own.push_back(own);
    }
    auto found = notice_recipients(notice_, context);
    from_header(found);
    if (found.empty() && !feedback_.original.to.empty()) found.push_back({feedback_.original.to, {}});
    const bool named = !found.empty();
    if (!named && !says_failure(notice_) && !signals_.subject_fails) return false;
    if (!named) found.push_back({});
    const bool delay = says_delay(notice_);
    const bool success = says_success(notice_);
    for (auto& recipient : found) {
      Result result;
      result.recipient = recipient.address;
      if (delay) result.action = "delayed";
      if (success) {
        result.result = ResultClass::delivered;
        result.action = "delivered";
        feedback_.results.push_back(std::move(result));
        continue;
      }
      const auto whole = found.size() == 1 ? std::string_view(notice_) : std::string_view();
      decide(result, {{}, recipient.said, whole, {}, {}}, classifier_, options_.diagnostic_bytes);
      feedback_.results.push_back(std::move(result));
    }
    feedback_.kind = Feedback::Kind::notice;
    return true;
  }

  /// X-Failed-Recipients says for certain who failed; the text only what.
  void from_header(std::vector<NoticeRecipient>& found) const {
    const auto failed = find_addresses(message_.field("x-failed-recipients"), options_.recipients);
    if (failed.empty()) return;
    std::vector<NoticeRecipient> named;
    for (const auto& address : failed) {
      const auto known = std::ranges::find_if(
          found, [&](const NoticeRecipient& other) { return same_address(other.address, address.text); });
      named.push_back({std::string(address.text), known == found.end() ? std::string() : known->said});
    }
    found = std::move(named);
  }

  MimeMessage message_;
  const Classifier& classifier_;
  const ParseOptions& options_;
  std::string notice_;
  Signals signals_;
  bool report_ = false;  ///< has a delivery-status part
  bool quotes_ = false;  ///< has a message within
  Feedback feedback_;
};

}  // namespace

Feedback parse_feedback(std::string_view message, const Classifier& classifier, const ParseOptions& options) {
  return Reader(message, classifier, options).read();
}

}  // namespace sluice::feedback
