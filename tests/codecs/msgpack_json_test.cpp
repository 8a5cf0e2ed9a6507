// MessagePack as the JSON it stands for.
#include "codecs/msgpack_json.hpp"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

namespace tocsin::msgpack_json_test {
namespace {

using namespace std::string_literals;
using ::testing::HasSubstr;

std::string json_of(std::string_view bytes) {
  std::string out;
  const auto read = msgpack_to_json(bytes, out);
  return read ? out : "refused: " + read.error().text;
}

TEST(msgpack_as_json, is_the_same_document) {
  const auto document = nlohmann::json::parse(
      R"({"subject":"_RV.INFO","message":{"hostaddr":"10.0.0.1","up":18446744073709551615,"rx":-7,"load":0.25,"list":[1,[],{}],"none":null,"yes":true}})");
  const auto packed = nlohmann::json::to_msgpack(document);
  EXPECT_EQ(nlohmann::json::parse(json_of({reinterpret_cast<const char*>(packed.data()), packed.size()})), document);
}

TEST(msgpack_as_json, stays_on_one_line) { EXPECT_EQ(json_of("\x81\xa1k\xa3" "a\nb"), R"({"k":"a\nb"})"); }
TEST(msgpack_as_json, makes_texts_of_numbers_that_are_keys) { EXPECT_EQ(json_of("\x81\x07\x08"), R"({"7":8})"); }
TEST(msgpack_as_json, has_no_value_for_what_is_not_finite) { EXPECT_EQ(json_of("\xca\x7f\x80\x00\x00"s), "null"); }

TEST(msgpack_as_json, refuses_what_it_is_not) {
  EXPECT_THAT(json_of(""), HasSubstr("refused"));
  EXPECT_THAT(json_of("\xc1"), HasSubstr("no MessagePack"));
  EXPECT_THAT(json_of("\x01\x02"), HasSubstr("something follows"));
  EXPECT_THAT(json_of("\xd4\x01\x02"), HasSubstr("extension"));
  EXPECT_THAT(json_of("\x81\x90\x01"), HasSubstr("keys are no texts"));
  EXPECT_THAT(json_of("\xdd\xff\xff\xff\xff\x01"), HasSubstr("ends too early")) << "a claim of four thousand million items";
  EXPECT_THAT(json_of("\xdb\xff\xff\xff\xff\x01"), HasSubstr("ends too early"));
  EXPECT_THAT(json_of(std::string(17, '\x91') + "\x01"), HasSubstr("too deep"));
  EXPECT_EQ(json_of(std::string(16, '\x91') + "\x01"), std::string(16, '[') + "1" + std::string(16, ']'));
}

} // namespace
} // namespace tocsin::msgpack_json_test
