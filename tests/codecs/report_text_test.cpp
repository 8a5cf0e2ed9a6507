// Reports and libraries of signatures as text: for people, for programs, and back.
#include "codecs/report_text.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "codecs/signature_json.hpp"

namespace tocsin::report_text_test {
namespace {

report example() {
  report r{.analysis = "trend"};
  r.count("rows", 12);
  r.fact("slope_per", std::string{"1h"});
  r.columns = {"channel", "slope_error", "sure"};
  r.findings = {{std::string{"a"}, 0.123456, true}, {std::string{"long name"}, std::nan(""), false}};
  r.note("take care");
  return r;
}

TEST(report_text, is_a_table_for_people) {
  EXPECT_EQ(to_text(example()), "rows 12, slope per 1h\n\n"
                                "channel    slope error  sure\n"
                                "a               0.1235  yes\n"
                                "long name            -  no\n\n"
                                "- take care\n");
}

TEST(report_text, is_one_line_of_json_for_programs) {
  EXPECT_EQ(to_json(example()), "{\"analysis\":\"trend\",\"facts\":{\"rows\":12,\"slope_per\":\"1h\"},\"findings\":[{\"channel\":\"a\",\"slope_error\":0.123456,\"sure\":true},"
                                "{\"channel\":\"long name\",\"slope_error\":null,\"sure\":false}],\"notes\":[\"take care\"]}\n");
}

TEST(report_text, keeps_broken_names_from_breaking_json) {
  report r;
  r.note("\xff\xfe");
  EXPECT_NE(to_json(r).find("notes"), std::string::npos);
}

TEST(signature_json, reads_what_it_wrote) {
  signature_library library{{"a", "b"}, {{*fault_signature::capture("pump \"x\"", {3, 0, 0, -4}), "s.csv rows 1-9"}}};
  const auto again = parse_signature_library(to_json(library), "l.json");
  ASSERT_TRUE(again) << again.error().text;
  EXPECT_EQ(again->channels, library.channels);
  ASSERT_EQ(again->known.size(), 1u);
  EXPECT_EQ(again->known[0].signature.name, "pump \"x\"");
  EXPECT_EQ(again->known[0].captured_from, "s.csv rows 1-9");
  for (std::size_t i = 0; i < 4; ++i) EXPECT_NEAR(again->known[0].signature.pattern[i], library.known[0].signature.pattern[i], 1e-15);
}

TEST(signature_json, names_what_is_no_library) {
  const char* head = R"({"tocsin_signatures":1,"channels":["a"],"signatures":[)";
  for (const std::string& text : {std::string{""}, std::string{"[]"}, std::string{"{}"}, std::string{R"({"tocsin_signatures":2})"}, std::string{R"({"tocsin_signatures":1,"channels":3})"},
                                 std::string{R"({"tocsin_signatures":1,"channels":[3]})"}, head + std::string{"3]}"}, head + std::string{R"({"name":"x","pattern":[1]}]})"},
                                 head + std::string{R"({"name":"x","pattern":["a",1]}]})"}, head + std::string{R"({"name":"x","pattern":[0,0]}]})"}}) {
    const auto read = parse_signature_library(text, "l.json");
    ASSERT_FALSE(read) << text;
    EXPECT_EQ(read.error().text.substr(0, 8), "l.json: ");
  }
}

} // namespace
} // namespace tocsin::report_text_test
