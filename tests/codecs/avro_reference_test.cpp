// Our reader of Avro against libavro's writer: what that one writes is what we read.
#include <avro.h>
#include <gtest/gtest.h>

#include <random>

#include <nlohmann/json.hpp>

#include "codecs/avro_json.hpp"

namespace tocsin::avro_reference_test {
namespace {

constexpr const char* schema_text = R"({"type":"record","name":"r","namespace":"fab.inputs","fields":[
  {"name":"text","type":"string"},{"name":"whole","type":"long"},{"name":"small","type":"int"},{"name":"real","type":"double"},
  {"name":"single","type":"float"},{"name":"flag","type":"boolean"},{"name":"maybe","type":["null","long","string"]},
  {"name":"state","type":{"type":"enum","name":"state","symbols":["UP","DOWN","LATE"]}},
  {"name":"inner","type":{"type":"record","name":"inner","fields":[{"name":"again","type":"state"},{"name":"at","type":{"type":"long","logicalType":"timestamp-millis"}}]}},
  {"name":"list","type":{"type":"array","items":"inner"}},{"name":"map","type":{"type":"map","values":"double"}}]})";

avro_value_t member(avro_value_t& of, const char* name) {
  avro_value_t v;
  EXPECT_EQ(avro_value_get_by_name(&of, name, &v, nullptr), 0) << name;
  return v;
}

class random_record {
public:
  explicit random_record(unsigned seed) : random_(seed) {}
  nlohmann::json fill(avro_value_t& v) {
    nlohmann::json j;
    set(v, "text", [](avro_value_t* m, const std::string& x) { return avro_value_set_string(m, x.c_str()); }, text(), j);
    set(v, "whole", [](avro_value_t* m, std::int64_t x) { return avro_value_set_long(m, x); }, whole(), j);
    set(v, "small", [](avro_value_t* m, std::int32_t x) { return avro_value_set_int(m, x); }, static_cast<std::int32_t>(whole()), j);
    set(v, "real", [](avro_value_t* m, double x) { return avro_value_set_double(m, x); }, static_cast<double>(whole()) / 1024, j);
    set(v, "single", [](avro_value_t* m, float x) { return avro_value_set_float(m, x); }, static_cast<float>(random_() % 1000) / 8, j);
    const bool flag = random_() % 2 != 0;
    avro_value_t m = member(v, "flag");
    avro_value_set_boolean(&m, flag ? 1 : 0);
    j["flag"] = flag;
    m = member(v, "maybe");
    const int branch = static_cast<int>(random_() % 3);
    avro_value_t b;
    avro_value_set_branch(&m, branch, &b);
    const std::int64_t number = whole();
    const std::string word = text();
    if (branch == 0) avro_value_set_null(&b);
    if (branch == 1) avro_value_set_long(&b, number);
    if (branch == 2) avro_value_set_string(&b, word.c_str());
    j["maybe"] = branch == 0 ? nlohmann::json{} : branch == 1 ? nlohmann::json(number) : nlohmann::json(word);
    j["state"] = set_state(member(v, "state"));
    j["inner"] = fill_inner(member(v, "inner"));
    j["list"] = nlohmann::json::array();
    m = member(v, "list");
    for (auto n = random_() % 5; n > 0; --n) {
      avro_value_t item;
      avro_value_append(&m, &item, nullptr);
      j["list"].push_back(fill_inner(item));
    }
    j["map"] = nlohmann::json::object();
    m = member(v, "map");
    for (auto n = random_() % 5; n > 0; --n) {
      avro_value_t item;
      const std::string key = "k" + std::to_string(n);
      avro_value_add(&m, key.c_str(), &item, nullptr, nullptr);
      avro_value_set_double(&item, static_cast<double>(n) / 4);
      j["map"][key] = static_cast<double>(n) / 4;
    }
    return j;
  }

private:
  std::int64_t whole() { return static_cast<std::int64_t>((std::uint64_t{random_()} << 32 | random_()) >> random_() % 63) * (random_() % 2 ? 1 : -1); }
  std::string text() { return std::string(random_() % 200, static_cast<char>('a' + random_() % 26)); }
  const char* set_state(avro_value_t v) {
    static constexpr const char* names[] = {"UP", "DOWN", "LATE"};
    const int s = static_cast<int>(random_() % 3);
    avro_value_set_enum(&v, s);
    return names[s];
  }
  nlohmann::json fill_inner(avro_value_t v) {
    nlohmann::json j;
    j["again"] = set_state(member(v, "again"));
    set(v, "at", [](avro_value_t* m, std::int64_t x) { return avro_value_set_long(m, x); }, whole(), j);
    return j;
  }
  template <class With, class Value>
  static void set(avro_value_t& v, const char* name, With with, const Value& value, nlohmann::json& j) {
    avro_value_t m = member(v, name);
    EXPECT_EQ(with(&m, value), 0) << name;
    j[name] = value;
  }
  std::mt19937 random_;
};

TEST(avro_of_libavro, is_read_as_it_was_written) {
  avro_schema_t schema = nullptr;
  ASSERT_EQ(avro_schema_from_json_length(schema_text, std::string_view{schema_text}.size(), &schema), 0) << avro_strerror();
  avro_value_iface_t* made = avro_generic_class_from_schema(schema);
  avro_schemas ours;
  const auto added = ours.add(7, schema_text);
  ASSERT_TRUE(added) << added.error().text;
  for (unsigned seed = 0; seed < 300; ++seed) {
    avro_value_t v;
    avro_generic_value_new(made, &v);
    const nlohmann::json expected = random_record{seed}.fill(v);
    std::string bytes(64 * 1024, '\0');
    avro_writer_t to = avro_writer_memory(bytes.data() + 5, static_cast<std::int64_t>(bytes.size() - 5));
    ASSERT_EQ(avro_value_write(to, &v), 0) << avro_strerror();
    bytes.resize(5 + static_cast<std::size_t>(avro_writer_tell(to)));
    bytes[4] = 7;
    std::string out;
    const auto read = ours.to_json(bytes, out);
    ASSERT_TRUE(read) << read.error().text;
    EXPECT_EQ(nlohmann::json::parse(out), expected) << "seed " << seed;
    avro_writer_free(to);
    avro_value_decref(&v);
  }
  avro_value_iface_decref(made);
  avro_schema_decref(schema);
}

} // namespace
} // namespace tocsin::avro_reference_test
