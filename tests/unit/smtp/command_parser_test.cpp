#include "engine/smtp/command_parser.hpp"

#include <gtest/gtest.h>

namespace sluice::smtp {
namespace {

constexpr ParameterSet kAll{};

/// The reply's code and enhanced code, or "ok".
std::string verdict(std::string_view line, const ParameterSet& offered = kAll) {
  const auto parsed = parse_command(line, offered);
  if (parsed) return "ok";
  return std::to_string(parsed.error().reply.code) + ' ' + parsed.error().reply.enhanced.text();
}

TEST(CommandParser, TakesVerbsInAnyCaseAndDropsTrailingBlanks) {
  EXPECT_EQ(parse_command("mAiL fRoM:<a@b.test>  \t", kAll)->path.address, "a@b.test");
  EXPECT_EQ(parse_command("quit ", kAll)->verb, Verb::quit);
  EXPECT_EQ(parse_command("NOOP anything", kAll)->argument, "anything");
  EXPECT_EQ(verdict("DATA now"), "501 5.5.4");
  EXPECT_EQ(verdict("FROB"), "500 5.5.1");
  EXPECT_EQ(verdict(""), "500 5.5.1");
}

TEST(CommandParser, RefusesControlBytesAnywhere) {
  for (const auto* line : {"NOOP a\rb", "NOOP a\nb", "MAIL FROM:<a\x01@b.test>", "RCPT\tTO:<a@b.test>"}) {
    EXPECT_EQ(verdict(line), "500 5.5.2") << line;
  }
  EXPECT_EQ(verdict(std::string_view("NOOP \0", 6)), "500 5.5.2");
}

TEST(CommandParser, ReadsPathsAsRfc5321Writes) {
  const auto quoted = parse_command(R"(RCPT TO:<"a \"> b"@example.test>)", kAll);
  ASSERT_TRUE(quoted);
  EXPECT_EQ(quoted->path.local(), R"("a \"> b")");
  EXPECT_EQ(quoted->path.domain(), "example.test");
  EXPECT_EQ(parse_command("RCPT TO:<@one.test,@two.test:u@three.test>", kAll)->path.address, "u@three.test");
  EXPECT_EQ(parse_command("RCPT TO:<u@[192.0.2.1]>", kAll)->path.domain(), "[192.0.2.1]");
  EXPECT_EQ(parse_command("RCPT TO:<u@[IPv6:2001:db8::1]>", kAll)->path.domain(), "[IPv6:2001:db8::1]");
  EXPECT_TRUE(parse_command("MAIL FROM:<>", kAll)->path.null());
  EXPECT_EQ(parse_command("RCPT TO:<postMaster>", kAll)->path.local(), "postMaster");
  EXPECT_EQ(parse_command("RCPT TO:<a.b+c=d@x-y.test>", kAll)->path.at, 7U);
}

TEST(CommandParser, RefusesPathsThatBreakTheGrammar) {
  for (const auto* path :
       {"a@b.test",      "<a@b.test",    "<a b@c.test>",  "<.a@b.test>",     "<a.@b.test>",
        "<a..b@c.test>", "<a@>",         "<@b.test>",     "<a@b..test>",     "<a@-b.test>",
        "<a@b_c.test>",  "<a@[1.2.3]>",  "<a@[IPv6:zz]>", "<\"a@b.test>",    "<\"a\"b@c.test>",
        "<a@b@c.test>",  "< a@b.test>",  "<@x:>",         "<@x,y:a@b.test>", "<a>",
        "<a@b.test>x",   "<\xff@b.test>"}) {
    EXPECT_NE(verdict("RCPT TO:" + std::string(path)), "ok") << path;
  }
  EXPECT_EQ(verdict("RCPT TO:<>"), "501 5.1.3");
  EXPECT_EQ(verdict("MAIL FROM:<postmaster>"), "501 5.1.7");
  EXPECT_EQ(verdict("RCPT TO: <a@b.test>"), "501 5.1.3") << "no blank after the colon";
  EXPECT_EQ(verdict("MAIL TO:<a@b.test>"), "501 5.5.4");
}

TEST(CommandParser, HoldsTheSizesOfRfc5321) {
  const std::string local(64, 'a');
  EXPECT_EQ(verdict("RCPT TO:<" + local + "@b.test>"), "ok");
  EXPECT_EQ(verdict("RCPT TO:<a" + local + "@b.test>"), "501 5.1.3");
  std::string domain =
      std::string(63, 'd') + '.' + std::string(63, 'd') + '.' + std::string(60, 'd') + ".test";
  EXPECT_EQ(verdict("RCPT TO:<" + std::string(60, 'a') + '@' + domain + ">"), "ok");
  EXPECT_EQ(verdict("RCPT TO:<" + std::string(64, 'a') + '@' + domain + ">"), "501 5.1.3");
  EXPECT_EQ(verdict("RCPT TO:<a@" + std::string(64, 'd') + ".test>"), "501 5.1.3");
}

TEST(CommandParser, ReadsMailParameters) {
  const auto mail =
      parse_command("MAIL FROM:<a@b.test> SIZE=1234 body=8bitmime SMTPUTF8 RET=HDRS ENVID=x+2Bz", kAll);
  ASSERT_TRUE(mail);
  EXPECT_EQ(mail->mail.size, 1234U);
  EXPECT_EQ(mail->mail.body, Body::eight_bit);
  EXPECT_TRUE(mail->mail.smtputf8);
  EXPECT_EQ(mail->mail.ret, Return::headers);
  EXPECT_EQ(mail->mail.envid, "x+z");
}

TEST(CommandParser, ReadsRecipientParameters) {
  const auto rcpt = parse_command("RCPT TO:<a@b.test> NOTIFY=SUCCESS,delay ORCPT=rfc822;c+40d.test", kAll);
  ASSERT_TRUE(rcpt);
  EXPECT_EQ(rcpt->recipient.notify, kNotifySuccess | kNotifyDelay);
  EXPECT_EQ(rcpt->recipient.orcpt_type, "rfc822");
  EXPECT_EQ(rcpt->recipient.orcpt, "c@d.test");
}

TEST(CommandParser, RefusesBadParameters) {
  const std::string mail = "MAIL FROM:<a@b.test>";
  for (const auto* bad : {" SIZE=", " SIZE=x", " SIZE=99999999999999999999999", " SIZE=-1", " SIZE",
                          " BODY=9BIT", " SMTPUTF8=1", " RET=ALL", " ENVID=+2", " ENVID=+2b",
                          " SIZE=1 SIZE=2", "  SIZE=1", " =1", " -A=1", "SIZE=1", " ENVID=a=b"}) {
    EXPECT_EQ(verdict(mail + bad).substr(0, 3), "501") << bad;
  }
  EXPECT_EQ(verdict(mail + " FOO=1"), "555 5.5.4");
  EXPECT_EQ(verdict(mail + " NOTIFY=NEVER"), "555 5.5.4") << "belongs to RCPT";
  EXPECT_EQ(verdict(mail + " RET=FULL", {.dsn = false}), "555 5.5.4");
  const std::string rcpt = "RCPT TO:<a@b.test>";
  for (const auto* bad : {" NOTIFY=NEVER,DELAY", " NOTIFY=", " NOTIFY=DELAY,DELAY", " NOTIFY=DELAY,",
                          " ORCPT=rfc822", " ORCPT=;x", " ORCPT=rfc822;"}) {
    EXPECT_EQ(verdict(rcpt + bad).substr(0, 3), "501") << bad;
  }
  EXPECT_EQ(verdict(mail + " ENVID=" + std::string(101, 'a')).substr(0, 3), "501");
}

TEST(CommandParser, ReadsChunkSizes) {
  const auto chunk = parse_command("BDAT 86 LAST", kAll);
  ASSERT_TRUE(chunk);
  EXPECT_EQ(chunk->chunk_bytes, 86U);
  EXPECT_TRUE(chunk->last);
  EXPECT_FALSE(parse_command("BDAT 0", kAll)->last);
  for (const auto* bad :
       {"BDAT", "BDAT x", "BDAT 1 FIRST", "BDAT -1", "BDAT 1  LAST", "BDAT 99999999999999999999999"}) {
    ASSERT_FALSE(parse_command(bad, kAll)) << bad;
    EXPECT_EQ(parse_command(bad, kAll).error().verb, Verb::bdat);
  }
}

TEST(CommandParser, AcceptsAnyHelloNameThatIsNoInjection) {
  for (const auto* name : {"mx.test", "[192.0.2.7]", "MY_PC", "localhost"}) {
    EXPECT_EQ(verdict(std::string("EHLO ") + name), "ok") << name;
  }
  for (const auto* name : {"", "two words", "<b>", "\xc3\xa9.test"}) {
    EXPECT_EQ(verdict(std::string("EHLO ") + name), "501 5.5.4") << name;
  }
}

TEST(CommandParser, TellsUtf8Addresses) {
  const auto path = parse_command("RCPT TO:<j\xc3\xb6rg@b\xc3\xbc.test>", kAll);
  ASSERT_TRUE(path);
  EXPECT_TRUE(path->path.utf8);
  EXPECT_FALSE(is_utf8("\xed\xa0\x80")) << "surrogate";
  EXPECT_FALSE(is_utf8("\xc0\xaf")) << "overlong";
  EXPECT_FALSE(is_utf8("\xf4\x90\x80\x80")) << "above U+10FFFF";
}

TEST(CommandParser, KnowsOtherProtocols) {
  EXPECT_EQ(parse_command("GET / HTTP/1.1", kAll)->verb, Verb::foreign);
  EXPECT_EQ(parse_command("POST /x HTTP/1.1", kAll)->verb, Verb::foreign);
}

}  // namespace
}  // namespace sluice::smtp
