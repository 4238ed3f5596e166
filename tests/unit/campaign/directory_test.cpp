#include "engine/campaign/directory.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <filesystem>

#include "campaign_fixture.hpp"

namespace sluice::campaign {
namespace {

using test::kGoodSpec;
using test::TemporaryDirectory;
using testing::ElementsAre;
using testing::HasSubstr;

class Directory : public testing::Test {
 protected:
  Directory() { test::write_campaign(root, "autumn"); }

  std::expected<CampaignDirectory, Problems> check(const DirectoryLimits& limits = {}) const {
    return validate(AT_FDCWD, root.path() + "/autumn", limits);
  }
  std::string problems(const DirectoryLimits& limits = {}) const {
    auto checked = check(limits);
    return checked ? "" : checked.error().reason_text("autumn");
  }
  void replace(const std::string& file, const std::string& bytes) const {
    root.write("autumn/" + file, bytes);
  }
  void spec(const std::string& from, const std::string& to) const {
    std::string text = kGoodSpec;
    text.replace(text.find(from), from.size(), to);
    replace("campaign.toml", text);
  }
  [[nodiscard]] std::string at(const std::string& name) const { return root.path() + "/autumn/" + name; }

  TemporaryDirectory root;
};

TEST_F(Directory, GoodCampaignIsReadWhole) {
  auto checked = check();
  ASSERT_TRUE(checked) << problems();
  EXPECT_EQ(checked->spec.id, "autumn");
  EXPECT_THAT(checked->html, HasSubstr("cid:logo.png"));
  EXPECT_EQ(checked->text, "Hello {{first_name}}\n");
  ASSERT_EQ(checked->attachments.size(), 1u);
  EXPECT_EQ(checked->attachments[0].bytes, "PDF");
  ASSERT_EQ(checked->inline_images.size(), 1u);
  EXPECT_EQ(checked->inline_images[0].bytes, "PNG");
  EXPECT_THAT(checked->list_columns, ElementsAre("email", "first_name", "contact_id", "unused"));
  EXPECT_THAT(checked->layout.names(), ElementsAre("first_name", "contact_id"));
  EXPECT_EQ(::lseek(checked->list.file.get(), 0, SEEK_CUR), 0);
  EXPECT_TRUE(checked->notes.empty());
}

TEST_F(Directory, FindsSeveralProblemsInSeveralFilesAtOnce) {
  replace("page.html", "line one\n<p>{{#open}}</p><img src='cid:none.png'>\n");
  replace("list.csv", "mail,first_name\n");
  std::filesystem::remove(at("terms.pdf"));
  const auto text = problems();
  EXPECT_THAT(
      text,
      HasSubstr("page.html:2:27: inline image cid:none.png: none.png is not in the campaign directory"));
  EXPECT_THAT(text, HasSubstr("page.html:2:4: "));
  EXPECT_THAT(text, HasSubstr("list.csv:1:1: the header has no column `email`; rename `mail`"));
  EXPECT_THAT(text,
              HasSubstr("campaign.toml:6:15: `attachments`: terms.pdf is not in the campaign directory"));
}

TEST_F(Directory, NamesWhatIsMissing) {
  EXPECT_THAT(validate(AT_FDCWD, root.path() + "/none", {}).error().list()[0].text,
              HasSubstr("No such file"));
  EXPECT_THAT(validate(AT_FDCWD, root.path() + "/a b", {}).error().list()[0].text,
              HasSubstr("letters, digits"));
  root.write("empty/x", "");
  EXPECT_THAT(validate(AT_FDCWD, root.path() + "/empty", {}).error().list()[0].text,
              HasSubstr("no campaign.toml"));
}

TEST_F(Directory, LinksAreNotFollowed) {
  root.write("outside.txt", "secret");
  std::filesystem::remove(at("page.txt"));
  std::filesystem::create_symlink(root.path() + "/outside.txt", at("page.txt"));
  EXPECT_THAT(problems(), HasSubstr("campaign.toml:4:8: `text`: page.txt is, or leads through, a link"));
}

TEST_F(Directory, LinkedDirectoriesAreNotFollowed) {
  root.write("outside/terms.pdf", "secret");
  std::filesystem::create_symlink(root.path() + "/outside", at("sub"));
  spec("[\"terms.pdf\"]", "[\"sub/terms.pdf\"]");
  EXPECT_THAT(problems(), HasSubstr("leads through, a link"));
  std::filesystem::create_symlink(root.path() + "/autumn", root.path() + "/linked");
  EXPECT_FALSE(validate(AT_FDCWD, root.path() + "/linked", {}));
}

TEST_F(Directory, FilesOfSubdirectoriesAreFine) {
  replace("img/deep/terms.pdf", "PDF");
  spec("[\"terms.pdf\"]", "[\"img/deep/terms.pdf\"]");
  EXPECT_EQ(problems(), "");
}

TEST_F(Directory, SpecialFilesAreRefusedWithoutWaiting) {
  std::filesystem::remove(at("list.csv"));
  ASSERT_EQ(::mkfifo(at("list.csv").c_str(), 0600), 0);
  EXPECT_THAT(problems(), HasSubstr("list.csv is no regular file"));
  std::filesystem::remove(at("list.csv"));
  std::filesystem::create_directory(at("list.csv"));
  EXPECT_THAT(problems(), HasSubstr("list.csv is no regular file"));
}

TEST_F(Directory, SizesAreCapped) {
  DirectoryLimits limits;
  limits.template_bytes = 20;
  EXPECT_THAT(problems(limits), HasSubstr("page.html has 53 bytes; at most 20 are allowed"));
  limits = {};
  limits.parts_bytes = 5;
  EXPECT_THAT(problems(limits), HasSubstr("logo.png has 3 bytes; at most 2 are allowed"));
  limits = {};
  limits.spec_bytes = 10;
  EXPECT_THAT(problems(limits), HasSubstr("campaign.toml has"));
  limits = {};
  limits.list_bytes = 10;
  EXPECT_THAT(problems(limits), HasSubstr("list.csv has"));
  limits = {};
  limits.list.columns = 3;
  EXPECT_THAT(problems(limits), HasSubstr("3 columns"));
}

TEST_F(Directory, ListKindComesFromItsName) {
  spec("list.csv", "list.txt");
  EXPECT_THAT(problems(), HasSubstr("must end in .csv or .jsonl"));
  spec("list.csv", "list.csv.gz");
  replace("list.csv.gz", "email\na@b.test\n");
  EXPECT_THAT(problems(), HasSubstr("the gzip file is damaged"));
}

TEST_F(Directory, EmptyListIsRefused) {
  replace("list.csv", "email,first_name,contact_id\n\n");
  EXPECT_THAT(problems(), HasSubstr("no recipients"));
}

TEST_F(Directory, MetaColumnsMustExist) {
  replace("list.csv", "email,first_name,contactid\na@x.test,A,1\n");
  EXPECT_THAT(problems(),
              HasSubstr("campaign.toml:8:8: `meta`: the list has no column `contact_id`; did you mean "
                        "`contactid`?"));
  spec("[defaults]", "time_zone = \"column:tz\"\n[defaults]");
  EXPECT_THAT(problems(), HasSubstr("`time_zone`: the list has no column `tz`"));
}

TEST_F(Directory, JsonLinesNeedAnEmailKey) {
  spec("list.csv", "list.jsonl");
  replace("list.jsonl", "{\"mail\":1}\n");
  EXPECT_THAT(problems(), HasSubstr("list.jsonl:1:1: none of the first 1 rows"));
  replace("list.jsonl", "[]\n{\"email\":\"a@x.test\"}\n");
  auto checked = check();
  ASSERT_TRUE(checked);
  EXPECT_THAT(checked->layout.names(), ElementsAre("first_name", "contact_id"));
}

TEST_F(Directory, TemplatesMustBeTextAndCompile) {
  replace("page.txt", "fine\nbad \xff\n");
  EXPECT_THAT(problems(), HasSubstr("page.txt:2: the file is no valid UTF-8"));
  replace("page.txt", "  \n");
  EXPECT_THAT(problems(), HasSubstr("page.txt: the file is empty"));
  replace("page.txt", "x");
  spec("Hello {{first_name}}", "Hello {{{first_name}}}");
  EXPECT_THAT(problems(), HasSubstr("campaign.toml:2:11: "));
}

TEST_F(Directory, UnknownMergeFieldIsNoted) {
  replace("page.txt", "Hello\n{{frist_name}}");
  auto checked = check();
  ASSERT_TRUE(checked);
  EXPECT_THAT(checked->notes,
              ElementsAre(HasSubstr("page.txt:2:1: no column and no default fills {{frist_name}}; it "
                                    "will be empty; did you mean `first_name`?")));
}

TEST(Beneath, FallbackFollowsNoLinkEither) {
  const TemporaryDirectory root;
  root.write("in/a/b.txt", "x");
  root.write("out.txt", "secret");
  std::filesystem::create_symlink("../out.txt", root.path() + "/in/link.txt");
  std::filesystem::create_directory_symlink("..", root.path() + "/in/up");
  auto directory = open_directory(AT_FDCWD, root.path() + "/in").value();
  EXPECT_TRUE(open_by_components(directory.get(), "a/b.txt"));
  for (const char* name : {"link.txt", "up/out.txt", "up/in/a/b.txt"}) {
    const auto opened = open_by_components(directory.get(), name);
    ASSERT_FALSE(opened) << name;
    EXPECT_THAT(opened.error().text, HasSubstr("link")) << name;
    EXPECT_FALSE(open_beneath(directory.get(), name, 100)) << name;
  }
  EXPECT_EQ(open_by_components(directory.get(), "a/none").error().code, ErrorCode::not_found);
  for (const char* name :
       {"", "/etc/passwd", "..", "a/../../out.txt", "a//b.txt", "a/", "./a/b.txt", "a\n"}) {
    EXPECT_FALSE(open_beneath(directory.get(), name, 100)) << name;
  }
}

TEST(CidReferences, AreFoundInAttributesAndStyles) {
  const auto found = cid_references(
      "<img src=\"cid:a.png\"><img\nsrc='CID:b.png'> <td background=cid:c.gif>\n"
      "<p style=\"background:url(cid:d.jpg)\"> acid:x say cid:none <img src=\"cid:a.png\">");
  std::vector<std::string> names;
  for (const auto& reference : found) names.push_back(reference.name);
  EXPECT_THAT(names, ElementsAre("a.png", "b.png", "c.gif", "d.jpg"));
  EXPECT_EQ(found[1].at.line, 2u);
  EXPECT_EQ(found[1].at.column, 6u);
  EXPECT_TRUE(cid_references("cid:").empty());
  EXPECT_EQ(cid_references("\"cid:").size(), 1u);
}

}  // namespace
}  // namespace sluice::campaign
