// The weekly report: well-formed for an independent reader, complete, and safe with hostile names.
#include "io/report_mail.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace tocsin::report_mail_test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

const timestamp start{20'000 * 24h};

alarm_kpi busy(const std::string& subject) {
  alarm_rules rules;
  rules.suppressions = {{"blind", "sight_lost *", "clock_skew *"}};
  alarm_kpi kpi{rules};
  alarm_table table{rules};
  std::vector<alarm_change> out;
  kpi.observe(start);
  for (int n = 0; n < 30; ++n) {
    incident i{};
    i.id = "I" + std::to_string(n);
    i.at = start + n * 20s;
    i.level = severity::warning;
    i.because = {cause_kind::clients_high, subject, 1};
    table.apply(i, out);
    if (n == 29) break; // stays open
    i.at += 10s;
    i.state = incident_state::closed;
    table.apply(i, out);
  }
  const operator_command shelving{command_kind::shelve,
                                  "clients_high " + subject,
                                  "ann & bob",
                                  "<leak>",
                                  unset,
                                  start + 300h,
                                  {}};
  EXPECT_TRUE(table.apply(shelving, start + 1h, out));
  for (const alarm_change& c : out) kpi.apply(c);
  notification n{};
  n.receiver = "ops \"night\"";
  n.at = start + 2h;
  for (int t = 0; t < 12; ++t) kpi.apply(n);
  return kpi;
}

/// Every element is closed in order, nothing is fetched or run; prints the texts it saw.
constexpr const char* checker = R"(
import sys
from html.parser import HTMLParser
VOID = {"meta", "br", "hr"}
class check(HTMLParser):
    open, texts = [], []
    def handle_starttag(self, tag, attrs):
        assert tag in {"html","head","meta","title","body","h1","h2","p","table","tr","th","td"}, tag
        for name, value in attrs:
            assert name in {"lang","charset","style","align","valign","cellpadding","cellspacing","border"}, name
            assert "url(" not in value
        if tag not in VOID: self.open.append(tag)
        if tag == "tr": self.cells = 0
        if tag in ("td", "th"): self.cells += 1
    def handle_endtag(self, tag):
        assert self.open and self.open.pop() == tag, tag
        if tag == "tr": self.width = self.cells
    def handle_data(self, data):
        if data.strip(): self.texts.append(data.strip())
c = check(convert_charrefs=True)
c.feed(open(sys.argv[1], encoding="utf-8").read()); c.close()
assert not c.open, c.open
print("\n".join(c.texts))
)";

TEST(report_mail, is_well_formed_html_whatever_the_names_are) {
  const std::string evil = "rvd/<script>alert('1')</script>&\"/7500\xff\n";
  const kpi_report r = busy(evil).make(start + 24h);
  const std::string html = report_html(r);
  EXPECT_THAT(html, Not(HasSubstr("<script>")));
  const auto folder = std::filesystem::path{testing::TempDir()};
  const auto page = folder / "tocsin_report.html", program = folder / "tocsin_report_check.py";
  std::ofstream{page, std::ios::binary} << html;
  std::ofstream{program} << checker;
  const std::string command =
      "/usr/bin/python3 -B '" + program.string() + "' '" + page.string() + "' 2>&1";
  FILE* out = popen(command.c_str(), "r");
  ASSERT_NE(out, nullptr);
  std::string seen;
  char part[512];
  while (std::fgets(part, sizeof part, out)) seen += part;
  const int status = pclose(out);
  std::filesystem::remove(page);
  std::filesystem::remove(program);
  if (status >> 8 == 127) GTEST_SKIP() << "needs python3";
  ASSERT_EQ(status, 0) << seen;
  EXPECT_THAT(seen, HasSubstr("clients_high rvd/<script>alert('1')</script>&\"/7500\xef\xbf\xbd"));
  EXPECT_THAT(seen, HasSubstr("shelved by ann & bob: <leak>"));
  EXPECT_THAT(seen, HasSubstr("ops \"night\""));
  EXPECT_THAT(seen, HasSubstr("(missed)"));
}

TEST(report_mail, says_the_same_as_text) {
  const kpi_report r = busy("rvd/10.0.0.1/7500").make(start + 24h);
  const std::string text = report_text(r);
  EXPECT_THAT(text, HasSubstr("Alarm report: 30 alarms from 2024-10-04 to 2024-10-05, "));
  EXPECT_THAT(text, HasSubstr("Observed for 24 hours, until 2024-10-05 00:00:00 UTC."));
  EXPECT_THAT(text, HasSubstr("clients_high rvd/10.0.0.1/7500  30     100 %\n"));
  EXPECT_THAT(text, HasSubstr("most in 10 minutes         30 (missed)"));
  EXPECT_THAT(text, HasSubstr("2024-10-04 01:00:00 UTC  23 h  shelved by ann & bob: <leak>"));
  EXPECT_THAT(text, HasSubstr("\nOut of service\n--------------\nNone.\n"));
  EXPECT_THAT(text,
              HasSubstr("all alarms   2024-10-04 00:00:00 UTC  2024-10-04 00:10:00 UTC  30 "));
}

TEST(report_mail, of_a_quiet_week_is_short_and_friendly) {
  alarm_kpi kpi{{}};
  kpi.observe(start);
  const kpi_report r = kpi.make(start + 168h);
  EXPECT_EQ(report_subject(r),
            "Alarm report: 0 alarms from 2024-10-04 to 2024-10-11, every target met");
  EXPECT_THAT(report_html(r), Not(HasSubstr("(missed)")));
}

} // namespace
} // namespace tocsin::report_mail_test
