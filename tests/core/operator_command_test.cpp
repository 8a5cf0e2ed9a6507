// Orders of people: what is refused before anything is looked up, and how they travel.
#include "core/operator_command.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "core/bytes.hpp"
#include "core/limits.hpp"

namespace tocsin::operator_command_test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using enum command_kind;

const timestamp now = from_nanoseconds(1'760'000'000'000'000'000);

operator_command shelving() {
  return {shelve, "clients_high rvd/a/7500", "ann", "known leak", unset, now + 2h, {}};
}
operator_command silencing() {
  return {silence, "S1", "ann", "upgrade", unset, now + 2h, {"severity=\"warning\""}};
}

std::string refusal(const operator_command& c) {
  const result<void> r = check_command(c, now);
  return r ? std::string{} : r.error().text;
}

TEST(operator_command, that_is_complete_is_taken) {
  EXPECT_EQ(refusal(shelving()), "");
  EXPECT_EQ(refusal(silencing()), "");
  EXPECT_EQ(refusal({acknowledge, "I1", "ann", "", unset, never, {}}), "");
  EXPECT_EQ(refusal({acknowledge, "I1", "ann", "", unset, now + 1s, {}}), "");
  EXPECT_EQ(refusal({unacknowledge, "I1", "ann", "", unset, never, {}}), "");
  EXPECT_EQ(refusal({out_of_service, "rvd/10.*", "ann", "new switch", unset, never, {}}), "");
  for (command_kind kind : {unshelve, return_to_service, reset, expire_silence})
    EXPECT_EQ(refusal({kind, "x", "ann", "", unset, never, {}}), "") << to_text(kind);
}

TEST(operator_command, that_lacks_something_is_refused_with_a_remedy) {
  using change = void (*)(operator_command&);
  const std::vector<std::tuple<operator_command, change, std::string>> cases{
      {shelving(), [](operator_command& c) { c.who = " "; },
       "shelve: nobody says who orders it; give"},
      {shelving(), [](operator_command& c) { c.target.clear(); }, "nothing is named; name"},
      {shelving(), [](operator_command& c) { c.comment.clear(); }, "no reason is given; say why"},
      {shelving(), [](operator_command& c) { c.until = never; }, "no end is given; say until when"},
      {shelving(), [](operator_command& c) { c.until = now; }, "is in the past; give a time after"},
      {shelving(), [](operator_command& c) { c.matchers = {"a=b"}; }, "takes no matchers; leave"},
      {shelving(), [](operator_command& c) { c.who = "a\nb"; },
       "control character; write it in one"},
      {shelving(), [](operator_command& c) { c.comment.assign(2000, 'x'); }, "too long; keep"},
      {silencing(), [](operator_command& c) { c.comment.clear(); }, "silence: no reason is given"},
      {silencing(), [](operator_command& c) { c.until = never; }, "no end is given"},
      {silencing(), [](operator_command& c) { c.from = c.until; }, "let it end after its start"},
      {silencing(), [](operator_command& c) { c.matchers.clear(); }, "no matcher is given; write"},
      {silencing(), [](operator_command& c) { c.matchers = {"a=~\"(\""}; }, "silence: "},
      {silencing(),
       [](operator_command& c) {
         c.matchers = {"a=~\".*\"", "b!=\"x\""};
       },
       "hold for everything; add"},
  };
  for (const auto& [good, spoil, words] : cases) {
    operator_command c = good;
    spoil(c);
    EXPECT_THAT(refusal(c), HasSubstr(words));
  }
  operator_command late{out_of_service, "x", "ann", "why", unset, now - 1s, {}};
  EXPECT_THAT(refusal(late), AllOf(HasSubstr("out_of_service"), HasSubstr("in the past")));
  late.kind = acknowledge;
  EXPECT_THAT(refusal(late), HasSubstr("in the past"));
}

TEST(operator_command, kinds_have_names_that_read_back) {
  for (int k = 0; k <= static_cast<int>(expire_silence); ++k) {
    const auto kind = static_cast<command_kind>(k);
    EXPECT_EQ(parse_command_kind(to_text(kind)), kind);
  }
  EXPECT_FALSE(parse_command_kind("shelf"));
}

operator_command any_command() {
  operator_command c{};
  c.kind = static_cast<command_kind>(*rc::gen::inRange(0, 9));
  c.target = *rc::gen::arbitrary<std::string>();
  c.who = *rc::gen::arbitrary<std::string>();
  c.comment = *rc::gen::arbitrary<std::string>();
  c.from = from_nanoseconds(*rc::gen::arbitrary<std::int64_t>());
  c.until = from_nanoseconds(*rc::gen::arbitrary<std::int64_t>());
  c.matchers = *rc::gen::arbitrary<std::vector<std::string>>();
  return c;
}

RC_GTEST_PROP(operator_command_property, reads_back_what_was_written, ()) {
  const operator_command c = any_command();
  const std::string bytes = encode(c);
  const auto back = decode_command(bytes);
  if (bytes.size() > limits::command_bytes_max) {
    RC_ASSERT(!back && back.error().code == errc::too_large);
    return;
  }
  RC_ASSERT(back.has_value());
  RC_ASSERT(encode(*back) == bytes);
  RC_ASSERT(back->matchers == c.matchers && back->who == c.who && back->until == c.until);
}

RC_GTEST_PROP(operator_command_property, refuses_what_is_cut_or_longer, ()) {
  const std::string bytes = encode(any_command());
  RC_PRE(bytes.size() < limits::command_bytes_max);
  RC_ASSERT(!decode_command(
      std::string_view{bytes}.substr(0, *rc::gen::inRange<std::size_t>(0, bytes.size()))));
  RC_ASSERT(!decode_command(bytes + '\0'));
  std::string other = bytes;
  other[0] = 2;
  RC_ASSERT(decode_command(other).error().code == errc::version);
}

RC_GTEST_PROP(operator_command_property, survives_any_bytes, (const std::string& bytes)) {
  if (const auto c = decode_command(bytes)) RC_ASSERT(encode(*c) == bytes);
}

} // namespace
} // namespace tocsin::operator_command_test
