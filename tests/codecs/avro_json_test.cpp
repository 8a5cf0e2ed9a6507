// Avro in Confluent's form as the JSON it stands for.
#include "codecs/avro_json.hpp"

#include <gmock/gmock.h>

namespace tocsin::avro_json_test {
namespace {

using namespace std::string_literals;
using ::testing::HasSubstr;

std::string number(std::int64_t n) {
  auto v = static_cast<std::uint64_t>(n) << 1 ^ static_cast<std::uint64_t>(n >> 63);
  std::string out;
  for (; v > 127; v >>= 7) out += static_cast<char>((v & 127) | 128);
  return out + static_cast<char>(v);
}
std::string text(std::string_view t) { return number(static_cast<std::int64_t>(t.size())) + std::string{t}; }
const std::string of_schema_7 = "\0\0\0\0\7"s;

class avro_as_json : public ::testing::Test {
protected:
  std::string json_of(const std::string& schema, const std::string& body) {
    const auto added = known.add(7, schema);
    if (!added) return "refused: " + added.error().text;
    std::string out;
    const auto read = known.to_json(of_schema_7 + body, out);
    return read ? out : "refused: " + read.error().text;
  }
  static std::string with(const std::string& type) { return R"({"type":"record","name":"r","fields":[{"name":"v","type":)" + type + "}]}"; }
  avro_schemas known;
};

TEST_F(avro_as_json, has_the_fields_by_name) {
  EXPECT_EQ(json_of(R"({"type":"record","name":"r","fields":[{"name":"host","type":"string"},{"name":"up","type":"long"},{"name":"cc","type":"int"}]})",
                    text("10.0.0.1") + number(1LL << 40) + number(-3)),
            R"({"host":"10.0.0.1","up":1099511627776,"cc":-3})");
}

TEST_F(avro_as_json, says_of_a_union_its_value) {
  EXPECT_EQ(json_of(with(R"(["null","string"])"), number(1) + text("a\nb")), R"({"v":"a\nb"})");
  EXPECT_EQ(json_of(with(R"(["null","string"])"), number(0)), R"({"v":null})");
}

TEST_F(avro_as_json, knows_the_other_types) {
  EXPECT_EQ(json_of(with("\"double\""), "\0\0\0\0\0\0\xf8\x3f"s), R"({"v":1.5})");
  EXPECT_EQ(json_of(with("\"float\""), "\0\0\x80\x7f"s), R"({"v":null})") << "infinite";
  EXPECT_EQ(json_of(with("\"boolean\""), "\1"), R"({"v":true})");
  EXPECT_EQ(json_of(with(R"({"type":"enum","name":"e","symbols":["A","B"]})"), number(1)), R"({"v":"B"})");
  EXPECT_EQ(json_of(with(R"({"type":"array","items":"int"})"), number(2) + number(1) + number(2) + number(0)), R"({"v":[1,2]})");
  EXPECT_EQ(json_of(with(R"({"type":"map","values":"int"})"), number(1) + text("k") + number(5) + number(0)), R"({"v":{"k":5}})");
  EXPECT_EQ(json_of(with(R"({"type":"fixed","name":"f","size":2})"), "ab"), R"({"v":"ab"})");
}

TEST_F(avro_as_json, a_value_leaves_nothing_in_the_next) {
  EXPECT_EQ(json_of(with(R"({"type":"array","items":"int"})"), number(1) + number(9) + number(0)), R"({"v":[9]})");
  std::string out;
  ASSERT_TRUE(known.to_json(of_schema_7 + number(0), out));
  EXPECT_EQ(out, R"({"v":[]})");
}

TEST_F(avro_as_json, refuses_bytes_that_do_not_fit) {
  const std::string schema = with("\"string\"");
  EXPECT_THAT(json_of(schema, ""), HasSubstr("refused"));
  EXPECT_THAT(json_of(schema, number(1LL << 40) + "x"), HasSubstr("refused")) << "a claim of a terabyte";
  EXPECT_THAT(json_of(schema, number(-5)), HasSubstr("refused"));
  EXPECT_THAT(json_of(schema, text("a") + "more"), HasSubstr("something follows"));
  EXPECT_THAT(json_of(with(R"({"type":"enum","name":"e","symbols":["A"]})"), number(7)), HasSubstr("refused"));
  EXPECT_THAT(json_of(with(R"(["null","string"])"), number(9)), HasSubstr("refused"));
}

TEST_F(avro_as_json, refuses_other_forms_and_unknown_schemas) {
  EXPECT_EQ(avro_schemas::id_of("\0\0\0\1\2"s).value(), 258);
  EXPECT_FALSE(avro_schemas::id_of("\1\0\0\1\2"s));
  EXPECT_FALSE(avro_schemas::id_of("\0\0\0\1"s));
  std::string out;
  const auto unknown = known.to_json("\0\0\0\0\x63"s, out);
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().code, errc::missing);
  EXPECT_THAT(unknown.error().text, HasSubstr("99.avsc"));
}

TEST_F(avro_as_json, refuses_schemas_that_a_few_bytes_could_blow_up) {
  EXPECT_THAT(json_of(R"({"type":"record","name":"n","fields":[{"name":"next","type":["null","n"]}]})", ""), HasSubstr("refers to itself"));
  EXPECT_THAT(json_of(with(R"({"type":"array","items":"null"})"), ""), HasSubstr("takes no bytes"));
  EXPECT_THAT(json_of("\"string\"", ""), HasSubstr("no record"));
  EXPECT_THAT(json_of("{", ""), HasSubstr("refused"));
}

} // namespace
} // namespace tocsin::avro_json_test
