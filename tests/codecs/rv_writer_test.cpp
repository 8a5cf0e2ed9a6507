// Writing Rendezvous messages: the bytes of a third-party encoder and of recorded sessions,
// exactly.
#include "codecs/rv_writer.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <map>

#include "codecs/rv_protocol.hpp"
#include "rv_test_bytes.hpp"

namespace tocsin::rv_writer_test {
namespace {

/// Heading of a vector -> how we would have written it.
const std::map<std::string, std::function<void(rv_message_writer&)>>& vectors() {
  static const std::map<std::string, std::function<void(rv_message_writer&)>> all{
      {"I32 -70000", [](auto& w) { w.signed_integer("a", -70000); }},
      {"U32 4000000000", [](auto& w) { w.unsigned_integer("a", 4'000'000'000); }},
      {"I64 -5000000000", [](auto& w) { w.signed_integer("a", -5'000'000'000, 8); }},
      {"U64 16275633306", [](auto& w) { w.unsigned_integer("a", 16'275'633'306, 8); }},
      {"F32 1.5", [](auto& w) { w.real("a", 1.5, 4); }},
      {"F64 60.0", [](auto& w) { w.real("rli", 60.0); }},
      {"IPADDR32 10.98.163.137", [](auto& w) { w.address("hostaddr", 0x0a62a389); }},
      {"IPPORT16 7580", [](auto& w) { w.port("httpport", 7580); }},
      {"STRING empty", [](auto& w) { w.text("network", ""); }},
      {"STRING \"8.7.0\"", [](auto& w) { w.text("ver", "8.7.0"); }},
      {"STRING 118 chars (119 bytes with NUL: still 1-byte size)",
       [](auto& w) { w.text("s", std::string(118, 'x')); }},
      {"STRING 119 chars (120 bytes with NUL: 0x79 form)",
       [](auto& w) { w.text("s", std::string(119, 'x')); }},
      {"STRING 121 chars", [](auto& w) { w.text("s", std::string(121, 'x')); }},
      {"OPAQUE 3 bytes", [](auto& w) { w.opaque("o", "\1\2\3"); }},
      {"DATETIME 2025-10-15 01:38:54.797 (sassrv layout, see facts sheet)",
       [](auto& w) {
         w.time("time", from_milliseconds(1'760'492'334'797), rv_time_layout::seconds_32_bit);
       }},
      {"nested MSG {n=7 t=\"hi\"}",
       [](auto& w) {
         rv_message_writer inner;
         inner.unsigned_integer("n", 7);
         inner.text("t", "hi");
         w.message("m", inner.bytes());
       }},
      {"I32ARRAY [1,-2,3]",
       [](auto& w) {
         w.template array<std::int32_t>("ar", rv_type::i32_array, {1, -2, 3});
       }},
      {"U16ARRAY [1,2]",
       [](auto& w) {
         w.template array<std::uint16_t>("ar", rv_type::u16_array, {1, 2});
       }},
      {"F64ARRAY [1.5,2.5]",
       [](auto& w) {
         w.template array<double>("ar", rv_type::f64_array, {1.5, 2.5});
       }},
      {"STRINGARRAY [\"ab\",\"c\"]",
       [](auto& w) {
         w.strings("ar", {"ab", "c"});
       }},
      {"XML <a>hello</a>",
       [](auto& w) {
         w.raw("x", rv_type::xml,
               test::from_hex("0c 78 9c b3 49 b4 cb 48 cd c9 c9 b7 d1 4f b4 03 00 1a 67 03 fa"));
       }},
      {"field id 42 with name",
       [](auto& w) {
         w.unsigned_integer({"n", 42}, 7);
       }},
  };
  return all;
}

TEST(rv_writer, writes_the_bytes_of_a_third_party_encoder) {
  const auto text = test::read_shared("07-encoder-vectors.txt");
  if (!text) GTEST_SKIP() << "no " << test::shared_file("07-encoder-vectors.txt");
  std::istringstream lines{*text};
  std::string heading;
  std::size_t compared = 0;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("## ")) heading = line.substr(3);
    if (!line.starts_with("hex:") || line.find("...") != std::string::npos) continue;
    ASSERT_TRUE(vectors().contains(heading)) << heading;
    rv_message_writer w;
    vectors().at(heading)(w);
    EXPECT_EQ(test::to_hex(w.bytes()), test::to_hex(test::from_hex(line.substr(4)))) << heading;
    EXPECT_TRUE(check_message(w.bytes())) << heading;
    ++compared;
  }
  EXPECT_EQ(compared, vectors().size());
}

TEST(rv_writer, changes_to_the_32_bit_size_at_30000_bytes) {
  rv_message_writer w;
  w.opaque("o", std::string(29'999, 'U'));
  EXPECT_EQ(test::to_hex(w.bytes().substr(8, 7)), "026f0007797531");
  w.clear();
  w.opaque("o", std::string(40'000, 'U'));
  EXPECT_EQ(test::to_hex(w.bytes().substr(0, 17)), "00009c519955eeaa026f00077a00009c44")
      << "as recorded";
  EXPECT_EQ(w.bytes().size(), 40'017u);
}

/// Writes again what a frame holds; nothing if it has a type this copier does not know.
std::optional<std::string> rewrite(std::string_view message) {
  rv_message_writer w;
  rv_reader r{message};
  rv_subject_text subject;
  for (rv_field f; r.next(f);) {
    const rv_name name{f.name, f.id};
    const int bytes = static_cast<int>(f.data.size());
    switch (f.type) {
    case rv_type::message: {
      const auto inner = rewrite(f.data);
      if (!inner) return {};
      w.message(name, *inner);
      break;
    }
    case rv_type::subject:
      if (!w.subject(name, f.as_subject(subject).value_or(""))) return {};
      break;
    case rv_type::string:
      if (f.data.find('\0') + 1 != f.data.size())
        return {}; // garbage behind the NUL is not ours to repeat
      w.text(name, *f.as_text());
      break;
    case rv_type::signed_integer:
      w.signed_integer(name, f.as_signed().value(), bytes);
      break;
    case rv_type::unsigned_integer:
      w.unsigned_integer(name, f.as_unsigned().value(), bytes);
      break;
    case rv_type::real:
      w.real(name, f.as_real().value(), bytes);
      break;
    case rv_type::datetime:
      w.time(name, f.as_time().value(),
             f.data[0] ? rv_time_layout::seconds_32_bit : rv_time_layout::seconds_40_bit);
      break;
    case rv_type::ip:
      if (bytes == 4)
        w.address(name, f.as_address().value());
      else
        w.port(name, f.as_port().value());
      break;
    default:
      return {};
    }
  }
  return r.ok() ? std::optional{w.take()} : std::nullopt;
}

TEST(rv_writer, rewrites_every_recorded_message_to_the_same_bytes) {
  int same = 0, garbage = 0;
  for (const std::string& name : test::recorded_sessions()) {
    const auto text = test::read_shared(name);
    if (!text) GTEST_SKIP() << "no " << test::shared_file(name);
    for (const auto& frame : test::parse_session(*text)) {
      if (!check_message(frame.bytes)) continue; // handshake records
      const auto again = rewrite(frame.bytes);
      if (!again) {
        ++garbage;
        continue;
      }
      EXPECT_EQ(test::to_hex(*again), test::to_hex(frame.bytes)) << name << ' ' << frame.seconds;
      ++same;
    }
  }
  EXPECT_EQ(garbage, 1) << "UNREACHABLE.TRANSPORT with bytes behind the NUL of tport";
  EXPECT_EQ(same, 54);
}

TEST(rv_writer, subjects_that_cannot_be_are_refused_and_nothing_is_written) {
  rv_message_writer w;
  for (const std::string& bad :
       {std::string{}, std::string{"."}, std::string{"A."}, std::string{".A"}, std::string{"A..B"},
        std::string(256, 'x'), std::string(253, 'x'), std::string{"A\0B", 3}})
    EXPECT_FALSE(w.subject("sub", bad)) << bad;
  EXPECT_EQ(w.bytes().size(), rv_header_bytes);
}

TEST(rv_writer, booleans_and_40_bit_times_read_back) {
  rv_message_writer w;
  w.boolean("b", true);
  w.time("t", from_nanoseconds(1'760'492'334'797'123'000));
  EXPECT_EQ(find_field(w.bytes(), "b")->as_unsigned(), 1u);
  EXPECT_EQ(find_field(w.bytes(), "t")->as_time(), from_nanoseconds(1'760'492'334'797'123'000));
  EXPECT_EQ(find_field(w.bytes(), "t")->data[0], '\0');
}

} // namespace
} // namespace tocsin::rv_writer_test
