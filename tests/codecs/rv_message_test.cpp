// Reading Rendezvous messages: every recorded frame, and bytes that lie.
#include "codecs/rv_message.hpp"

#include <gtest/gtest.h>

#include "codecs/rv_protocol.hpp"
#include "codecs/rv_writer.hpp"
#include "rv_test_bytes.hpp"

namespace tocsin::rv_message_test {
namespace {

using test::from_hex;

std::string message_of(std::string_view fields) {
  std::string bytes;
  append_be(bytes, static_cast<std::uint32_t>(fields.size() + rv_header_bytes));
  append_be(bytes, rv_magic);
  return bytes.append(fields);
}

rv_field only_field(const std::string& message) {
  rv_reader r{message};
  rv_field f;
  EXPECT_TRUE(r.next(f)) << test::to_hex(message);
  rv_field rest;
  EXPECT_FALSE(r.next(rest));
  EXPECT_TRUE(r.ok());
  return f;
}

error failure_of(const std::string& message) {
  const auto checked = check_message(message);
  return checked ? error{errc::io, "no failure"} : checked.error();
}

TEST(rv_message, reads_every_recorded_frame) {
  int messages = 0;
  for (const std::string& name : test::recorded_sessions()) {
    const auto text = test::read_shared(name);
    if (!text) GTEST_SKIP() << "no " << test::shared_file(name);
    for (const auto& frame : test::parse_session(*text)) {
      if (frame.bytes.size() == rv_version_record_bytes ||
          (frame.bytes.size() == rv_option_record_bytes && !rv_frame_length(frame.bytes)))
        continue;
      const auto length = rv_frame_length(frame.bytes);
      ASSERT_TRUE(length) << name << ' ' << frame.seconds << ' ' << length.error().text;
      EXPECT_EQ(**length, frame.bytes.size());
      const auto fields = check_message(frame.bytes);
      ASSERT_TRUE(fields) << name << ' ' << frame.seconds << ' ' << fields.error().text;
      EXPECT_GE(*fields, 2u);
      rv_subject_text buffer;
      const auto e = read_envelope(frame.bytes, buffer);
      ASSERT_TRUE(e) << name << ' ' << frame.seconds << ' ' << e.error().text;
      EXPECT_EQ(e->subject.empty(), e->mtype == 'I');
      ++messages;
    }
  }
  EXPECT_EQ(messages, 55);
}

TEST(rv_message, walks_a_host_status_in_order) {
  rv_subject_text buffer;
  const auto e = read_envelope(test::rv87_status(), buffer);
  ASSERT_TRUE(e);
  EXPECT_EQ(e->subject, "_RV.INFO.SYSTEM.HOST.STATUS.0A62A389");
  EXPECT_EQ(e->mtype, 'A');
  std::string names;
  rv_reader r = rv_reader::nested(*e->data);
  for (rv_field f; r.next(f);) names.append(f.name) += ' ';
  EXPECT_TRUE(r.ok());
  EXPECT_EQ(names, "ADV_CLASS ADV_SOURCE ADV_NAME hostaddr os ver httpaddr httpport time up rli ms "
                   "bs mr br ps pr rx "
                   "pm idl odl irrs orrs cc ipport service network ");
  EXPECT_EQ(find_field(e->data->data, "hostaddr")->as_address(), 0x0a62a389u);
  EXPECT_EQ(find_field(e->data->data, "httpport")->as_port(), 7580);
  EXPECT_EQ(find_field(e->data->data, "up")->as_unsigned(), 990u);
  EXPECT_EQ(find_field(e->data->data, "rli")->as_real(), 60.0);
  EXPECT_EQ(find_field(e->data->data, "ver")->as_text(), "8.7.0");
  EXPECT_EQ(find_field(e->data->data, "time")->as_time(), from_milliseconds(1'760'492'334'797));
  EXPECT_FALSE(find_field(e->data->data, "sn"));
}

TEST(rv_message, integers_are_read_whatever_their_width_and_sign) {
  EXPECT_EQ(only_field(message_of(from_hex("0261000b01ff"))).as_signed(), -1);
  EXPECT_EQ(only_field(message_of(from_hex("0261000b01ff"))).as_unsigned(), std::nullopt);
  EXPECT_EQ(only_field(message_of(from_hex("0261000b027fff"))).as_unsigned(), 32767u);
  EXPECT_EQ(only_field(message_of(from_hex("0261000c02ffff"))).as_unsigned(), 65535u);
  EXPECT_EQ(only_field(message_of(from_hex("0261000c08ffffffffffffffff"))).as_unsigned(), ~0ull);
  EXPECT_EQ(only_field(message_of(from_hex("0261000c08ffffffffffffffff"))).as_signed(),
            std::nullopt);
  EXPECT_EQ(only_field(message_of(from_hex("0261000c03ffffff"))).as_unsigned(), std::nullopt)
      << "no such width";
  EXPECT_EQ(only_field(message_of(from_hex("0261000c00"))).as_unsigned(), std::nullopt);
  EXPECT_EQ(only_field(message_of(from_hex("026100090101"))).as_unsigned(), 1u);
  EXPECT_EQ(only_field(message_of(from_hex("0261000803313200"))).as_unsigned(), std::nullopt)
      << "text is no number";
}

TEST(rv_message, text_ends_at_its_first_nul) {
  EXPECT_EQ(only_field(message_of(from_hex("0261000806 6869 00 ff ff 00"))).as_text(), "hi");
  EXPECT_EQ(only_field(message_of(from_hex("0261000802 6869"))).as_text(), "hi")
      << "terminator missing";
  EXPECT_EQ(only_field(message_of(from_hex("0261000800"))).as_text(), "");
}

TEST(rv_message, both_layouts_of_a_datetime_give_the_same_time) {
  const timestamp expected = from_milliseconds(1'760'492'334'797);
  EXPECT_EQ(only_field(message_of(from_hex("026100 03 08 0068eefb2e 0c2948"))).as_time(), expected);
  EXPECT_EQ(only_field(message_of(from_hex("026100 03 08 68eefb2e 00 0c2948"))).as_time(),
            expected);
  EXPECT_EQ(only_field(message_of(from_hex("026100 03 08 68eefb2e 00 0f4240"))).as_time(),
            std::nullopt)
      << "a million microseconds";
  EXPECT_EQ(only_field(message_of(from_hex("026100 03 04 68eefb2e"))).as_time(), std::nullopt);
}

TEST(rv_message, field_ids_follow_the_name) {
  const std::string message = from_hex("00 00 00 13 99 55 ee aa 04 6e 00 00 2a 0c 04 00 00 00 07");
  const rv_field f = only_field(message);
  EXPECT_EQ(f.name, "n");
  EXPECT_EQ(f.id, 42);
  EXPECT_EQ(f.as_unsigned(), 7u);
}

TEST(rv_message, subjects_become_dotted_text_or_nothing) {
  rv_subject_text buffer;
  auto subject = [&](std::string_view hex) {
    return only_field(message_of(from_hex(hex))).as_subject(buffer);
  };
  EXPECT_EQ(subject("026100 02 0a 02 06 54455354 00 03 41 00"), "TEST.A");
  EXPECT_EQ(subject("026100 02 01 00"), std::nullopt) << "no element";
  EXPECT_EQ(subject("026100 02 03 01 02 00"), std::nullopt) << "empty element";
  EXPECT_EQ(subject("026100 02 04 02 03 41 00"), std::nullopt) << "one element missing";
  EXPECT_EQ(subject("026100 02 05 01 03 41 00 00"), std::nullopt) << "bytes left over";
  EXPECT_EQ(subject("026100 02 04 01 0f 41 00"), std::nullopt) << "element beyond the field";

  std::string longest = "A";
  while (longest.size() < 255) longest += ".B";
  rv_message_writer w;
  ASSERT_TRUE(w.subject("a", longest));
  EXPECT_EQ(only_field(std::string{w.bytes()}).as_subject(buffer), longest);
  // One byte longer than the writer agrees to.
  std::string data(1, '\2');
  for (const std::size_t n : {200, 55}) (data += static_cast<char>(n + 2)).append(n, 'x') += '\0';
  w.clear();
  w.raw("a", rv_type::subject, data);
  EXPECT_EQ(only_field(std::string{w.bytes()}).as_subject(buffer), std::nullopt);
}

TEST(rv_message, arrays_have_elements) {
  rv_message_writer w;
  w.array<std::int32_t>("ar", rv_type::i32_array, {1, -2, 3});
  const std::string kept = w.take();
  EXPECT_EQ(only_field(kept).element_count(), 3u);
  EXPECT_EQ(only_field(kept).element_signed(1), -2);
  EXPECT_EQ(only_field(kept).element_unsigned(1), std::nullopt);
  EXPECT_EQ(only_field(kept).element_real(2), 3.0);
  EXPECT_EQ(only_field(kept).element_signed(3), std::nullopt) << "beyond the end";

  w.strings("ar", {"ab", "c"});
  const std::string texts = w.take();
  EXPECT_EQ(only_field(texts).element_count(), 2u);
  std::string_view rest = only_field(texts).data.substr(4);
  EXPECT_EQ(pop_array_string(rest), "ab");
  EXPECT_EQ(pop_array_string(rest), "c");
  EXPECT_EQ(pop_array_string(rest), std::nullopt);

  w.text("t", "hi");
  const std::string inner = w.take();
  w.messages("ar", {inner, inner});
  const std::string outer = w.take();
  rv_message_array_reader items{only_field(outer)};
  rv_field item;
  ASSERT_TRUE(items.next(item));
  ASSERT_TRUE(items.next(item));
  EXPECT_EQ(item.data, inner);
  EXPECT_EQ(find_field(item.data, "t")->as_text(), "hi");
  EXPECT_FALSE(items.next(item));
  EXPECT_TRUE(items.ok());
  EXPECT_EQ(check_message(outer), 5u);
}

TEST(rv_message, a_count_that_lies_is_no_count) {
  EXPECT_EQ(only_field(message_of(from_hex("026100 30 06 ffffffff 6100"))).element_count(),
            std::nullopt);
  EXPECT_EQ(only_field(message_of(from_hex("026100 26 05 0000000102"))).element_count(),
            std::nullopt);
  EXPECT_EQ(failure_of(message_of(from_hex("026100 31 7a 00000008 00000009"))).code,
            errc::malformed);
}

TEST(rv_message, a_frame_length_is_believed_only_within_bounds) {
  EXPECT_FALSE(rv_frame_length("\0\0\0").value());
  EXPECT_EQ(**rv_frame_length(from_hex("00 00 00 08 99 55 ee aa")), 8u);
  EXPECT_EQ(rv_frame_length(from_hex("00 00 00 07 99 55 ee aa")).error().code, errc::malformed);
  EXPECT_EQ(rv_frame_length(from_hex("00 10 00 01 99 55 ee aa")).error().code, errc::too_large);
  const auto magic = rv_frame_length(from_hex("00 00 00 08 99 55 ee ab"));
  EXPECT_EQ(magic.error().text,
            "wrong magic 9955eeab at offset 4, expected 9955eeaa: not a Rendezvous message");
}

TEST(rv_message, broken_bytes_are_named_by_place) {
  struct broken {
    const char* hex;
    errc code;
    const char* text;
  };
  for (const broken& b : {
           broken{"000008 9955", errc::truncated, "message ends within its header at offset 0"},
           broken{"00000008 00000000", errc::malformed,
                  "wrong magic, expected 9955eeaa at offset 4"},
           broken{"00000009 9955eeaa", errc::truncated,
                  "message ends before its length says at offset 0"},
           broken{"00000008 9955eeaa 00", errc::malformed,
                  "message goes on after its length says it ends at offset 0"},
           broken{"0000000b 9955eeaa 05 6100", errc::truncated,
                  "message ends within a field's name or type at offset 8"},
           broken{"0000000d 9955eeaa 0261000c 04", errc::truncated,
                  "field is longer than its message at offset 12"},
           broken{"0000000d 9955eeaa 02610008 7b", errc::malformed,
                  "unknown form of size at offset 12"},
           broken{"0000000e 9955eeaa 02610008 79 00", errc::truncated,
                  "message ends within a size at offset 12"},
           broken{"0000000f 9955eeaa 02610008 79 0001", errc::malformed,
                  "size does not count itself at offset 12"},
           broken{"0000000d 9955eeaa 02610001 04", errc::malformed,
                  "nested message without a 32-bit size at offset 12"},
           broken{"00000015 9955eeaa 02610001 7a 00000008 00000000", errc::malformed,
                  "wrong magic, expected 9955eeaa at offset 17"},
       }) {
    const error e = failure_of(from_hex(b.hex));
    EXPECT_EQ(e.code, b.code) << b.hex;
    EXPECT_EQ(e.text, b.text) << b.hex;
  }
}

TEST(rv_message, every_cut_of_a_real_message_is_refused) {
  const std::string& whole = test::rv87_status();
  ASSERT_TRUE(check_message(whole));
  for (std::size_t n = 0; n < whole.size(); ++n)
    EXPECT_FALSE(check_message(std::string_view{whole}.substr(0, n))) << n;
}

TEST(rv_message, nesting_and_fields_are_bounded) {
  rv_message_writer w;
  std::string inner{w.bytes()};
  for (int depth = 0; depth < limits::rv_nesting_max; ++depth) {
    w.clear();
    w.message("m", inner);
    inner = w.take();
  }
  EXPECT_TRUE(check_message(inner)) << "as deep as allowed";
  w.message("m", inner);
  EXPECT_EQ(failure_of(w.take()).code, errc::too_deep);

  std::string fields;
  for (std::size_t i = 0; i < limits::rv_fields_max; ++i) fields += from_hex("000c00");
  EXPECT_EQ(check_message(message_of(fields)), limits::rv_fields_max);
  EXPECT_EQ(failure_of(message_of(fields + from_hex("000c00"))).code, errc::too_large);
}

TEST(rv_message, unknown_types_and_the_old_size_form_are_passed_on) {
  EXPECT_EQ(static_cast<int>(only_field(message_of(from_hex("026100 63 02 0102"))).type), 99);
  EXPECT_EQ(only_field(message_of(from_hex("026100 07 78") + std::string(120, 'x'))).data.size(),
            120u);
  EXPECT_EQ(only_field(message_of(from_hex("026100 07 7a 00000005") + "x")).data, "x")
      << "longer form than needed";
}

} // namespace
} // namespace tocsin::rv_message_test
