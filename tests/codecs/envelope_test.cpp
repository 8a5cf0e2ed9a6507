// What goes over the wire between nodes: what is written is read again, and nothing else is taken.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "codecs/cluster_query.hpp"
#include "codecs/envelope.hpp"

namespace tocsin::envelope_test {
namespace {

using ::testing::HasSubstr;

const envelope sample{envelope_kind::answer, "node-1.a_b", 0xfedcba9876543210ull, 42, 7, 2000, std::string("\0x\xff", 3)};

TEST(an_envelope, is_read_as_it_was_written) {
  const auto read = decode_envelope(encode(sample));
  ASSERT_TRUE(read) << read.error().text;
  EXPECT_EQ(*read, sample);
}

TEST(an_envelope, is_refused_when_any_byte_is_missing_or_too_much) {
  const std::string bytes = encode(sample);
  for (std::size_t n = 0; n < bytes.size(); ++n) EXPECT_FALSE(decode_envelope(bytes.substr(0, n))) << n;
  EXPECT_EQ(decode_envelope(bytes + "x").error().code, errc::malformed);
}

TEST(an_envelope, of_another_version_says_so) {
  std::string bytes = encode(sample);
  bytes[4] = 9;
  const auto read = decode_envelope(bytes);
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code, errc::version);
  EXPECT_THAT(read.error().text, HasSubstr("has version 9, we speak 1; let all nodes run the same version"));
}

TEST(an_envelope, needs_a_sender_a_kind_and_a_deadline_within_bounds) {
  const auto refused = [](auto change) {
    envelope e = sample;
    change(e);
    const auto read = decode_envelope(encode(e));
    return read ? std::string{"taken"} : read.error().text;
  };
  EXPECT_THAT(refused([](envelope& e) { e.node = ""; }), HasSubstr("no name of a node"));
  EXPECT_THAT(refused([](envelope& e) { e.node = "a b"; }), HasSubstr("no name of a node"));
  EXPECT_THAT(refused([](envelope& e) { e.node = std::string(65, 'a'); }), HasSubstr("no name of a node"));
  EXPECT_THAT(refused([](envelope& e) { e.kind = static_cast<envelope_kind>(3); }), HasSubstr("of no kind we know"));
  EXPECT_THAT(refused([](envelope& e) { e.deadline_ms = 60'001; }), HasSubstr("beyond a minute"));
  EXPECT_EQ(refused([](envelope& e) { e.deadline_ms = 60'000; }), "taken");
}

TEST(a_question_to_nodes, is_read_as_it_was_written) {
  const cluster_query q{query_kind::daemon, "10.0.0.1", "7500", 1};
  EXPECT_EQ(*decode_query(encode(q)), q);
  std::string newer = encode(q);
  newer[0] = 99;
  EXPECT_EQ(decode_query(newer).error().code, errc::unsupported);
}

TEST(a_part_of_an_answer, is_read_as_it_was_written) {
  const query_part p{{{"rvd/a/1", timestamp{duration{5}}, "{}"}, {"rvd/b/1", unset, "{\"x\":1}"}}, 2, 9, {0, 3}};
  const std::string bytes = encode(p);
  EXPECT_EQ(*decode_part(bytes), p);
  for (std::size_t n = 0; n < bytes.size(); ++n) EXPECT_FALSE(decode_part(bytes.substr(0, n))) << n;
  EXPECT_THAT(decode_part(encode(query_part{{{"s", unset, "[]"}}, 0, 0, {}})).error().text, HasSubstr("no JSON object"));
}

} // namespace
} // namespace tocsin::envelope_test
