// Rendezvous frames to records.
#include "codecs/rv_records.hpp"

#include <gtest/gtest.h>

#include "codecs/rv_writer.hpp"
#include "rv_test_bytes.hpp"

namespace tocsin::rv_records_test {
namespace {

std::string frame(std::string_view subject, const rv_message_writer& data, char mtype = 'A') {
  return *write_data(mtype, subject, data.bytes());
}

TEST(rv_records, a_heartbeat_of_rv_8_7_loses_nothing) {
  rv_record_decoder d{{}};
  record_batch batch;
  const auto made = d.decode(test::rv87_status(), batch);
  ASSERT_TRUE(made) << made.error().text;
  ASSERT_TRUE(*made);
  EXPECT_FALSE(d.take_problem());
  const record& r = **made;
  EXPECT_EQ(r.kind, record_kind::heartbeat);
  EXPECT_EQ(r.host, "10.98.163.137");
  EXPECT_EQ(r.service, "7500");
  EXPECT_EQ(r.network, "");
  EXPECT_EQ(r.version, "8.7.0");
  EXPECT_EQ(r.reliability_s, 60.0f);
  EXPECT_EQ(to_rfc3339(r.sent_at), "2025-10-15T01:38:54.797Z");
  const std::pair<counter, std::uint64_t> expected[] = {{counter::uptime, 990},
                                                        {counter::clients, 4},
                                                        {counter::messages_sent, 1915},
                                                        {counter::bytes_sent, 241'142},
                                                        {counter::messages_received, 1156},
                                                        {counter::bytes_received, 129'578},
                                                        {counter::packets_sent, 1992},
                                                        {counter::packets_received, 0},
                                                        {counter::retransmitted, 0},
                                                        {counter::missed, 0},
                                                        {counter::lost_inbound, 0},
                                                        {counter::lost_outbound, 0},
                                                        {counter::suppressed_inbound, 0},
                                                        {counter::suppressed_outbound, 0}};
  for (const auto& [c, value] : expected) {
    EXPECT_TRUE(r.has(c)) << to_text(c);
    EXPECT_EQ(r.get(c), value) << to_text(c);
  }
  EXPECT_FALSE(r.has(counter::client_limit));
  EXPECT_FALSE(r.has(counter::lost_count));
}

TEST(rv_records, frames_of_no_interest_give_nothing_and_no_error) {
  rv_record_decoder d{{}};
  record_batch batch;
  rv_message_writer data;
  data.text("id", "x");
  for (const std::string& bytes :
       {std::string{rv_message_writer{}.bytes()}, frame("FAB.ALARM", data, 'D'),
        frame("_RV.INFO.SYSTEM.LISTEN.START.FAB", data), *write_listen('L', "_RV.>"),
        frame("RVD.INITRESP", data, 'R'),
        frame("_RV.INFO.SYSTEM.HOST.STATUS.7F000001", data, 'S')}) {
    const auto made = d.decode(bytes, batch);
    ASSERT_TRUE(made) << made.error().text;
    EXPECT_EQ(*made, nullptr);
  }
  EXPECT_TRUE(batch.records.empty());
}

TEST(rv_records, envelope_fields_come_in_any_order) {
  rv_message_writer data, w;
  data.address("hostaddr", 0x7f000001);
  w.message("data", data.bytes());
  w.text("mtype", "D");
  w.unsigned_integer("novelty", 1);
  ASSERT_TRUE(w.subject("sub", "_RV.INFO.SYSTEM.HOST.STOP.7F000001"));
  rv_record_decoder d{{}};
  record_batch batch;
  const auto made = d.decode(w.bytes(), batch);
  ASSERT_TRUE(made && *made);
  EXPECT_EQ((*made)->kind, record_kind::host_stop);
  EXPECT_EQ((*made)->host, "127.0.0.1");
  EXPECT_EQ((*made)->service, "7500");
}

TEST(rv_records, a_message_without_data_still_is_a_sign_of_life) {
  rv_record_decoder d{{}};
  record_batch batch;
  const auto made = d.decode(*write_data('A', "_RV.INFO.SYSTEM.HOST.STATUS.0A62A389", ""), batch);
  ASSERT_TRUE(made && *made);
  EXPECT_EQ((*made)->host, "10.98.163.137");
}

TEST(rv_records, wrong_types_leave_the_rest_of_the_record) {
  rv_message_writer data;
  data.text("up", "990");
  data.real("ms", 17.0);
  data.raw("mr", rv_type::unsigned_integer, "abc");
  data.raw("time", rv_type::datetime, "\1\2\3\4\5\6\7\xff");
  data.raw("bs", static_cast<rv_type>(99), "x");
  data.signed_integer("cc", -1);
  data.signed_integer("ps", 12, 2);
  rv_record_decoder d{{}};
  record_batch batch;
  const auto made = d.decode(frame("_RV.INFO.SYSTEM.HOST.STATUS.0A62A389", data), batch);
  ASSERT_TRUE(made && *made);
  EXPECT_EQ((*made)->present, 1u << static_cast<unsigned>(counter::messages_sent) |
                                  1u << static_cast<unsigned>(counter::packets_sent));
  EXPECT_EQ(d.take_problem()->code, errc::invalid);
  EXPECT_FALSE(d.take_problem()) << "one a frame is enough";
}

TEST(rv_records, bytes_cut_anywhere_make_no_record) {
  const std::string& whole = test::rv87_status();
  rv_record_decoder d{{}};
  record_batch batch;
  for (std::size_t n = 0; n < whole.size(); ++n) {
    std::string cut = whole.substr(0, n);
    if (n >= 4) write_be(cut.data(), static_cast<std::uint32_t>(n)); // a length that fits, too
    const auto made = d.decode(cut, batch);
    // Where `data` begins, what stands before it is a whole envelope without any.
    EXPECT_EQ(made && *made, n == 72) << n;
  }
  EXPECT_EQ(batch.records.size(), 1u);
}

TEST(rv_records, data_that_is_no_message_is_reported) {
  rv_message_writer w;
  ASSERT_TRUE(w.subject("sub", "_RV.INFO.SYSTEM.HOST.STATUS.7F000001"));
  w.text("mtype", "D");
  w.opaque("data", "foreign");
  rv_record_decoder d{{}};
  record_batch batch;
  EXPECT_EQ(d.decode(w.bytes(), batch).error().code, errc::unsupported);
  EXPECT_TRUE(batch.records.empty());
}

TEST(rv_records, what_nobody_reads_is_skipped_however_deep_it_nests) {
  rv_message_writer deep, data;
  std::string inner{deep.bytes()};
  for (int i = 0; i < 100; ++i) {
    deep.clear();
    deep.message("m", inner);
    inner = deep.take();
  }
  data.message("extra", inner);
  data.unsigned_integer("up", 5);
  rv_record_decoder d{{}};
  record_batch batch;
  const auto made = d.decode(frame("_RV.INFO.SYSTEM.HOST.STATUS.7F000001", data), batch);
  ASSERT_TRUE(made && *made);
  EXPECT_EQ((*made)->get(counter::uptime), 5u);
}

} // namespace
} // namespace tocsin::rv_records_test
