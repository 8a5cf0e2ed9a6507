#include "core/time.hpp"

#include <gtest/gtest.h>

namespace tocsin::time_test {
namespace {

TEST(time, prints_as_many_decimals_as_it_has) {
  EXPECT_EQ(to_rfc3339(from_nanoseconds(0)), "1970-01-01T00:00:00Z");
  EXPECT_EQ(to_rfc3339(from_milliseconds(1'760'492'334'797)), "2025-10-15T01:38:54.797Z");
  EXPECT_EQ(to_rfc3339(from_nanoseconds(-1)), "1969-12-31T23:59:59.999999999Z");
}

TEST(time, reads_offsets_spaces_and_nanoseconds) {
  EXPECT_EQ(*parse_rfc3339("2025-10-15 01:38:54.797000000Z"), from_milliseconds(1'760'492'334'797));
  EXPECT_EQ(*parse_rfc3339("2025-10-15T03:38:54.797+02:00"), from_milliseconds(1'760'492'334'797));
  for (const char* bad : {"", "2025", "2025-13-01T00:00:00Z", "2025-02-30T00:00:00Z", "2025-10-15T01:38:54.Z",
                          "2025-10-15T25:38:54Z", "2025-10-15T01:38:54+02", "2025-10-15T01:38:54.1234567890Z"})
    EXPECT_FALSE(parse_rfc3339(bad)) << bad;
}

TEST(time, durations_read_back_what_they_print) {
  for (duration d : {duration{0}, duration{90s}, duration{1h + 30ms}, duration{26h}, duration{1}})
    EXPECT_EQ(*parse_duration(to_text(d)), d) << to_text(d);
  EXPECT_EQ(*parse_duration("1.5h"), 90min);
  for (const char* bad : {"", "90", "s", "-5s", "1y", "5 s", "1e400s", "nan", "nans", "infs"}) EXPECT_FALSE(parse_duration(bad)) << bad;
}

} // namespace
} // namespace tocsin::time_test
