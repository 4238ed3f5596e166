// A small good campaign on disk that tests spoil one file at a time.
#pragma once

#include <string>

#include "temporary_directory.hpp"

namespace sluice::campaign::test {

inline constexpr const char* kGoodSpec = R"(from = "Shop <news@shop.test>"
subject = "Hello {{first_name}}"
html = "page.html"
text = "page.txt"
recipients = "list.csv"
attachments = ["terms.pdf"]
postal_address = "1 Test Street"
meta = ["contact_id"]
[defaults]
first_name = "friend"
)";

inline void write_campaign(const TemporaryDirectory& root, const std::string& name,
                           const std::string& spec = kGoodSpec) {
  root.write(name + "/campaign.toml", spec);
  root.write(name + "/page.html", "<p>Hello {{first_name}}</p>\n<img src=\"cid:logo.png\">\n");
  root.write(name + "/page.txt", "Hello {{first_name}}\n");
  root.write(name + "/logo.png", "PNG");
  root.write(name + "/terms.pdf", "PDF");
  root.write(name + "/list.csv", "email,first_name,contact_id,unused\na@x.test,Ann,1,x\nb@x.test,Bob,2,x\n");
}

}  // namespace sluice::campaign::test
