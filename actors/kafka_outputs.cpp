#include "actors/kafka_outputs.hpp"

#include <nlohmann/json.hpp>

#include "codecs/equipment_json.hpp"
#include "codecs/json_views.hpp"
#include "codecs/plant_jsonl.hpp"
#include "codecs/sample_lines.hpp"
#include "core/partition.hpp"
#include "io/clock.hpp"
#include "io/log.hpp"

#include <utility>

namespace tocsin {

namespace {
constexpr int every_away = 4; ///< of the promises, one is written while the brokers are away: they are still kept
static_assert(every_away * promise_every < promise_within);
constexpr std::size_t again_most = 10'000; ///< incidents of a former life that are written again
constexpr std::size_t readings_bytes_max = 64 * 1024; ///< of one value: a broker takes 1 MiB, a reader wants to stop between

std::string key_of(const record& r, const std::string& source) {
  return r.host.empty() ? "vantage/" + source : input_key(r.host);
}
} // namespace

result<std::unique_ptr<kafka_outputs>> kafka_outputs::open(const kafka_output& k) {
  std::unique_ptr<kafka_outputs> made{new kafka_outputs{k}};
  std::vector<std::string> topics;
  for (const std::string* t : {&k.inputs, &k.readings, &k.incidents, &k.symptoms, &k.windows, &k.anomalies, &k.states})
    if (!t->empty()) topics.push_back(*t);
  auto sink = open_kafka_sink(k, std::move(topics), [self = made.get()](std::uint64_t mark) { self->delivered(mark); });
  if (!sink) return tl::make_unexpected(sink.error());
  made->sink_ = std::move(*sink);
  return made;
}

void kafka_outputs::begin(std::shared_ptr<const store> disk, bool again) {
  disk_ = std::move(disk);
  if (again && disk_ && !settings_.incidents.empty()) {
    // Whoever begins to write does not write all of the past.
    const auto reached = disk_->positions(incidents_written);
    if (reached && !reached->empty()) write_again(from_nanoseconds(reached->front().next_offset));
  }
  live_ = true;
}

/// From the store, each as it is now.
void kafka_outputs::write_again(timestamp since) {
  const auto changed = disk_->incidents_changed(since, again_most);
  if (!changed) {
    log::error("incidents_unreadable", {{"reason", changed.error().text}});
    return;
  }
  for (const stored_incident& i : *changed) {
    const auto json = nlohmann::json::parse(i.json, nullptr, false);
    const auto at = json.is_object() ? parse_rfc3339(json.value("at", "")) : result<timestamp>{fail(errc::malformed, "")};
    if (at && json.contains("cause")) write_incident(json["cause"].value("subject", ""), i.json, *at);
  }
  if (!changed->empty()) log::info("incidents_written_again", {{"count", std::to_string(changed->size())}});
}

void kafka_outputs::write_incident(const std::string& subject, const std::string& json, timestamp at) {
  std::uint64_t mark;
  {
    const std::lock_guard lock{guard_};
    mark = ++marks_;
    pending_.emplace(mark, at);
    newest_ = newest_ == unset ? at : std::max(newest_, at);
  }
  if (sink_->write(settings_.incidents, {subject, json, at}, true, mark)) return;
  // The store has it: it is written when there is room, or by the next life.
  const std::lock_guard lock{guard_};
  pending_.erase(mark);
  missed_ = missed_ == unset ? at : std::min(missed_, at);
}

void kafka_outputs::delivered(std::uint64_t mark) {
  const std::lock_guard lock{guard_};
  pending_.erase(mark);
}

std::optional<log_positions> kafka_outputs::moved() {
  const std::lock_guard lock{guard_};
  timestamp reached = newest_;
  if (missed_ != unset) reached = std::min(reached, missed_);
  for (const auto& [mark, at] : pending_) reached = std::min(reached, at);
  if (reached == unset || reached == told_) return std::nullopt;
  told_ = reached;
  return log_positions{{settings_.incidents, 0, to_nanoseconds(reached)}};
}

void kafka_outputs::write(const story& told) {
  if (!live_) return;
  if (sink_->has_room()) {
    timestamp since = unset;
    {
      const std::lock_guard lock{guard_};
      since = std::exchange(missed_, unset);
    }
    if (since != unset && disk_) write_again(since);
  }
  std::string json;
  if (!settings_.incidents.empty())
    for (const incident& i : told.incidents) {
      json.clear();
      append_json(json, i);
      write_incident(i.because.subject, json, i.at);
    }
  if (!settings_.symptoms.empty())
    for (const symptom& s : told.symptoms) {
      json.clear();
      append_json(json, s);
      sink_->write(settings_.symptoms, {s.subject, json, s.at}, false);
    }
}

void kafka_outputs::write(const equipment_effects& said) {
  std::string json;
  const auto write_one = [&](const std::string& topic, const std::string& unit, timestamp at) {
    sink_->write(topic, {unit, json, at}, false);
    json.clear();
  };
  if (!settings_.windows.empty())
    for (const window_result& w : said.windows) {
      append_json(json, w, said);
      write_one(settings_.windows, w.of->equipment, w.end);
    }
  if (!settings_.anomalies.empty())
    for (const anomaly& a : said.anomalies) {
      append_json(json, a);
      write_one(settings_.anomalies, a.of->equipment, a.at);
    }
  if (!settings_.states.empty())
    for (const state_change& c : said.states) {
      append_json(json, c);
      write_one(settings_.states, c.equipment, c.at);
    }
}

namespace {
bool is_sight(const record& r) { return r.kind == record_kind::sight_lost || r.kind == record_kind::sight_regained; }
} // namespace

bool kafka_outputs::write_record(const std::string& source, const record& r, bool must) {
  std::string value;
  if (!append_plant_jsonl(value, r)) return true; // time and orders are ours alone
  value.pop_back();                               // the line's end
  if (settings_.inputs_encoding == "msgpack") {
    const auto packed = nlohmann::json::to_msgpack(nlohmann::json::parse(value, nullptr, false));
    value.assign(packed.begin(), packed.end());
  }
  // Whoever reads any partition must know when we do not see.
  const std::string key = key_of(r, source);
  if (is_sight(r)) {
    const bool all = sink_->write_to_all(settings_.inputs, {key, value, r.at, source});
    if (r.reliability_s > 0) return true; // a promise is made again anyway
    if (all) half_told_.erase(source);
    else half_told_.insert(source);
    return true; // it is said again with the next one
  }
  return sink_->write(settings_.inputs, {key, value, r.at, source}, must);
}

void kafka_outputs::write_sight(const std::string& source, record_kind kind, timestamp at, duration within) {
  record r;
  r.kind = kind;
  r.at = at;
  r.reliability_s = static_cast<float>(to_seconds(within));
  write_record(source, r, true);
}

void kafka_outputs::write_input(const std::string& source, const record_batch& heard) {
  const std::lock_guard lock{guard_};
  for (const record& r : heard.records) {
    const bool sight = is_sight(r);
    if (r.kind == record_kind::sight_lost) seeing_.erase(source);
    const bool was_blind = blind_.contains(source);
    if (was_blind && sink_->has_room()) {
      blind_.erase(source);
      write_sight(source, record_kind::sight_regained, r.at);
    }
    if (r.kind == record_kind::sight_regained && blind_.contains(source)) {
      seeing_.insert(source); // it is said when there is room again
      continue;
    }
    const bool taken = write_record(source, r, sight);
    if (r.kind == record_kind::sight_regained) {
      seeing_.insert(source);
      write_promise(source, r.at);
    }
    if (taken) continue;
    // Silence that is ours must not be taken for theirs.
    if (blind_.insert(source).second) write_sight(source, record_kind::sight_lost, r.at);
  }
}

void kafka_outputs::write_promise(const std::string& source, timestamp at) {
  if (blind_.contains(source)) return;
  if (half_told_.contains(source)) write_sight(source, record_kind::sight_regained, at);
  write_sight(source, record_kind::sight_regained, at, (promise_within + settings_.linger) * drill().speed());
}

void kafka_outputs::write_promises(timestamp at) {
  const std::lock_guard lock{guard_};
  // While they wait for brokers none is late for whoever reads them later: fewer do, and never in the place of incidents.
  const bool away = !sink_->status().connected;
  if (!sink_->has_room() || (away && ++passed_over_ < every_away)) return;
  passed_over_ = 0;
  for (const std::string& source : seeing_) write_promise(source, at);
}

void kafka_outputs::write_readings(const std::string& source, const sample_batch& heard) {
  for_each_unit(heard, readings_bytes_max, [&](const unit_lines& u) { sink_->write(settings_.readings, {u.equipment, u.lines, u.first, source}, false); });
}

} // namespace tocsin
