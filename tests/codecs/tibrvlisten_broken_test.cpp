// Wrapped, broken, hostile and cut tibrvlisten output.
#include "core/limits.hpp"
#include "tibrvlisten_samples.hpp"

namespace tocsin::tibrvlisten_broken_test {
namespace {

using namespace test;
using testing::HasSubstr;

// --- broken over lines -------------------------------------------------------------------------

TEST(tibrvlisten, a_terminal_may_break_a_message_at_any_width) {
  const std::string whole = "2025-10-15 03:38:55 (2025-10-15 01:38:55.000000000Z): "
                            "subject=_RV.INFO.SYSTEM.HOST.STATUS.0A62A389, message=" +
                            heartbeat_text;
  // From 60 on the whole stamp is on the first line.
  for (std::size_t width = 60; width < whole.size(); ++width) {
    std::string text;
    for (std::size_t at = 0; at < whole.size(); at += width)
      text += whole.substr(at, width) + "\r\n";
    const outcome o = decode(text + line_of(8));
    EXPECT_THAT(o.lines(),
                testing::ElementsAre(heartbeat_values + "2025-10-15T01:38:55Z",
                                     "heartbeat@10.0.0.1/7500 up=8 2025-10-15T01:38:54.800Z"))
        << "width " << width << "\n"
        << text;
  }
}

TEST(tibrvlisten, a_mail_may_break_a_message_at_any_blank) {
  for (const std::string& whole : {heartbeat_text, old_text})
    for (std::size_t at = whole.find(", message"); (at = whole.find(' ', at + 1)) != whole.npos;) {
      std::string text = whole;
      text.replace(at, 1, "\n");
      const outcome o = decode(text + "\n");
      EXPECT_EQ(o.lines(), decode(whole).lines()) << text;
      text.replace(at, 1, " \r\n    ");
      EXPECT_EQ(decode(text).lines(), decode(whole).lines()) << text;
    }
}

TEST(tibrvlisten, a_stamp_may_stand_on_a_line_of_its_own) {
  const outcome o = decode("2025-10-15 03:38:55 (2025-10-15 01:38:55.000000000Z):\n"
                           "subject=_RV.INFO.SYSTEM.HOST.STATUS.0A62A389,\nmessage=\n" +
                           heartbeat_text);
  EXPECT_THAT(o.lines(), testing::ElementsAre(heartbeat_values + "2025-10-15T01:38:55Z"));
}

// --- broken for good ---------------------------------------------------------------------------

TEST(tibrvlisten, a_message_that_never_closes_costs_only_itself) {
  const std::string broken =
      "subject=_RV.INFO.SYSTEM.HOST.STATUS.0A000001, message={up=1\nms=5\n\n";
  for (const std::string& next :
       {line_of(9), "subject=_RV.INFO.SYSTEM.HOST.STATUS.0A000001, message={up=9}\n"s,
        "[2025-10-15 01:38:54]: subject=_RV.INFO.SYSTEM.HOST.STATUS.0A000001, message={up=9}\n"s,
        R"({ADV_CLASS="INFO" ADV_SOURCE="SYSTEM" ADV_NAME="HOST.STATUS.0A000001" up=9})"s,
        R"({{0}ADV_CLASS(0)="INFO", {0}ADV_SOURCE(0)="SYSTEM", )"
        R"({0}ADV_NAME(0)="HOST.STATUS.0A000001", {0}up(0)=9})"s}) {
    const outcome o = decode(line_of(3) + broken + next);
    EXPECT_THAT(ups(o), testing::ElementsAre("3", "9")) << next;
    ASSERT_EQ(o.errors.size(), 1u) << next;
    EXPECT_EQ(o.errors[0].position, 2u);
    EXPECT_EQ(o.errors[0].code, errc::malformed);
    EXPECT_THAT(o.errors[0].text, HasSubstr("line 2: the '{' at character 55 has no closing '}'"));
    EXPECT_THAT(o.errors[0].bytes, HasSubstr("{up=1 ms=5"));
  }
}

TEST(tibrvlisten, a_string_that_never_closes_is_named) {
  const outcome o = decode("{ADV_CLASS=\"INFO\" network=\"}\n" + line_of(4));
  EXPECT_THAT(ups(o), testing::ElementsAre("4"));
  const outcome p = decode("{ADV_CLASS=\"INFO\" network=\"lo }\n" + line_of(4));
  EXPECT_THAT(ups(p), testing::ElementsAre("4"));
  ASSERT_EQ(p.errors.size(), 1u);
  EXPECT_THAT(p.errors[0].text, HasSubstr("a string has no closing quote"));
}

TEST(tibrvlisten, the_end_of_input_ends_a_broken_message) {
  const outcome o = decode(line_of(1) + heartbeat_text.substr(0, 200));
  EXPECT_THAT(ups(o), testing::ElementsAre("1"));
  ASSERT_EQ(o.errors.size(), 1u);
  EXPECT_EQ(o.errors[0].position, 2u);
}

TEST(tibrvlisten, text_that_is_no_message_is_named_with_its_line) {
  const struct {
    std::string text;
    std::string_view says;
  } cases[] = {
      {"hello world\n", "line 1: is neither a message nor a line of a log"},
      {"subject=A.B, message=7\n", "line 1: has no '{' behind 'message='"},
      {"subject=A.B\n", "line 1: has no '{' behind its subject"},
      {"{1 2 3}\n", "line 1: expected 'name=value' near character 3"},
      {"{a=1}}\n", "line 1: has a '}' without its '{'"},
      {"{a=[1 2}\n", "line 1: expected 'name=value' near character"},
  };
  for (const auto& c : cases) {
    const outcome o = decode(c.text + line_of(6));
    EXPECT_THAT(ups(o), testing::ElementsAre("6")) << c.text;
    ASSERT_EQ(o.errors.size(), 1u) << c.text;
    EXPECT_THAT(o.errors[0].text, HasSubstr(c.says));
  }
}

TEST(tibrvlisten, a_heartbeat_without_a_host_is_refused) {
  const outcome o = decode("subject=_RV.INFO.SYSTEM.HOST.STATUS, message={up=1}\n" + line_of(2));
  EXPECT_THAT(ups(o), testing::ElementsAre("2"));
  ASSERT_EQ(o.errors.size(), 1u);
  EXPECT_EQ(o.errors[0].code, errc::missing);
}

TEST(tibrvlisten, two_messages_on_one_line_are_two_records) {
  std::string text = line_of(1);
  text.back() = ' ';
  EXPECT_THAT(ups(decode(text + line_of(2))), testing::ElementsAre("1", "2"));
}

// --- bounds ------------------------------------------------------------------------------------

TEST(tibrvlisten, a_message_beyond_the_bound_is_dropped_and_reading_goes_on) {
  std::string lines = "{ADV_CLASS=\"INFO\"\n";
  while (lines.size() < limits::text_message_bytes_max + 4096) lines += "note=\"abcdefghij\"\n";
  const std::string line = "{ADV_CLASS=\"" + std::string(2 * limits::text_message_bytes_max, 'x');
  for (const std::string& text : {lines, line})
    for (const std::size_t piece : {std::size_t{4096}, text.size() + 1000}) {
      const outcome o = decode(text + "\"}\n" + line_of(2), piece);
      EXPECT_THAT(ups(o), testing::ElementsAre("2"));
      ASSERT_EQ(o.errors.size(), 1u);
      EXPECT_EQ(o.errors[0].code, errc::too_large);
      EXPECT_EQ(o.errors[0].position, 1u);
    }
}

TEST(tibrvlisten, nesting_and_the_number_of_fields_are_bounded) {
  std::string deep = "{";
  for (int i = 0; i < 1000; ++i) deep += "a={";
  std::string many = "{";
  for (std::size_t i = 0; i <= limits::rv_fields_max; ++i) many += "a=1 ";
  const outcome d = decode(deep + "\n" + line_of(2));
  ASSERT_EQ(d.errors.size(), 1u);
  EXPECT_EQ(d.errors[0].code, errc::too_deep);
  EXPECT_THAT(ups(d), testing::ElementsAre("2"));
  const outcome m = decode(many + "}\n" + line_of(3));
  ASSERT_EQ(m.errors.size(), 1u);
  EXPECT_EQ(m.errors[0].code, errc::too_large);
  EXPECT_THAT(ups(m), testing::ElementsAre("3"));
}

TEST(tibrvlisten, hostile_text_is_read_once) {
  // Each of these would take minutes if bytes were looked at again for every brace or line.
  for (const std::string_view part : {"{}", "{a=[}", "{a=\"", "}", "\"", " ,", "subject=\n",
                                      "{\"\n", "{a=b c", "x\n", "2025-10-15 01:38:54 {"}) {
    std::string text = "subject=A.B, ";
    while (text.size() < limits::text_message_bytes_max) text += part;
    const outcome o = decode(text + "\n" + line_of(1) + line_of(2));
    ASSERT_FALSE(o.batch.records.empty()) << part;
    EXPECT_EQ(ups(o).back(), "2") << part;
  }
}

// --- pieces ------------------------------------------------------------------------------------

TEST(tibrvlisten, the_same_records_come_out_however_the_bytes_come_in) {
  const std::string text = "tibrvlisten: Listening to subject _RV.*.SYSTEM.>\r\n" + line_of(1) +
                           old_text + "\r\n\r\nsubject=A, message={up=1\nnoise\n" + line_of(2) +
                           heartbeat_text.substr(0, 120) + "\n" + heartbeat_text.substr(120) +
                           "\n2025-10-17 11:34:22 RV: TIB/Rendezvous Error Not Handled by "
                           "Process:\n" +
                           too_large_text + "\nwhat\n" + too_large_text;
  const outcome whole = decode(text);
  EXPECT_EQ(whole.batch.records.size(), 6u);
  EXPECT_EQ(whole.errors.size(), 2u);
  for (std::size_t at = 0; at <= text.size(); ++at) {
    outcome cut;
    const auto d = make_tibrvlisten_decoder({});
    d->feed(std::string_view{text}.substr(0, at), unset, cut.batch);
    d->feed(std::string_view{text}.substr(at), unset, cut.batch);
    d->finish(unset, cut.batch);
    cut.errors = d->take_errors();
    ASSERT_EQ(cut.lines(), whole.lines()) << "cut at " << at;
    ASSERT_EQ(d->ignored_count(), whole.ignored) << "cut at " << at;
  }
  for (const std::size_t piece : {1, 2, 7, 100})
    EXPECT_EQ(decode(text, piece).lines(), whole.lines());
}

} // namespace
} // namespace tocsin::tibrvlisten_broken_test
