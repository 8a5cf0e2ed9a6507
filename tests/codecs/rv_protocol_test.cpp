// What a client and a daemon say to each other, byte for byte as recorded.
#include "codecs/rv_protocol.hpp"

#include <gtest/gtest.h>

#include "codecs/rv_writer.hpp"
#include "rv_test_bytes.hpp"

namespace tocsin::rv_protocol_test {
namespace {

TEST(rv_protocol, our_side_of_a_gob_session_is_the_recorded_one) {
  const auto text = test::read_shared("04-gob-session-client.hex");
  if (!text) GTEST_SKIP() << "no shared data";
  const auto frames = test::parse_session(*text);
  std::vector<std::string> said;
  rv_init init{"pyclient", "7501", "10.98.163.137", ""};
  std::string session;
  for (const auto& f : frames) {
    if (f.direction != 'S') continue;
    rv_subject_text buffer;
    if (const auto e = read_envelope(f.bytes, buffer); e && e->mtype == 'R') {
      const auto answer = read_init_response(*e);
      ASSERT_TRUE(answer) << answer.error().text;
      EXPECT_EQ(answer->service, 7501);
      session = host_id_text(answer->address) + '.' + answer->gob;
    }
  }
  EXPECT_EQ(session, "0A62A389.660C2F5DA2C33");
  said.push_back(rv_version_record());
  said.push_back(rv_option_record(rv_option_step::response));
  said.push_back(write_init(init));
  init.session = session;
  said.push_back(write_init(init));
  said.push_back(*write_listen('L', "_INBOX." + session + ".>"));
  said.push_back(*write_listen('L', "FAB.>"));
  std::size_t i = 0;
  for (const auto& f : frames)
    if (f.direction == 'C' && i < said.size()) {
      EXPECT_EQ(test::to_hex(said[i++]), test::to_hex(f.bytes)) << i;
    }
  EXPECT_EQ(i, said.size());
}

TEST(rv_protocol, a_refusal_names_code_and_remedy) {
  rv_message_writer data;
  data.signed_integer("error", 5);
  const std::string frame = *write_data('R', "RVD.INITREFUSED", data.bytes());
  rv_subject_text buffer;
  const auto answer = read_init_response(*read_envelope(frame, buffer));
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, errc::refused);
  EXPECT_EQ(
      answer.error().text,
      "the daemon refused us: error 5, the service is in use with another network there; give this "
      "source the same 'network' as the daemon's other clients, or another 'service'");
  EXPECT_NE(describe_refusal(99).find("error 99"), std::string::npos);
}

rv_init_response answer_with_gob(std::string_view gob) {
  rv_message_writer data;
  data.address("ipaddr", 0x7f000001);
  if (!gob.empty()) data.text("gob", gob);
  const std::string frame = *write_data('R', "RVD.INITRESP", data.bytes());
  rv_subject_text buffer;
  const auto answer = read_init_response(*read_envelope(frame, buffer));
  EXPECT_TRUE(answer);
  return answer.value_or(rv_init_response{});
}

TEST(rv_protocol, a_gob_that_does_not_fit_a_subject_is_no_gob) {
  EXPECT_EQ(answer_with_gob("660C2F5DA2C33").gob, "660C2F5DA2C33");
  for (const std::string& bad : {std::string{}, std::string{"A.B"}, std::string{">"},
                                 std::string{"a b"}, std::string(65, 'A')})
    EXPECT_EQ(answer_with_gob(bad).gob, "") << bad;
}

TEST(rv_protocol, answers_that_are_none_are_refused) {
  rv_message_writer empty;
  rv_subject_text buffer;
  const std::string no_address = *write_data('R', "RVD.INITRESP", empty.bytes());
  EXPECT_EQ(read_init_response(*read_envelope(no_address, buffer)).error().code, errc::missing);
  const std::string other = *write_data('R', "HELLO", empty.bytes());
  EXPECT_EQ(read_init_response(*read_envelope(other, buffer)).error().code, errc::malformed);
  empty.text("sub", "x");
  EXPECT_EQ(read_envelope(empty.bytes(), buffer).error().code, errc::missing) << "no mtype";
}

TEST(rv_protocol, wildcards) {
  struct match {
    const char *pattern, *subject;
    bool yes;
  };
  for (const match& m :
       {match{"FAB.A", "FAB.A", true}, match{"FAB.A", "FAB.B", false}, match{"FAB.>", "FAB", false},
        match{"FAB.>", "FAB.A.B", true}, match{"*", "FAB", true}, match{"*", "FAB.A", false},
        match{"*.*", "FAB", false}, match{">", "FAB", true},
        match{"_RV.*.SYSTEM.>", "_RV.INFO.SYSTEM.HOST.STOP.7F", true},
        match{"_RV.*.SYSTEM.>", "_RV.INFO.RVCM.X", false}, match{"A.*.C", "A.B.C", true},
        match{"A.*.C", "A.B.D", false}, match{"A.B", "A", false}, match{"A", "A.B", false}})
    EXPECT_EQ(subject_matches(m.pattern, m.subject), m.yes) << m.pattern << " / " << m.subject;
  EXPECT_TRUE(check_pattern("_RV.*.SYSTEM.>"));
  for (const char* bad : {"", "A..B", "A.>.B", ">.A", "A."})
    EXPECT_FALSE(check_pattern(bad)) << bad;
}

} // namespace
} // namespace tocsin::rv_protocol_test
