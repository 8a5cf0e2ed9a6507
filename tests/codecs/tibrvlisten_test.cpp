// What tibrvlisten and rvd print, as records.
#include "tibrvlisten_samples.hpp"

namespace tocsin::tibrvlisten_test {
namespace {

using namespace test;
using testing::HasSubstr;

// --- the forms ---------------------------------------------------------------------------------

TEST(tibrvlisten, the_present_line_is_dated_by_its_gmt_stamp) {
  const outcome o = decode("tibrvlisten: Listening to subject _RV.*.SYSTEM.>\n"
                           "2025-10-15 03:38:55 (2025-10-15 01:38:55.000000123Z): "
                           "subject=_RV.INFO.SYSTEM.HOST.STATUS.0A62A389, message=" +
                           heartbeat_text + "\n");
  EXPECT_THAT(o.lines(), testing::ElementsAre(heartbeat_values + "2025-10-15T01:38:55.000000123Z"));
  ASSERT_EQ(o.batch.records.size(), 1u);
  const record& r = o.batch.records[0];
  EXPECT_EQ(r.timed_by, time_source::log);
  EXPECT_EQ(to_rfc3339(r.sent_at), "2025-10-15T01:38:54.797Z");
  EXPECT_EQ(r.version, "8.7.0");
  EXPECT_EQ(r.network, "");
  EXPECT_EQ(r.reliability_s, 60.0f);
  EXPECT_EQ(r.key_hash, hash_key("10.98.163.137", "7500"));
  EXPECT_EQ(o.ignored, 1u);
}

TEST(tibrvlisten, a_reply_subject_stands_between) {
  const outcome o = decode("2025-10-15 03:38:55 (2025-10-15 01:38:55.000000000Z): "
                           "subject=_RV.INFO.SYSTEM.HOST.STATUS.0A62A389, "
                           "reply=_INBOX.0A62A389.68EEF74D081.1, message=" +
                           heartbeat_text + "\n");
  EXPECT_THAT(o.lines(), testing::ElementsAre(heartbeat_values + "2025-10-15T01:38:55Z"));
}

TEST(tibrvlisten, certified_listeners_add_words_behind_the_message) {
  const outcome o =
      decode("subject=_RV.INFO.SYSTEM.HOST.STATUS.0A62A389, reply=none, message=" + heartbeat_text +
             ", certified sender=none\n" + line_of(7));
  EXPECT_THAT(ups(o), testing::ElementsAre("990", "7"));
  EXPECT_TRUE(o.errors.empty());
}

TEST(tibrvlisten, an_older_line_without_a_stamp_is_dated_by_its_message) {
  const outcome o =
      decode("subject=_RV.INFO.SYSTEM.HOST.STATUS.0A62A389, message=" + heartbeat_text + "\n");
  EXPECT_THAT(o.lines(), testing::ElementsAre(heartbeat_values + "2025-10-15T01:38:54.797Z"));
  EXPECT_EQ(o.batch.records[0].timed_by, time_source::message);
}

TEST(tibrvlisten, release_6_9_decorates_names_and_has_no_service) {
  const outcome o = decode(old_text + "\n");
  EXPECT_THAT(o.lines(), testing::ElementsAre(old_values));
  EXPECT_EQ(o.batch.records[0].version, "6.9.8");
  EXPECT_EQ(o.batch.records[0].timed_by, time_source::log);
}

TEST(tibrvlisten, a_bare_message_names_its_subject_itself) {
  const outcome o = decode(
      heartbeat_text + "\n" +
      R"({ADV_CLASS="INFO" ADV_SOURCE="SYSTEM" ADV_NAME="HOST.STATUS.0A62A389" )"
      R"(hostaddr=10.98.163.137 time=2025-10-15 01:40:24.799000000Z up=1080 service="7500"})"
      "\n"
      R"({ADV_CLASS="INFO" ADV_SOURCE="SYSTEM" )"
      R"(ADV_NAME="UNREACHABLE.TRANSPORT.0A62A389.68EEF74D081" tport="0A62A389.68EEF74D081"})"
      "\n" +
      too_large_text + "\n");
  EXPECT_THAT(o.lines(), testing::ElementsAre(
                             heartbeat_values + "2025-10-15T01:38:54.797Z",
                             "heartbeat@10.98.163.137/7500 up=1080 2025-10-15T01:40:24.799Z",
                             // Without a time of their own they happened when the last one did.
                             "unreachable_transport@10.98.163.137/7500 2025-10-15T01:40:24.799Z",
                             "data_loss_outbound@10.98.163.137/7500 peer=10.98.163.137 lost=210339 "
                             "2025-10-15T01:40:24.799Z"));
}

TEST(tibrvlisten, without_any_time_a_record_is_of_1970) {
  const outcome o = decode(too_large_text);
  ASSERT_EQ(o.batch.records.size(), 1u);
  EXPECT_EQ(to_rfc3339(o.batch.records[0].at), "1970-01-01T00:00:00Z");
}

TEST(tibrvlisten, the_daemons_log_is_read_too) {
  const outcome o = decode(
      R"(2014-04-09 16:20:43 D:\Apps\Tibco\tibrv\8.1\bin\rvd_original.exe: )"
      R"(TIB/Rendezvous Error: {ADV_CLASS="ERROR" ADV_SOURCE="SYSTEM" )"
      R"(ADV_NAME="DATALOSS.INBOUND.BCAST" ADV_DESC="dataloss: remote daemon did not satisfy )"
      R"_(our retransmission request(s)" host="192.0.2.1" lost=99})_"
      "\n"
      "2014-04-09 16:20:44 rvd: Initial software release 8.1\n");
  EXPECT_THAT(o.lines(), testing::ElementsAre("data_loss_inbound@192.0.2.1/7500 peer=192.0.2.1 "
                                              "lost=99 2014-04-09T16:20:43Z"));
  EXPECT_EQ(o.ignored, 1u);
}

