// Recorded sessions as input.
#include <gtest/gtest.h>

#include "codecs/decoder.hpp"
#include "core/limits.hpp"
#include "rv_test_bytes.hpp"

namespace tocsin::rv_hex_test {
namespace {

struct outcome {
  record_batch batch;
  std::vector<decode_error> errors;
  std::uint64_t ignored = 0;

  std::string kinds() const {
    std::string text;
    for (const record& r : batch.records) {
      if (!text.empty()) text += ' ';
      text.append(to_text(r.kind)).append("@").append(r.host);
    }
    return text;
  }
};

outcome decode(std::string_view text, std::size_t piece = std::string_view::npos,
               timestamp arrived = unset) {
  outcome o;
  const auto d = make_rv_hex_decoder({});
  for (std::size_t at = 0; at < text.size(); at += std::min(piece, text.size() - at))
    d->feed(text.substr(at, piece), arrived, o.batch);
  d->finish(arrived, o.batch);
  o.errors = d->take_errors();
  o.ignored = d->ignored_count();
  return o;
}

TEST(rv_hex, every_recorded_session_decodes_without_an_error) {
  for (const std::string& name : test::recorded_sessions()) {
    const auto text = test::read_shared(name);
    if (!text) GTEST_SKIP() << "no " << test::shared_file(name);
    const outcome o = decode(*text);
    EXPECT_TRUE(o.errors.empty()) << name << ": " << o.errors.front().text;
    for (const std::size_t piece : {1, 7, 1000}) {
      const outcome again = decode(*text, piece);
      EXPECT_EQ(again.kinds(), o.kinds()) << name;
      EXPECT_EQ(again.ignored, o.ignored) << name;
    }
  }
}

TEST(rv_hex, the_monitor_of_session_3_saw_hosts_come_and_go) {
  const auto text = test::read_shared("03-monitor-sees-host-start-stop.hex");
  if (!text) GTEST_SKIP() << "no shared data";
  EXPECT_EQ(decode(*text).kinds(),
            "sight_regained@ host_start@10.98.163.137 heartbeat@127.0.0.1 heartbeat@10.98.163.137 "
            "unreachable_transport@10.98.163.137 host_stop@10.98.163.137 heartbeat@127.0.0.1");
}

TEST(rv_hex, a_record_is_dated_by_its_message_else_by_its_line) {
  const std::string line = "S 12.5 " + test::to_hex(test::rv87_status()) + "\r\n";
  outcome o = decode("# comment\n\n" + line);
  ASSERT_EQ(o.batch.records.size(), 1u) << o.errors.size();
  EXPECT_EQ(to_rfc3339(o.batch.records[0].at), "2025-10-15T01:38:54.797Z");
  EXPECT_EQ(o.batch.records[0].timed_by, time_source::message);

  o = decode(line, std::string_view::npos, from_milliseconds(1000));
  EXPECT_EQ(o.batch.records.at(0).at, from_milliseconds(1000));
  EXPECT_EQ(o.batch.records.at(0).timed_by, time_source::arrival);

  // The same without its last fields and `time`: RVD.CONNECTED of session 1.
  o = decode("S 12.5 "
             "000000919955eeaa04737562000279002605055f52560006494e464f000853595354454d0005525644000"
             "b434f4e4e45435445"
             "4400066d747970650008024400056461746100017a000000499955eeaa0a4144565f434c4153530008054"
             "94e464f000b4144565f53"
             "4f5552434500080753595354454d00094144565f4e414d4500080e5256442e434f4e4e454354454400");
  ASSERT_EQ(o.batch.records.size(), 1u) << "a last line without its end counts too";
  EXPECT_EQ(o.batch.records[0].kind, record_kind::sight_regained);
  EXPECT_EQ(o.batch.records[0].at, from_milliseconds(12'500));
}

TEST(rv_hex, bad_lines_are_named_and_the_rest_goes_on) {
  const std::string good = "S 1 " + test::to_hex(test::rv87_status()) + "\n";
  const outcome o = decode("S 1 0\n"                        // odd
                           "S 1 0g\n"                       // no digit
                           "X 1 00\n"                       // direction
                           "S one 00\n"                     // seconds
                           "S 1 00 11\n"                    // words
                           "S 1 0000000c00000000ffffffff\n" // a handshake record's size: skipped
                           "S 1 000000009955eeaa\n"         // length
                           "S 1 000000089955eeab\n"         // magic
                           "S 1\n"                          // nothing
                           + good);
  EXPECT_EQ(o.batch.records.size(), 1u);
  ASSERT_EQ(o.errors.size(), 8u);
  const std::uint64_t lines[] = {1, 2, 3, 4, 5, 7, 8, 9};
  for (std::size_t i = 0; i < 8; ++i) EXPECT_EQ(o.errors[i].position, lines[i]) << o.errors[i].text;
  EXPECT_EQ(o.errors[0].text, "odd number of hex digits");
  EXPECT_EQ(o.errors[0].bytes, "S 1 0");
  EXPECT_EQ(o.errors[1].text, "not a hex digit at position 0 of the bytes");
}

TEST(rv_hex, an_endless_line_is_bounded_and_reported_once) {
  record_batch batch;
  const auto d = make_rv_hex_decoder({});
  const std::string much(1 << 20, '0');
  for (int i = 0; i < 8; ++i) d->feed(much, unset, batch);
  d->feed("\nS 1 " + test::to_hex(test::rv87_status()) + "\n", unset, batch);
  EXPECT_EQ(d->error_count(), 1u);
  const auto errors = d->take_errors();
  EXPECT_EQ(errors.at(0).code, errc::too_large);
  EXPECT_LE(errors.at(0).bytes.size(), 4096u);
  EXPECT_EQ(batch.records.size(), 1u);
}

} // namespace
} // namespace tocsin::rv_hex_test
