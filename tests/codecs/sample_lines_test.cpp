// Readings and events as JSON lines: what is written is read again as it was.
#include "codecs/sample_lines.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <map>
#include <random>

#include "codecs/sample_decoder.hpp"
#include "core/connections.hpp"
#include "core/record.hpp"

namespace tocsin::sample_lines_test {
namespace {

using testing::ElementsAre;
using testing::Le;
using testing::SizeIs;

/// Everything of it, as texts that can be compared: the unit first, values as their bits, times as nanoseconds.
std::vector<std::string> told(const sample_batch& b) {
  std::vector<std::string> out;
  std::size_t event = 0;
  for (std::size_t i = 0; i <= b.samples.size(); ++i) {
    for (; event < b.events.size() && b.events[event].before <= i; ++event) {
      const equipment_event& e = b.events[event];
      std::string line = std::string{e.equipment} + '|' + std::to_string(to_nanoseconds(e.at)) + '|' + std::string{to_text(e.kind)} + '|' + std::string{to_text(e.state)} + '|' +
                         std::string{to_text(e.task)} + '|' + std::to_string(std::bit_cast<std::uint64_t>(e.value)) + '|' + std::to_string(e.key_hash);
      for (const std::string_view text : {e.module, e.name, e.text, e.recipe, e.step, e.lot, e.wafer}) (line += '|') += text;
      out.push_back(line);
    }
    if (i == b.samples.size()) break;
    const sample& s = b.samples[i];
    out.push_back(std::string{s.equipment} + '|' + std::to_string(to_nanoseconds(s.at)) + '|' + std::string{s.channel} + '|' +
                  std::to_string(std::bit_cast<std::uint64_t>(s.value)) + '|' + std::to_string(s.key_hash));
  }
  return out;
}

sample_batch read(std::string_view lines) {
  sample_batch b;
  const auto reader = make_sample_decoder({});
  reader->feed(lines, b);
  reader->finish(b);
  for (const decode_error& e : reader->take_errors()) ADD_FAILURE() << e.text << ": " << e.bytes;
  return b;
}

class written : public testing::Test {
protected:
  std::string_view keep(std::string_view text) { return texts.keep(text); }
  void add(std::string_view equipment, std::string_view channel, double value, std::int64_t ns = 1'700'000'000'000'000'000) {
    batch.samples.push_back({from_nanoseconds(ns), value, hash_key(equipment, channel), keep(equipment), keep(channel)});
  }
  equipment_event& add(std::string_view equipment, event_kind kind, std::int64_t ns = 1'700'000'000'000'000'000) {
    equipment_event e{};
    e.at = from_nanoseconds(ns);
    e.kind = kind;
    e.before = static_cast<std::uint32_t>(batch.samples.size());
    e.equipment = keep(equipment);
    e.key_hash = hash_key(equipment, "");
    batch.events.push_back(e);
    return batch.events.back();
  }
  /// What for_each_unit gives, by unit.
  std::map<std::string, std::vector<std::string>> values(std::size_t bytes_max = 1 << 16) {
    std::map<std::string, std::vector<std::string>> out;
    for_each_unit(batch, bytes_max, [&](const unit_lines& u) { out[std::string{u.equipment}].emplace_back(u.lines); });
    return out;
  }
  /// What for_each_unit gives is read again as the batch was.
  void expect_the_same_again() {
    std::string all;
    std::vector<std::string> units;
    for_each_unit(batch, 300, [&](const unit_lines& u) {
      all += u.lines;
      units.emplace_back(u.equipment);
    });
    // Between units the order is another; within one it is kept.
    const auto of_unit = [](std::vector<std::string> lines, const std::string& unit) {
      std::erase_if(lines, [&](const std::string& l) { return !l.starts_with(unit + '|'); });
      return lines;
    };
    const auto before = told(batch), after = told(read(all));
    EXPECT_EQ(before.size(), after.size());
    for (const std::string& unit : units) EXPECT_EQ(of_unit(before, unit), of_unit(after, unit)) << all;
  }
  record_batch texts;
  sample_batch batch;
};

TEST_F(written, lines_are_those_of_the_default_mapping) {
  add("etch1", "ch1.pressure", 0.1, 1'700'000'000'123'000'000);
  add("etch1", event_kind::alarm_set).name = "RF12";
  batch.events.back().text = "reflected \"power\"";
  add("fab.etch2", "rf", -5);
  EXPECT_THAT(values()["etch1"], ElementsAre(R"({"at":"2023-11-14T22:13:20.123Z","channel":"etch1.ch1.pressure","value":0.1})" "\n"
                                             R"({"at":"2023-11-14T22:13:20Z","event":"alarm_set","equipment":"etch1","name":"RF12","text":"reflected \"power\""})" "\n"));
  EXPECT_THAT(values()["fab.etch2"], ElementsAre(R"({"at":"2023-11-14T22:13:20Z","equipment":"fab.etch2","channels":{"rf":-5}})" "\n"));
}

TEST_F(written, values_are_read_again_to_the_last_bit) {
  using limits = std::numeric_limits<double>;
  for (const std::string unit : {"etch1", "fab.etch1"}) // the short form and the long one
    for (const double value : {0.0, -0.0, 0.1, 1.0 / 3, 1e15, 1e17, 123456789012345678.0, 12345678901234567890.0, 123456789012345680000.0, -123456789012345680000.0,
                               1e22, 1e300, limits::max(), limits::lowest(), limits::min(), limits::denorm_min(), limits::epsilon()})
      add(unit, "x", value);
  expect_the_same_again();
}

TEST_F(written, times_are_read_again_to_the_nanosecond) {
  for (const std::int64_t ns : {1ll, 999'999'999ll, 1'000'000'000ll, 1'700'000'000'000'000'001ll, 1'700'000'000'000'000'010ll, 1'700'000'000'000'001'000ll,
                                1'700'000'000'001'000'000ll, 1'700'000'000'100'000'000ll, 1'699'999'999'999'999'999ll, 9'100'000'000'123'456'789ll})
    add("etch1", "x", 1, ns);
  expect_the_same_again();
}

TEST_F(written, names_are_read_again_whatever_they_hold) {
  for (const char* unit : {"etch1", "a.b", "quote\"d", "back\\slash", "Ätzer", "{}", "tab\there"})
    for (const char* channel : {"x", "ch1.rf", "quote\"d", "größe", ".hidden", "value"}) add(unit, channel, 1);
  expect_the_same_again();
}

TEST_F(written, events_of_every_kind_are_read_again) {
  for (std::size_t kind = 0; kind < event_kinds; ++kind) {
    equipment_event& e = add(kind % 2 ? "etch1" : "fab.etch1", static_cast<event_kind>(kind), 1'700'000'000'000'000'001 + static_cast<std::int64_t>(kind));
    if (e.kind == event_kind::state) e.state = e10_state::unscheduled_down;
    if (e.kind == event_kind::task) e.task = e116_task::blocked;
    if (e.kind == event_kind::measurement || e.kind == event_kind::yield_result) e.value = 1.0 / 3;
    e.module = keep("ch1");
    e.name = keep("RF\"12");
    e.text = keep(std::string(256, '\x01')); // 1,536 bytes as JSON
    e.recipe = keep("R1");
    e.step = keep("2");
    e.lot = keep("L7");
    e.wafer = keep("3");
  }
  add("etch1", event_kind::state).state = e10_state::unknown;
  expect_the_same_again();
}

TEST_F(written, readings_and_events_of_a_unit_keep_their_order) {
  std::mt19937_64 random{7};
  for (int i = 0; i < 2000; ++i) {
    const std::string unit = "u" + std::to_string(random() % 5);
    const std::int64_t ns = 1'700'000'000'000'000'000 + static_cast<std::int64_t>(random() % 5'000'000'000);
    double value = std::bit_cast<double>(random());
    if (!std::isfinite(value)) value = 1;
    if (random() % 10 == 0) add(unit, event_kind::process, ns).recipe = keep(std::to_string(i));
    else add(unit, "x", value, ns);
  }
  expect_the_same_again();
}

TEST_F(written, values_are_bounded_and_say_when_they_begin) {
  for (int i = 0; i < 1000; ++i) add(i % 2 ? "a" : "b", "x", i, 1'700'000'000'000'000'000 + i);
  std::vector<std::pair<std::string, std::int64_t>> begun;
  for_each_unit(batch, 10'000, [&](const unit_lines& u) {
    EXPECT_THAT(u.lines, SizeIs(Le(10'000u)));
    EXPECT_TRUE(u.lines.ends_with("}\n"));
    EXPECT_EQ(u.first, read(u.lines).samples.at(0).at);
    begun.emplace_back(u.equipment, to_nanoseconds(u.first) % 1000);
  });
  EXPECT_GT(begun.size(), 4u);
  EXPECT_LT(begun.size(), 20u);
  batch = {};
  add("a", "x", 1);
  EXPECT_THAT(values(1)["a"], SizeIs(1)) << "a line is not cut";
  batch = {};
  EXPECT_TRUE(values().empty());
}

} // namespace
} // namespace tocsin::sample_lines_test
