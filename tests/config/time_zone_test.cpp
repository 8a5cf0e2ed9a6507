// Time zones as we read them against the C library, which reads the same database on its own.
#include "config/time_zone_file.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <ctime>
#include <fstream>
#include <sstream>

#include "core/limits.hpp"

namespace tocsin::time_zone_test {
namespace {

using testing::HasSubstr;

timestamp at(const char* text) { return *parse_rfc3339(text); }

std::int32_t offset(const time_zone& z, timestamp t) {
  std::int32_t out = z.first_offset_s;
  for (const auto& [from, seconds] : z.changes)
    if (from <= t) out = seconds;
  return out;
}

#define REQUIRE_DATABASE()                                                                         \
  if (!std::ifstream{"/usr/share/zoneinfo/zone.tab"}) GTEST_SKIP() << "needs the package tzdata"

TEST(time_zone, utc_needs_no_file) {
  const auto utc = load_time_zone("UTC");
  ASSERT_TRUE(utc);
  EXPECT_TRUE(utc->changes.empty());
  EXPECT_EQ(utc->first_offset_s, 0);
}

TEST(time_zone, berlin_changes_to_the_second_until_2100) {
  REQUIRE_DATABASE();
  const auto z = load_time_zone("Europe/Berlin");
  ASSERT_TRUE(z) << z.error().text;
  EXPECT_EQ(z->first_offset_s, 3600);
  for (const auto& [moment, before, after] : {std::tuple{"2026-03-29T01:00:00Z", 3600, 7200},
                                              {"2026-10-25T01:00:00Z", 7200, 3600},
                                              {"2099-03-29T01:00:00Z", 3600, 7200},
                                              {"2100-10-31T01:00:00Z", 7200, 3600}}) {
    EXPECT_EQ(offset(*z, at(moment) - duration{1}), before) << moment;
    EXPECT_EQ(offset(*z, at(moment)), after) << moment;
  }
  EXPECT_GT(z->changes.front().first, from_nanoseconds(0));
  EXPECT_LT(z->changes.back().first, at("2101-01-01T00:00:00Z"));
  EXPECT_LE(z->changes.size(), 300u);
}

/// Southern summers, half hours, rules with negative times and with none, dates that moved, a
/// skipped day.
TEST(time_zone, agrees_with_the_c_library) {
  REQUIRE_DATABASE();
  const char* before = std::getenv("TZ");
  const std::string kept = before ? before : "";
  for (const char* name :
       {"Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "Asia/Taipei",
        "America/Nuuk", "Asia/Jerusalem", "Africa/Casablanca", "Pacific/Apia", "America/Santiago",
        "Asia/Tehran", "Europe/Dublin", "Asia/Singapore", "America/Caracas", "Etc/GMT+5",
        "EST5EDT"}) {
    const auto z = load_time_zone(name);
    ASSERT_TRUE(z) << name << ": " << z.error().text;
    ::setenv("TZ", name, 1);
    ::tzset();
    // Steps of a prime number of minutes meet every hour of the day on every side of a change.
    for (std::time_t t = 1; t < 4'102'444'800; t += 60 * 1439) {
      std::tm local{};
      ASSERT_TRUE(::localtime_r(&t, &local));
      ASSERT_EQ(offset(*z, from_nanoseconds(t * 1'000'000'000)), local.tm_gmtoff)
          << name << " at " << t;
    }
    for (const auto& [moment, seconds] : z->changes) {
      std::tm local{};
      const std::time_t t = to_nanoseconds(moment) / 1'000'000'000;
      if (t >= 4'102'444'800) break;
      ::localtime_r(&t, &local);
      ASSERT_EQ(seconds, local.tm_gmtoff) << name << " at " << to_rfc3339(moment);
    }
  }
  kept.empty() ? ::unsetenv("TZ") : ::setenv("TZ", kept.c_str(), 1);
  ::tzset();
}

TEST(time_zone, a_name_that_is_none_is_refused_with_a_near_one) {
  REQUIRE_DATABASE();
  EXPECT_EQ(near_time_zone("Europe/Berln"), "did you mean 'Europe/Berlin'?");
  for (const char* bad :
       {"", "Europe", "../../../etc/passwd", "/etc/passwd", "Europe/../Europe/Berlin", "zone.tab",
        "tzdata.zi", "Local", "right/Europe/Berlin", "posix"})
    EXPECT_FALSE(load_time_zone(bad)) << bad;
}

TEST(posix_rule, all_three_forms_of_dates) {
  // Julian days do not count February 29: J60 is always March 1.
  const auto julian = posix_changes("AAA0BBB,J60/0,J300/0", at("2028-01-01T00:00:00Z"));
  ASSERT_TRUE(julian);
  EXPECT_EQ((*julian)[0].first, at("2028-03-01T00:00:00Z"));
  const auto zero = posix_changes("AAA0BBB,59/0,299/0", at("2028-01-01T00:00:00Z"));
  EXPECT_EQ((*zero)[0].first, at("2028-02-29T00:00:00Z"));
  const auto second_sunday = posix_changes("EST5EDT,M3.2.0,M11.1.0", at("2026-01-01T00:00:00Z"));
  EXPECT_EQ((*second_sunday)[0], (std::pair{at("2026-03-08T07:00:00Z"), -4 * 3600}));
  EXPECT_EQ((*second_sunday)[1], (std::pair{at("2026-11-01T06:00:00Z"), -5 * 3600}));
  EXPECT_EQ(second_sunday->size(), 150u) << "two a year up to 2100";
  const auto negative =
      posix_changes("<-02>2<-01>,M3.5.0/-1,M10.5.0/0", at("2026-01-01T00:00:00Z"));
  EXPECT_EQ((*negative)[0].first, at("2026-03-29T01:00:00Z"));
  EXPECT_TRUE(posix_changes("<+0530>-5:30", at("2026-01-01T00:00:00Z"))->empty());
}

TEST(posix_rule, nonsense_is_refused) {
  for (const char* bad :
       {"", "C", "CET", "CET-1CEST", "CET-1CEST,", "CET-1CEST,M3.5.0", "CET-1CEST,M13.5.0,M10.5.0",
        "CET-1CEST,M3.6.0,M10.5.0", "CET-1CEST,M3.5.7,M10.5.0", "CET-1CEST,J0,J5",
        "CET-1CEST,J5,J366", "CET-1CEST,M3.5.0/168,M10.5.0", "CET-99", "<CET-1",
        "CET-1CEST,M3.5.0,M10.5.0x", "CET-1CEST,M3.5.0,M10.5.0/99999999999999999999"})
    EXPECT_FALSE(posix_changes(bad, from_nanoseconds(0))) << bad;
}

TEST(time_zone, damaged_files_are_refused_or_harmless) {
  REQUIRE_DATABASE();
  std::ostringstream all;
  all << std::ifstream{"/usr/share/zoneinfo/Europe/Berlin", std::ios::binary}.rdbuf();
  const std::string good = all.str();
  ASSERT_TRUE(parse_time_zone("x", good));
  for (std::size_t n = 0; n < good.size(); n += 7) {
    const auto z = parse_time_zone("x", std::string_view{good}.substr(0, n));
    EXPECT_LE(z ? z->changes.size() : 0, 1000u) << n;
  }
  for (std::size_t i = 0; i < good.size(); ++i)
    for (const char c : {'\0', '\xff', '\x7f', '\n'}) {
      std::string bad = good;
      bad[i] = c;
      const auto z = parse_time_zone("x", bad);
      for (std::size_t k = 1; z && k < z->changes.size(); ++k)
        ASSERT_LE(z->changes[k - 1].first, z->changes[k].first) << i;
    }
  EXPECT_THAT(parse_time_zone("x", "hello").error().text, HasSubstr("no TZif file"));
  EXPECT_THAT(parse_time_zone("x", std::string(limits::time_zone_bytes_max + 1, 'T')).error().text,
              HasSubstr("more than"));
}

} // namespace
} // namespace tocsin::time_zone_test
