// Keys to partitions as Kafka's own clients do it, and which offsets may be committed.
#include "core/partition.hpp"

#include <gmock/gmock.h>

#include "core/log_position.hpp"
#include "core/log_sight.hpp"

namespace tocsin::partition_test {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(murmur2_of_a_key, is_that_of_the_java_client) {
  // From Apache Kafka, UtilsTest.testMurmur2.
  const auto hash = [](std::string_view key) { return static_cast<std::int32_t>(murmur2(key)); };
  EXPECT_EQ(hash("21"), -973932308);
  EXPECT_EQ(hash("foobar"), -790332482);
  EXPECT_EQ(hash("a-little-bit-long-string"), -985981536);
  EXPECT_EQ(hash("a-little-bit-longer-string"), -1486304829);
  EXPECT_EQ(hash("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8"), -58897971);
  EXPECT_EQ(hash("abc"), 479470107);
  EXPECT_EQ(partition_of("abc", 12), 479470107 % 12);
  EXPECT_EQ(partition_of("21", 12), (-973932308 & 0x7fffffff) % 12) << "the sign does not count";
}

log_position at(std::int32_t partition, std::int64_t next) { return {"inputs", partition, next}; }

TEST(offsets, are_given_when_the_batch_is_done) {
  offset_book book;
  const auto first = book.begin({at(0, 10), at(1, 5)});
  EXPECT_THAT(book.done(first), ElementsAre(at(0, 10), at(1, 5)));
  EXPECT_EQ(book.open(), 0u);
}

TEST(offsets, wait_for_all_that_was_handed_out_before) {
  offset_book book;
  const auto first = book.begin({at(0, 10)}), second = book.begin({at(1, 7)}), third = book.begin({at(0, 20)});
  EXPECT_THAT(book.done(second), IsEmpty());
  EXPECT_THAT(book.done(third), IsEmpty());
  EXPECT_THAT(book.done(first), ElementsAre(at(0, 20), at(1, 7))) << "each partition once, at its latest";
}

TEST(offsets, a_ticket_that_is_unknown_or_done_changes_nothing) {
  offset_book book;
  const auto first = book.begin({at(0, 10)});
  EXPECT_THAT(book.done(first + 1), IsEmpty());
  EXPECT_THAT(book.done(0), IsEmpty());
  EXPECT_THAT(book.done(first), ElementsAre(at(0, 10)));
  EXPECT_THAT(book.done(first), IsEmpty());
}

TEST(offsets, of_a_partition_that_was_given_back_are_not_committed) {
  offset_book book;
  const auto first = book.begin({at(0, 10), at(1, 5)});
  book.forget("inputs", 0);
  book.forget("others", 1);
  EXPECT_THAT(book.done(first), ElementsAre(at(1, 5)));
}

class sight_of_a_log : public ::testing::Test {
protected:
  std::string see(double seconds, bool connected, bool at_end, bool moved) {
    const auto c = sight.see({connected, at_end, moved}, timestamp{from_seconds(seconds)});
    return std::string{c.holds ? "holds" : "goes"} + (c.lost ? " lost" : "") + (c.regained ? " regained" : "");
  }
  log_sight sight{10s, timestamp{0s}};
};

TEST_F(sight_of_a_log, lets_time_wait_until_the_end_is_reached) {
  EXPECT_EQ(see(1, false, true, false), "holds");
  EXPECT_EQ(see(9, true, false, true), "holds");
  EXPECT_EQ(see(18, true, false, true), "holds") << "it gets on";
  EXPECT_EQ(see(19, true, true, true), "goes regained");
  EXPECT_EQ(see(20, true, true, false), "goes");
}

TEST_F(sight_of_a_log, does_not_speak_of_a_short_outage) {
  see(1, true, true, false);
  EXPECT_EQ(see(2, false, true, false), "holds");
  EXPECT_EQ(see(11, false, true, false), "holds");
  EXPECT_EQ(see(12, true, true, true), "goes");
}

TEST_F(sight_of_a_log, is_blind_when_it_does_not_get_on_for_long) {
  see(1, true, true, false);
  EXPECT_EQ(see(2, false, true, false), "holds");
  EXPECT_EQ(see(12, false, true, false), "goes lost") << "time goes on, without us";
  EXPECT_EQ(see(13, false, true, false), "goes");
  EXPECT_EQ(see(14, true, false, true), "goes") << "what is behind us is not seen yet";
  EXPECT_EQ(see(15, true, true, true), "goes regained");
}

} // namespace
} // namespace tocsin::partition_test