TEST(tibrvlisten, an_advisory_nobody_handled_stands_on_the_next_line) {
  const outcome o =
      decode("2025-10-17 11:34:22 RV: TIB/Rendezvous Error Not Handled by Process:\n" +
             too_large_text + "\n" + line_of(5));
  EXPECT_THAT(o.lines(),
              testing::ElementsAre("data_loss_outbound@10.98.163.137/7500 peer=10.98.163.137 "
                                   "lost=210339 2025-10-17T11:34:22Z",
                                   "heartbeat@10.0.0.1/7500 up=5 2025-10-15T01:38:54.800Z"));
}

TEST(tibrvlisten, a_name_may_stand_before_the_message) {
  const outcome o = decode(
      R"(_RV.ERROR.SYSTEM.DATALOSS.INBOUND.BCAST = {ADV_CLASS="ERROR" ADV_SOURCE="SYSTEM" )"
      R"(ADV_NAME="DATALOSS.INBOUND.BCAST" ADV_DESC="dataloss: remote daemon already timed out )"
      R"(the data" host="192.168.4.45" lost=473 scid=7445 })"
      "\n"
      R"(advisory = {ADV_CLASS="INFO" ADV_SOURCE="SYSTEM" ADV_NAME="HOST.STOP.0A62A389" })"
      "\r\n");
  ASSERT_EQ(o.batch.records.size(), 2u);
  EXPECT_TRUE(o.errors.empty());
  EXPECT_EQ(o.batch.records[0].peer, "192.168.4.45");
  EXPECT_EQ(o.batch.records[0].get(counter::lost_count), 473u);
  EXPECT_EQ(o.batch.records[1].kind, record_kind::host_stop);
  EXPECT_EQ(o.batch.records[1].host, "10.98.163.137");
}

TEST(tibrvlisten, the_arrival_wins_over_every_stamp) {
  const timestamp arrived = from_nanoseconds(1'700'000'000'000'000'000);
  const outcome o = decode(line_of(1) + too_large_text, std::string_view::npos, arrived);
  ASSERT_EQ(o.batch.records.size(), 2u);
  for (const record& r : o.batch.records) {
    EXPECT_EQ(r.at, arrived);
    EXPECT_EQ(r.timed_by, time_source::arrival);
  }
}

TEST(tibrvlisten, other_subjects_are_ignored_whatever_they_hold) {
  const outcome o = decode("2025-10-15 03:38:54 (2025-10-15 01:38:54.000000000Z): "
                           "subject=ORDERS.NEW, message={id=7 note=\"he said \"x=1}\" and left\"}\n"
                           "{}\n");
  EXPECT_EQ(o.ignored, 2u);
  EXPECT_TRUE(o.lines().empty());
}

// --- values ------------------------------------------------------------------------------------

TEST(tibrvlisten, values_of_every_type_stand_between_known_fields) {
  const outcome o = decode(
      R"(subject=_RV.INFO.SYSTEM.HOST.STATUS.0A000001, message={hostaddr=10.0.0.1 )"
      R"(raw=[472 opaque bytes] doc=[XML document: 472 bytes] list=[1,2, 3] words=["a","b]"] )"
      R"(inner={up=1 deeper={cc=2 s="}"}} empty={} flag=true note="a "quoted" word, {or} two" )"
      R"(when=2025-10-15 01:38:54.797000000Z up=42 rli=60.0 service=7501 network="eth0;239.1.1.1"})");
  EXPECT_THAT(o.lines(),
              testing::ElementsAre("heartbeat@10.0.0.1/7501 up=42 1970-01-01T00:00:00Z"));
  EXPECT_EQ(o.batch.records.at(0).network, "eth0;239.1.1.1");
  EXPECT_EQ(o.batch.records.at(0).reliability_s, 60.0f);
}

TEST(tibrvlisten, a_field_of_a_wrong_type_is_reported_once_and_absent) {
  std::string text;
  for (int i = 0; i < 3; ++i)
    text += "subject=_RV.INFO.SYSTEM.HOST.STATUS.0A000001, message={up=\"x\" "
            "ms=99999999999999999999 bs=-1 cc=4}\n";
  const outcome o = decode(text);
  EXPECT_EQ(o.batch.records.size(), 3u);
  for (const record& r : o.batch.records) {
    EXPECT_FALSE(r.has(counter::uptime) || r.has(counter::messages_sent) ||
                 r.has(counter::bytes_sent));
    EXPECT_EQ(r.get(counter::clients), 4u);
  }
  ASSERT_EQ(o.errors.size(), 1u) << "the first problem of a message";
  EXPECT_THAT(o.errors[0].text, HasSubstr("line 1: field 'up'"));
}

} // namespace
} // namespace tocsin::tibrvlisten_test
