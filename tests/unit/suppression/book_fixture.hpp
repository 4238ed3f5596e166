// A book over a queue of its own, whose mail nobody sends.
#pragma once

#include "engine/suppression/upkeep.hpp"
#include "queue/families.hpp"
#include "tests/unit/queue/queue_fixture.hpp"

namespace sluice::suppression {

struct Idle final : queue::RunReceiver {
  void on_runs(std::vector<queue::Run>) override {}
  void on_stream_changed(queue::StreamPtr) override {}
};

class BookFixture : public queue::QueueFixture {
 public:
  explicit BookFixture(Options wanted = {}) : book_options(std::move(wanted)) {
    book_options.filter_file = folder / "suppression.filter";
    open_book();
  }
  ~BookFixture() { book.reset(); }

  void open_book() {
    auto opened = Book::open(*queue, clock, book_options);
    ASSERT_TRUE(opened) << opened.error().text;
    book = std::move(*opened);
    queue->start({&idle});
  }
  /// As after kill -9: what was committed is there, the filter's file is not written.
  void restart() {
    queue->stop();
    book.reset();
    reopen();
    open_book();
  }
  ChangeReport add(const std::string& subject, Entry entry = {}, bool import = false) {
    Changes changes;
    changes.by_hand = !import;
    changes.import = import;
    changes.add.push_back({*Subject::parse(subject), std::move(entry)});
    auto report = book->commit(std::move(changes));
    EXPECT_TRUE(report) << report.error().text;
    return report.value_or(ChangeReport{});
  }
  std::uint64_t remove(const std::string& subject, Removal removal = {}) {
    removal.subject = *Subject::parse(subject);
    Changes changes;
    changes.remove.push_back(std::move(removal));
    return book->commit(std::move(changes))->removed;
  }
  /// "" or the event's reason.
  std::string probe(const std::string& address, const Audience& audience = {}) {
    auto found = book->probe(Subject::parse(address)->key, audience, clock.now());
    EXPECT_TRUE(found) << found.error().text;
    return found && *found ? (*found)->event_reason() : "";
  }
  /// What a worker would be told, in memory.
  std::string added(const std::string& address, const Audience& audience = {}) {
    const auto found = book->added(Subject::parse(address)->key, book->reach(audience));
    return found ? found->event_reason() : "";
  }

  Idle idle;
  Options book_options;
  std::unique_ptr<Book> book;
};

}  // namespace sluice::suppression
