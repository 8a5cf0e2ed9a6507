// The log: one event per line whatever the values hold, and no event can flood it.
#include "io/log.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "io/log_limiter.hpp"

namespace tocsin::log_test {

using testing::EndsWith;
using testing::HasSubstr;
using testing::MatchesRegex;

namespace {

template <class Action>
std::string logged(Action action) {
  testing::internal::CaptureStderr();
  action();
  return testing::internal::GetCapturedStderr();
}

class log_lines : public testing::Test {
protected:
  ~log_lines() override {
    log::set_json(false);
    log::set_level(log::level::info);
  }
};

TEST_F(log_lines, text_has_time_level_event_and_fields) {
  const std::string line = logged([] {
    log::info("source_lost", {{"source", "fab"}, {"peer", "10.1.1.1:7500"}});
  });
  EXPECT_THAT(
      line,
      MatchesRegex("20..-..-..T..:..:..\\....Z info source_lost source=fab peer=10.1.1.1:7500\n"));
}

TEST_F(log_lines, a_value_cannot_forge_a_line) {
  const std::string evil = "x\n2026-01-01T00:00:00Z error fake subject=y\x1b[31m\x7f \xff";
  const std::string line = logged([&] {
    log::warning("odd", {{"value", evil}, {"empty", ""}, {"word", "ü"}});
  });
  EXPECT_EQ(std::count(line.begin(), line.end(), '\n'), 1);
  EXPECT_THAT(line, HasSubstr(R"(value="x\n2026)"));
  EXPECT_THAT(line, HasSubstr("\\u001b[31m\\u007f \xEF\xBF\xBD\""));
  EXPECT_THAT(line, EndsWith("empty=\"\" word=ü\n"));
  EXPECT_EQ(line.find('\x1b'), std::string::npos)
      << "no colours when standard error is no terminal";
}

TEST_F(log_lines, json_lines_parse) {
  log::set_json(true);
  const std::string line = logged([] { log::error("odd", {{"value", "a\"b\\\r\n\xc3("}}); });
  const auto object = nlohmann::json::parse(line);
  EXPECT_EQ(object["level"], "error");
  EXPECT_EQ(object["event"], "odd");
  EXPECT_EQ(object["value"], "a\"b\\\r\n\xEF\xBF\xBD(");
}

TEST_F(log_lines, below_the_level_nothing_is_written) {
  log::set_level(log::level::warning);
  EXPECT_EQ(logged([] { log::info("quiet"); }), "");
  EXPECT_THAT(logged([] { log::warning("loud"); }), HasSubstr(" warning loud"));
}

TEST_F(log_lines, a_storm_is_cut) {
  const std::string lines = logged([] {
    for (int i = 0; i < 10'000; ++i) log::info("storm");
  });
  // The loop may cross a few borders of a second, each with its own allowance.
  EXPECT_GE(std::count(lines.begin(), lines.end(), '\n'), 20);
  EXPECT_LT(std::count(lines.begin(), lines.end(), '\n'), 1000);
}

TEST(log_limiter, admits_twenty_per_second_and_counts_the_rest_once) {
  log::limiter limit;
  int admitted = 0;
  for (int i = 0; i < 50; ++i) admitted += limit.admit("a", 10s);
  EXPECT_EQ(admitted, 20);
  EXPECT_TRUE(limit.admit("b", 10s)) << "events do not share their allowance";
  EXPECT_TRUE(limit.take_suppressed(10s + 999ms).empty());
  const auto told = limit.take_suppressed(11s);
  ASSERT_EQ(told.size(), 1u);
  EXPECT_EQ(told[0], (std::pair<std::string, std::uint64_t>{"a", 30}));
  EXPECT_TRUE(limit.take_suppressed(12s).empty());
  EXPECT_TRUE(limit.admit("a", 11s));
}

TEST(log_limiter, invented_event_names_do_not_grow_it) {
  log::limiter limit;
  int admitted = 0;
  for (std::size_t i = 0; i < 2 * log::limiter::events_max; ++i)
    admitted += limit.admit("e" + std::to_string(i), 1s);
  EXPECT_EQ(admitted, static_cast<int>(log::limiter::events_max + log::limiter::per_second_max));
}

} // namespace

} // namespace tocsin::log_test
