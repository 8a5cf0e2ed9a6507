// Matchers as people write them, as they are printed, and what is done to hostile ones.
#include "core/matcher.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "core/limits.hpp"

namespace tocsin::matcher_test {
namespace {

using testing::HasSubstr;
using comparison = matcher::comparison;

const label_set labels{
    {"alertname", "data_loss_inbound"}, {"host", "10.1.2.3"}, {"severity", "critical"}};

bool holds(const char* text) {
  const auto m = parse_matcher(text);
  EXPECT_TRUE(m) << text << ": " << (m ? "" : m.error().text);
  return m && m->matches(labels);
}

std::string refusal(std::string_view text) {
  const auto m = parse_matcher(text);
  return m ? "taken as " + m->text() : m.error().text;
}

TEST(matcher, the_four_comparisons) {
  EXPECT_TRUE(holds("severity=\"critical\""));
  EXPECT_FALSE(holds("severity=crit"));
  EXPECT_TRUE(holds("severity!=warning"));
  EXPECT_TRUE(holds("host=~\"10\\\\.1\\\\..*\""));
  EXPECT_TRUE(holds(R"(host=~"10\.1\..*")")) << "a backslash that escapes nothing stays";
  EXPECT_TRUE(holds("host!~10\\.2\\..*"));
  EXPECT_TRUE(holds("  severity =~ critical|warning  "));
}

TEST(matcher, a_regular_expression_means_the_whole_value) {
  EXPECT_FALSE(holds("severity=~crit"));
  EXPECT_FALSE(holds("severity=~critical|war") && holds("severity=~cal"));
  EXPECT_TRUE(holds("severity=~.*rit.*"));
}

TEST(matcher, a_missing_label_is_an_empty_one) {
  EXPECT_TRUE(holds("area=\"\""));
  EXPECT_TRUE(holds("area="));
  EXPECT_FALSE(holds("severity=\"\""));
  EXPECT_TRUE(holds("area!=litho"));
  EXPECT_TRUE(holds("area=~.*"));
  EXPECT_FALSE(holds("area=~.+"));
}

TEST(matcher, without_quotes_a_single_one_may_hold_commas) {
  const auto m = parse_matcher("group=segment/7500/;239.1.1.1,x");
  ASSERT_TRUE(m);
  EXPECT_EQ(m->value(), "segment/7500/;239.1.1.1,x");
  EXPECT_EQ(m->text(), "group=\"segment/7500/;239.1.1.1,x\"");
}

TEST(matcher, several_with_and_without_braces) {
  for (const char* text :
       {"{severity=\"critical\", host=~\"10.*\"}", "severity=critical,host=~10.*",
        " { severity = critical , host =~ 10.* , } "}) {
    const auto all = parse_matchers(text);
    ASSERT_TRUE(all) << text << ": " << all.error().text;
    ASSERT_EQ(all->size(), 2u) << text;
    EXPECT_EQ((*all)[0].text(), "severity=\"critical\"");
    EXPECT_EQ((*all)[1].text(), "host=~\"10.*\"");
    EXPECT_TRUE(match_all(*all, labels));
  }
  for (const char* none : {"", "{}", " { } "}) {
    const auto all = parse_matchers(none);
    ASSERT_TRUE(all) << none;
    EXPECT_TRUE(all->empty());
    EXPECT_TRUE(match_all(*all, labels)) << "true when there is none";
  }
}

TEST(matcher, refusals_name_the_place) {
  EXPECT_EQ(refusal(""), "a label name is missing at character 1 of ''");
  EXPECT_EQ(refusal("severity"),
            "one of = != =~ !~ is missing after 'severity' at character 9 of 'severity'");
  EXPECT_EQ(refusal("a=\"b"), "the closing quote is missing at character 5 of 'a=\"b'");
  EXPECT_EQ(refusal("a=\"b\" c"),
            "nothing may follow the closing quote at character 7 of 'a=\"b\" c'");
  EXPECT_EQ(refusal("a=b\"c"),
            "a quote in the middle of a value; put the value in quotes at character 4 of 'a=b\"c'");
  EXPECT_EQ(refusal("9a=b"), "a label name is missing at character 1 of '9a=b'");
  EXPECT_EQ(refusal("host=~10.(1"),
            "regular expression for host: missing ): 10.(1 at character 1 of '10.(1'");
  EXPECT_THAT(refusal("host=~\"a**b\""),
              HasSubstr("bad repetition operator: ** at character 2 of 'a**b'"));
  for (const char* bad : {"{a=b", "a=b}", "{a=b} c=d", "a=\"b\" c=\"d\"", ",", "a=b,,c=d", "{,}"})
    EXPECT_FALSE(parse_matchers(bad)) << bad;
}

TEST(matcher, hostile_ones_are_refused_or_cheap) {
  // Nested repetition: exponential in backtracking engines, linear here.
  const auto nested = parse_matcher("a=~(((x+)+)+)+y");
  ASSERT_TRUE(nested);
  EXPECT_FALSE(nested->matches({{"a", std::string(100'000, 'x')}}));
  EXPECT_THAT(refusal("a=~((a{1000}){1000}){1000}"), HasSubstr("regular expression for a: "));
EXPECT_TRUE(parse_matcher("a=~" + std::string(2000, '(') + std::string(2000, ')')))
      << "deep, but RE2 does not recurse";
  EXPECT_THAT(refusal("a=" + std::string(limits::matcher_bytes_max + 1, 'x')),
              HasSubstr("more than 4096 bytes"));
  EXPECT_THAT(refusal(std::string(1 << 20, 'x')), HasSubstr("longer than"));
  EXPECT_THAT(refusal(std::string(limits::label_name_bytes_max + 1, 'x') + "=y"),
              HasSubstr("no label name"));
  using namespace std::string_view_literals;
  EXPECT_THAT(refusal("a=~\"x\0y\""sv), HasSubstr("no UTF-8"));
  EXPECT_THAT(refusal("a\0=b"sv), HasSubstr("is missing after 'a'"));
  for (const char* bytes : {"\x80", "\xff", "\xc0\x80", "\xe0\x80\x80", "\xed\xa0\x80",
                            "\xf4\x90\x80\x80", "\xc3", "\xf0\x9f\x98"}) {
    EXPECT_THAT(refusal("a=\"" + std::string{bytes} + '"'), HasSubstr("no UTF-8"));
    EXPECT_THAT(refusal("a=~" + std::string{bytes}), HasSubstr("no UTF-8"));
  }
  EXPECT_EQ(refusal("a=\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80"),
            "taken as a=\"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\"");
  // What does not match the encoding just does not match.
  EXPECT_FALSE(parse_matcher("a=~.")->matches({{"a", "\xff\xfe"}}));
  std::string many = "a=b";
  for (std::size_t n = 0; n < limits::matchers_max; ++n) many += ",a=b";
  EXPECT_FALSE(parse_matchers(many));
}

TEST(matcher, a_default_one_is_never_given_out) {
  EXPECT_FALSE(matcher::make("", comparison::equal, "x"));
  EXPECT_FALSE(matcher::make("a b", comparison::equal, "x"));
  EXPECT_FALSE(matcher::make("a", comparison::regex, "["));
}

/// Anything that make() takes, rich in what needs escaping.
RC_GTEST_PROP(matcher_property, parse_is_the_inverse_of_text, ()) {
  const auto piece = rc::gen::element<std::string>("\"", "\\", "\n", "n", ",", "}", "{", " ", "=",
                                                   "~", "\t", "\r", "x", ".", "\xc3\xa4", "\x01");
  const auto pieces = *rc::gen::container<std::vector<std::string>>(piece);
  std::string value;
  for (const std::string& p : pieces) value += p;
  const auto how = *rc::gen::element(comparison::equal, comparison::not_equal, comparison::regex,
                                     comparison::not_regex);
  const auto made = matcher::make("la-bel", how, value);
  RC_PRE(made.has_value());
  const auto read = parse_matcher(made->text());
  RC_ASSERT(read.has_value());
  RC_ASSERT(read->text() == made->text());
  RC_ASSERT(read->value() == value);
  RC_ASSERT(read->how() == how);
  const auto list = parse_matchers("{" + made->text() + "," + made->text() + "}");
  RC_ASSERT(list.has_value() && list->size() == 2u);
  RC_ASSERT((*list)[1].value() == value);
}

RC_GTEST_PROP(matcher_property, no_bytes_do_harm, (const std::string& text)) {
  if (const auto all = parse_matchers(text))
    for (const matcher& m : *all) RC_ASSERT(parse_matcher(m.text()).has_value());
  if (const auto m = parse_matcher("a=~\"" + text)) m->matches({{"a", text}});
}

} // namespace
} // namespace tocsin::matcher_test
