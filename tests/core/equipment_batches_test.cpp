// What equipment says of readings and events does not depend on how the input was cut into batches and shards.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <map>

#include "core/splitmix.hpp"
#include "equipment_world.hpp"

namespace tocsin::equipment_batches_test {
namespace {

using kind_t = pattern_rule::kind_t;

equipment_rules all_of_it() {
  equipment_rules r;
  r.windows = {{window_rule::kind_t::tumbling, 10s, 10s}};
  r.lateness = 2s;
  r.ewma_z.limit = 2;
  r.downtime.silence.least = 20s;
  r.downtime.silence.factor = 1;
  r.downtime.rate.enabled = true;
  r.downtime.levels = {{"*/p1", 0.5, 2s}};
  r.states = {{"*/p2", "level", {{"low", 0}, {"high", 5}}, 0.5}, {"*/p1", "value", {}, 3}};
  r.joins = {{"room", "*/p1", "cvd1/p3", 20s}, {"measured", "*/event:measurement", "etch1/p2", 20s}};
  pattern_rule p;
  p.name = "after", p.kind = kind_t::sequence, p.of = {"alarm_set:*", "state:unscheduled_down"}, p.within = 30s;
  r.patterns.push_back(p);
  p.name = "owed", p.kind = kind_t::absence, p.of = {"alarm_set:A", "alarm_cleared:A"}, p.within = 15s;
  r.patterns.push_back(p);
  p.name = "often", p.kind = kind_t::count, p.of = {"anomaly:*", "change:*"}, p.count = 3, p.within = 5s;
  r.patterns.push_back(p);
  r.quantiles = {"0.5"};
  return completed(r);
}

/// Samples and events in the order of arrival: an event is a sample of no channel.
struct arrival {
  sample reading;
  equipment_event event;
};

std::vector<arrival> some_input(std::uint64_t seed) {
  static const char* const units[] = {"etch1", "etch2", "cvd1", "litho1"};
  static const char* const channels[] = {"p1", "p2", "p3"};
  static const char* const alarms[] = {"A", "B"};
  splitmix64 random{seed};
  std::vector<arrival> out;
  double t = 0;
  for (int i = 0; i < 600; ++i) {
    t += static_cast<double>(random.next() % 500) / 1000 + (random.next() % 100 == 0 ? 15 : 0);
    const double at = std::max(0.0, t - static_cast<double>(random.next() % 3000) / 1000);
    const char* unit = units[random.next() % (t > 60 && t < 110 ? 3 : 4)]; // the last one is silent for a while
    arrival a{};
    if (random.next() % 5 == 0) {
      a.event = event_at(at, static_cast<event_kind>(random.next() % event_kinds), unit);
      a.event.state = static_cast<e10_state>(random.next() % 7);
      a.event.task = static_cast<e116_task>(random.next() % 4);
      a.event.name = alarms[random.next() % 2];
    } else {
      const char* channel = channels[random.next() % 3];
      a.reading = {equipment_start + from_seconds(at), static_cast<double>(random.next() % 100) / 10, hash_key(unit, channel), unit, channel};
    }
    out.push_back(a);
  }
  return out;
}

sample_batch batch_of(const std::vector<arrival>& input, std::size_t from, std::size_t count) {
  sample_batch b;
  for (std::size_t i = from; i < std::min(input.size(), from + count); ++i) {
    if (!input[i].reading.channel.empty()) {
      b.samples.push_back(input[i].reading);
      continue;
    }
    b.events.push_back(input[i].event);
    b.events.back().before = static_cast<std::uint32_t>(b.samples.size());
  }
  return b;
}

using lines_of = std::map<std::string, std::vector<std::string>>;

/// By unit and sort: those keep their order.
void collect(const equipment_effects& said, lines_of& into) {
  for (const window_result& w : said.windows)
    into[w.of->equipment + "/" + w.of->channel].push_back(seconds_text(w.start) + " n=" + std::to_string(w.count) + " q=" + std::to_string(said.quantiles[w.quantiles]));
  for (const anomaly& a : said.anomalies) into[a.of->equipment + "/" + a.of->channel + " a"].push_back(to_rfc3339(a.at));
  for (const state_change& c : said.states) into[c.equipment + " " + c.name + c.place].push_back(to_rfc3339(c.at) + c.from + ">" + c.to + to_text(c.lasted));
  for (const downtime& d : said.downtimes) into[d.equipment + " down"].push_back(std::string{to_text(d.cause)} + to_rfc3339(d.start) + (d.end == unset ? "" : to_rfc3339(d.end)));
  for (const joined& j : said.joins) into[j.equipment + j.channel + " join"].push_back(to_rfc3339(j.at) + std::to_string(j.value) + "<" + std::to_string(j.right_value));
  for (const symptom& s : said.symptoms)
    into[s.subject + std::string{to_text(s.kind)}].push_back(std::string{to_text(s.state)} + to_rfc3339(s.at) + std::string{to_text(s.level)});
}

RC_GTEST_PROP(equipment, says_the_same_of_any_batches_and_shards, ()) {
  const auto input = some_input(*rc::gen::arbitrary<std::uint64_t>());
  const equipment_rules rules = all_of_it();
  lines_of expected, found;
  equipment_world whole{rules};
  whole.feed(batch_of(input, 0, input.size()));
  whole.finish();
  collect(whole.said, expected);
  const std::uint32_t shards = *rc::gen::inRange<std::uint32_t>(1, 4);
  const std::size_t at_a_time = *rc::gen::inRange<std::size_t>(1, 60);
  std::vector<std::unique_ptr<equipment_world>> parts;
  for (std::uint32_t i = 0; i < shards; ++i) parts.push_back(std::make_unique<equipment_world>(rules));
  input_marks marks{rules};
  for (std::size_t i = 0; i < input.size(); i += at_a_time) {
    sample_batch b = batch_of(input, i, at_a_time);
    marks.mark(b);
    for (std::uint32_t n = 0; n < shards; ++n) {
      batch_part part;
      for (std::uint32_t k = 0; k < b.samples.size(); ++k)
        if (equipment_table::shard_of(b.samples[k].key_hash, shards) == n) part.samples.push_back(k);
      for (std::uint32_t k = 0; k < b.events.size(); ++k)
        if (equipment_table::shard_of(b.events[k].key_hash, shards) == n) part.events.push_back(k);
      parts[n]->table.apply(b, part, parts[n]->said);
    }
  }
  for (auto& p : parts) {
    p->table.finish(marks.latest(), p->said);
    collect(p->said, found);
  }
  RC_ASSERT(found == expected);
  RC_ASSERT(expected.size() > 20u);
}

} // namespace
} // namespace tocsin::equipment_batches_test
