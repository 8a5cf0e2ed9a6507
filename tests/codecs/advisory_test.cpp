// Subjects and fields of advisories to records, whatever form they came in.
#include "codecs/advisory.hpp"

#include <gtest/gtest.h>

#include <limits>

#include "core/limits.hpp"

namespace tocsin::advisory_test {
namespace {

decode_context segment() {
  decode_context c;
  c.service = "7500";
  c.network = ";239.1.1.1";
  c.vantage = 3;
  return c;
}

constexpr std::string_view status = "_RV.INFO.SYSTEM.HOST.STATUS.0A62A389";

TEST(advisory, every_name_is_its_own_field) {
  for (int i = 0; i < static_cast<int>(advisory_field::none); ++i) {
    const auto f = static_cast<advisory_field>(i);
    EXPECT_EQ(field_of(to_text(f)), f) << to_text(f);
    if (i < static_cast<int>(counter_count)) {
      EXPECT_EQ(to_text(f), to_text(static_cast<counter>(i)));
    }
  }
  for (const char* other :
       {"", "u", "upp", "hostid", "hostaddr2", "ADV_CLASS", "sn", "os", "client_limits"})
    EXPECT_EQ(field_of(other), advisory_field::none) << other;
}

TEST(advisory, subjects_say_what_the_record_is) {
  struct expected {
    const char* subject;
    record_kind kind;
  };
  for (const expected& e : {
           expected{"_RV.INFO.SYSTEM.HOST.STATUS.7F000001", record_kind::heartbeat},
           expected{"_RV.INFO.SYSTEM.HOST.START.7F000001", record_kind::host_start},
           expected{"_RV.INFO.SYSTEM.HOST.STOP.7F000001", record_kind::host_stop},
           expected{"_RV.ERROR.SYSTEM.DATALOSS.INBOUND.BCAST", record_kind::data_loss_inbound},
           expected{"_RV.ERROR.SYSTEM.DATALOSS.INBOUND.PTP", record_kind::data_loss_inbound},
           expected{"_RV.ERROR.SYSTEM.DATALOSS.OUTBOUND.PTP", record_kind::data_loss_outbound},
           expected{"_RV.ERROR.SYSTEM.DATALOSS.OUTBOUND.MSG_TOO_LARGE",
                    record_kind::data_loss_outbound},
           expected{"_RV.ERROR.SYSTEM.DATALOSS.MSG_TOO_LARGE", record_kind::data_loss_outbound},
           expected{"_RV.INFO.SYSTEM.RETRANSMISSION.OUTBOUND.SENT",
                    record_kind::retransmission_sent},
           expected{"_RV.INFO.SYSTEM.RETRANSMISSION.OUTBOUND.SUPPRESSED",
                    record_kind::retransmission_suppressed},
           expected{"_RV.INFO.SYSTEM.RETRANSMISSION.INBOUND.REQUEST_NOT_SENT",
                    record_kind::retransmission_suppressed},
           expected{"_RV.INFO.SYSTEM.UNREACHABLE.TRANSPORT.0A62A389.68EEF74D081",
                    record_kind::unreachable_transport},
           expected{"_RV.INFO.SYSTEM.RVD.CONNECTED", record_kind::sight_regained},
           expected{"_RV.WARN.SYSTEM.RVD.DISCONNECTED", record_kind::sight_lost},
           expected{"_RV.ERROR.SYSTEM.RVD.RECONNECT_FAILED", record_kind::sight_lost},
       }) {
    const auto s = classify_subject(e.subject);
    EXPECT_EQ(s.kind, advisory_kind::record) << e.subject;
    EXPECT_EQ(s.gives, e.kind) << e.subject;
  }
  for (const char* other :
       {"", "_RV", "_RV.", "_RV.INFO", "_RV.INFO.SYSTEM", "_RV.INFO.SYSTEM.HOST", "FAB.HOST.STATUS",
        "_RV.INFO.SYSTEM.SESSION.START.7F000001", "_RV.INFO.SYSTEM.LISTEN.START.FAB.>",
        "_RV.INFO.SYSTEM.RETRANSMISSION.INBOUND.EXPECTED", "_RV.WARN.SYSTEM.CLIENT.FASTPRODUCER",
        "_RV.ERROR.RVCM.DELIVERY.FAILED.A", "RVD.INITRESP"})
    EXPECT_EQ(classify_subject(other).kind, advisory_kind::ignored) << other;
  EXPECT_EQ(classify_subject("_RV.ERROR.SYSTEM.CLIENT.SLOWCONSUMER").kind,
            advisory_kind::slow_consumer);
}

TEST(advisory, a_heartbeat_keeps_what_the_message_says) {
  advisory_builder b{segment()};
  record_batch batch;
  ASSERT_TRUE(b.begin(status));
  b.text("hostaddr", "10.98.163.137");
  b.text("ver", "8.7.0");
  b.text("time", "2025-10-15 01:38:54.797000000Z");
  b.number("up", 990);
  b.real("rli", 60.0);
  b.number("cc", 4);
  b.number("sn", 222'638);
  b.text("service", "7501");
  b.text("network", "");
  const record* r = b.end(batch);
  ASSERT_TRUE(r);
  EXPECT_FALSE(b.take_problem());
  EXPECT_EQ(r->kind, record_kind::heartbeat);
  EXPECT_EQ(r->host, "10.98.163.137");
  EXPECT_EQ(r->service, "7501");
  EXPECT_EQ(r->network, "") << "said to be empty, so not the vantage point's";
  EXPECT_EQ(r->version, "8.7.0");
  EXPECT_EQ(r->sent_at, from_milliseconds(1'760'492'334'797));
  EXPECT_EQ(r->at, unset) << "the clock is the caller's";
  EXPECT_EQ(r->get(counter::uptime), 990u);
  EXPECT_EQ(r->get(counter::clients), 4u);
  EXPECT_FALSE(r->has(counter::messages_sent));
  EXPECT_EQ(r->reliability_s, 60.0f);
  EXPECT_EQ(r->vantage, 3);
  EXPECT_EQ(r->key_hash, hash_key("10.98.163.137", "7501"));
}

TEST(advisory, absent_fields_come_from_the_subject_and_the_vantage_point) {
  advisory_builder b{segment()};
  record_batch batch;
  ASSERT_TRUE(b.begin(status));
  const record* r = b.end(batch);
  ASSERT_TRUE(r);
  EXPECT_EQ(r->host, "10.98.163.137") << "the subject's 0A62A389";
  EXPECT_EQ(r->service, "7500");
  EXPECT_EQ(r->network, ";239.1.1.1");
  EXPECT_EQ(r->present, 0u);
  EXPECT_EQ(r->sent_at, unset);
  EXPECT_EQ(r->reliability_s, 0.0f);

  ASSERT_TRUE(b.begin("_RV.INFO.SYSTEM.HOST.STATUS.etch-tool-12"));
  EXPECT_EQ(b.end(batch)->host, "etch-tool-12");
  b.begin(record_kind::heartbeat);
  b.text("hostaddr", "etch-tool-13");
  EXPECT_EQ(b.end(batch)->host, "etch-tool-13");
}

TEST(advisory, without_any_host_there_is_no_record) {
  advisory_builder b{segment()};
  record_batch batch;
  ASSERT_TRUE(b.begin("_RV.INFO.SYSTEM.HOST.STATUS"));
  b.number("up", 1);
  EXPECT_EQ(b.end(batch), nullptr);
  EXPECT_EQ(b.take_problem()->code, errc::missing);
  EXPECT_TRUE(batch.records.empty());
}

TEST(advisory, texts_outlive_the_message) {
  advisory_builder b{segment()};
  record_batch batch;
  for (const char* host : {"10.0.0.1", "10.0.0.2"}) {
    std::string text{host}, version{"8.7.0"};
    ASSERT_TRUE(b.begin(status));
    b.text("hostaddr", text);
    b.text("ver", version);
    ASSERT_TRUE(b.end(batch));
    text.assign(text.size(), 'x');
    version.assign(version.size(), 'x');
  }
  EXPECT_EQ(batch.records[0].host, "10.0.0.1");
  EXPECT_EQ(batch.records[1].host, "10.0.0.2");
  EXPECT_EQ(batch.records[1].version, "8.7.0");
  EXPECT_EQ(batch.records[0].version.data(), batch.records[1].version.data())
      << "equal neighbours share their bytes";
}

record loss(advisory_builder& b, record_batch& batch, bool with_hostaddr = false) {
  EXPECT_TRUE(b.begin("_RV.ERROR.SYSTEM.DATALOSS.INBOUND.BCAST"));
  b.text("host", "192.168.4.45");
  b.number("lost", 473);
  b.number("scid", 7445);
  if (with_hostaddr) b.address("hostaddr", 0x0a000001);
  const record* r = b.end(batch);
  EXPECT_TRUE(r);
  return r ? *r : record{};
}

TEST(advisory, data_loss_names_presenter_and_peer) {
  record_batch batch;
  advisory_builder b{segment()};
  record r = loss(b, batch);
  EXPECT_EQ(r.host, "192.168.4.45") << "presenter unknown";
  EXPECT_EQ(r.peer, "192.168.4.45");
  EXPECT_EQ(r.get(counter::lost_count), 473u);
  EXPECT_EQ(r.service, "7500");
  EXPECT_EQ(loss(b, batch, true).host, "10.0.0.1");
  b.set_daemon_host("10.98.163.137");
  r = loss(b, batch, true);
  EXPECT_EQ(r.host, "10.98.163.137");
  EXPECT_EQ(r.peer, "192.168.4.45");
  EXPECT_EQ(r.key_hash, hash_key("10.98.163.137", "7500"));
}

TEST(advisory, scid_is_the_service_of_last_resort) {
  decode_context nothing;
  nothing.service.clear();
  advisory_builder b{nothing};
  record_batch batch;
  EXPECT_EQ(loss(b, batch).service, "7445");
  ASSERT_TRUE(b.begin("_RV.ERROR.SYSTEM.DATALOSS.INBOUND.BCAST"));
  b.text("host", "192.168.4.45");
  b.number("scid", 0);
  EXPECT_EQ(b.end(batch)->service, "");
}

TEST(advisory, sight_is_about_no_host) {
  advisory_builder b{segment()};
  record_batch batch;
  ASSERT_TRUE(b.begin("_RV.WARN.SYSTEM.RVD.DISCONNECTED"));
  const record* r = b.end(batch);
  ASSERT_TRUE(r);
  EXPECT_EQ(r->kind, record_kind::sight_lost);
  EXPECT_EQ(r->host, "");
  EXPECT_EQ(r->vantage, 3);
}

TEST(advisory, a_field_of_the_wrong_type_is_absent_and_told_once) {
  advisory_builder b{segment()};
  record_batch batch;
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(b.begin(status));
    b.text("up", "990");
    b.number("ms", 5);
    const record* r = b.end(batch);
    ASSERT_TRUE(r);
    EXPECT_FALSE(r->has(counter::uptime));
    EXPECT_TRUE(r->has(counter::messages_sent));
    const auto problem = b.take_problem();
    ASSERT_EQ(problem.has_value(), i == 0);
    if (problem) {
      EXPECT_EQ(problem->text, "field 'up' of a heartbeat is text, not a number; it is taken as "
                               "absent here and, without "
                               "further notice, in later messages");
    }
  }
  ASSERT_TRUE(b.begin("_RV.INFO.SYSTEM.HOST.START.0A62A389"));
  b.text("up", "0");
  ASSERT_TRUE(b.end(batch));
  EXPECT_TRUE(b.take_problem()) << "another kind of record";
}

TEST(advisory, values_that_cannot_be_are_absent) {
  advisory_builder b{segment()};
  record_batch batch;
  ASSERT_TRUE(b.begin(status));
  b.real("ms", 1.5);
  b.real("bs", -1.0);
  b.real("mr", 1e300);
  b.real("br", std::numeric_limits<double>::quiet_NaN());
  b.real("rli", std::numeric_limits<double>::infinity());
  b.negative("cc", -1);
  b.real("time", 1e18);
  b.number("ver", 8);
  b.time("up", from_nanoseconds(0));
  b.address("network", 1);
  b.text("service", std::string(limits::label_bytes_max + 1, '7'));
  b.text("hostaddr", "10.0.0.1\n");
  b.other("pm");
  b.real("ps", 12.0);
  const record* r = b.end(batch);
  ASSERT_TRUE(r);
  EXPECT_EQ(r->present, 1u << static_cast<unsigned>(counter::packets_sent));
  EXPECT_EQ(r->get(counter::packets_sent), 12u);
  EXPECT_EQ(r->host, "10.98.163.137");
  EXPECT_EQ(r->service, "7500");
  EXPECT_EQ(r->version, "");
  EXPECT_EQ(r->reliability_s, 0.0f);
  EXPECT_EQ(r->sent_at, unset);
}

TEST(advisory, host_ids_and_dotted_addresses) {
  EXPECT_EQ(parse_host_id("0A62A389"), 0x0a62a389u);
  EXPECT_EQ(parse_host_id("ffffffff"), 0xffffffffu);
  for (const char* bad : {"", "0A62A38", "0A62A3891", "0A62A38G", "-A62A389", "0x62A389"})
    EXPECT_FALSE(parse_host_id(bad)) << bad;
  char text[16];
  EXPECT_EQ(std::string_view(text, write_dotted(0x0a62a389, text)), "10.98.163.137");
  EXPECT_EQ(std::string_view(text, write_dotted(0, text)), "0.0.0.0");
  EXPECT_EQ(std::string_view(text, write_dotted(0xffffffff, text)), "255.255.255.255");
}

TEST(advisory, slow_consumer_is_counted_and_gives_no_record) {
  advisory_builder b{segment()};
  EXPECT_FALSE(b.begin("_RV.ERROR.SYSTEM.CLIENT.SLOWCONSUMER"));
  EXPECT_FALSE(b.begin("FAB.ALARM"));
  EXPECT_EQ(b.slow_consumers(), 1u);
}

} // namespace
} // namespace tocsin::advisory_test
