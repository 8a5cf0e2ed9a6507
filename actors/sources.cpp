// The sources of a node: made by kind, and what they give on its way to the intake or the equipment.
#include <algorithm>

#include "actors/node_parts.hpp"
#include "io/kafka_source.hpp"
#include "io/line_source.hpp"
#include "io/log.hpp"
#include "io/plant_source.hpp"
#include "io/rv_source.hpp"
#include "io/stream_source.hpp"

namespace tocsin {

result<std::unique_ptr<source>> make_source(const source_settings& s, std::uint8_t vantage, log_positions kept) {
  if (s.kind == "rv") return make_rv_source(s, vantage);
  if (s.kind == "jsonl" || s.kind == "tibrvlisten" || s.kind == "auto" || s.kind == "samples") return make_stream_source(s, vantage);
  if (s.kind == "plant") return make_plant_source(s, vantage);
  if (s.kind == "line") return make_line_source(s, vantage);
  if (s.kind == "kafka") return make_kafka_source(s, vantage, std::move(kept));
  return fail(errc::unsupported, "source '" + s.name + "': kind '" + s.kind + "' is unknown; use rv, jsonl, tibrvlisten, samples, kafka, plant or line");
}

result<void> node::parts::make_sources() {
  const auto& settings_of = options.config.sources;
  for (std::size_t i = 0; i < settings_of.size(); ++i) {
    const source_settings& s = settings_of[i];
    log_positions reached;
    if (s.kind == "kafka") {
      if (auto fits = prepare_kafka_source(s, options.config.kafka); !fits) return fits;
      if (disk && !s.gives_samples()) {
        auto found = disk->positions(s.name);
        if (!found) return tl::make_unexpected(found.error());
        reached = std::move(*found);
      }
    }
    auto made = is_input(s) ? make_input_source(s, i) : make_source(s, static_cast<std::uint8_t>(i), std::move(reached));
    if (!made) return tl::make_unexpected(made.error());
    sources.push_back(std::move(*made));
  }
  return {};
}

/// Bit i: source i gives records from a log.
std::uint64_t node::parts::logs() const {
  std::uint64_t bits = 0;
  for (std::size_t i = 0; i < options.config.sources.size(); ++i)
    if (const source_settings& s = options.config.sources[i]; s.kind == "kafka" && !s.gives_samples() && !is_input(s)) bits |= std::uint64_t{1} << i;
  return bits;
}

void node::parts::start_sources() {
  live_sources = sources.size();
  held_by = logs();
  for (std::size_t i = 0; i < sources.size(); ++i) {
    const source_settings& s = options.config.sources[i];
    if (s.kind == "kafka" && s.gives_samples()) samples_held_by |= std::uint64_t{1} << i;
    // A pipe or a listening port sees as long as it is open; an RV link and a log say themselves when they do.
    if (s.kind != "rv" && s.kind != "kafka" && !s.gives_samples()) send_sight(i, record_kind::sight_regained);
    sources[i]->start(callbacks_of(i));
    sources[i]->grant(limits::credit_batches_max);
  }
  if (held_by == 0 && canary_actor) std::call_once(canary_begins, [this] { caf::anon_send(canary_actor, intake_actor); });
}

source_callbacks node::parts::callbacks_of(std::size_t i) {
  const source_settings& s = options.config.sources[i];
  source_callbacks c;
  c.batch = [this, i](record_batch&& b) {
    if (!b.samples.empty() || !b.events.empty()) return feed_samples(i, std::move(b));
    if (kafka && kafka->wants_inputs()) kafka->write_input(options.config.sources[i].name, b);
    caf::anon_send(intake_actor, source_batch{i, std::make_shared<record_batch>(std::move(b))});
  };
  c.log_batch = [this, i, samples_only = s.gives_samples()](record_batch&& b, std::uint64_t ticket, log_positions&& covered) {
    if (samples_only) return feed_samples(i, std::move(b), ticket);
    caf::anon_send(intake_actor, source_batch{i, std::make_shared<record_batch>(std::move(b)), ticket,
                                              std::make_shared<const log_positions>(std::move(covered))});
  };
  c.errors = [this, i](std::vector<decode_error>&& e) {
    for (const decode_error& one : e)
      log::warning("input_refused", {{"source", options.config.sources[i].name}, {"position", std::to_string(one.position)}, {"reason", one.text}});
    caf::anon_send(intake_actor, source_trouble{i, std::make_shared<const std::vector<decode_error>>(std::move(e))});
  };
  c.ended = [this, i] {
    log::info("source_ended", {{"source", options.config.sources[i].name}});
    // Whoever only this source could see is out of sight now.
    if (!options.config.sources[i].gives_samples()) send_sight(i, record_kind::sight_lost);
    --live_sources;
  };
  c.behind = [this, i](bool holds) { behind(i, holds); };
  return c;
}

void node::parts::behind(std::size_t source, bool holds) {
  const std::uint64_t bit = std::uint64_t{1} << source;
  auto& held = options.config.sources[source].gives_samples() ? samples_held_by : held_by;
  if (holds) held |= bit;
  else held &= ~bit;
  if (&held != &held_by) return;
  caf::anon_send(intake_actor, source_behind{source, holds});
  // Its heartbeats have the clock's time: they would carry the records of the log with them.
  if (held_by == 0 && canary_actor) std::call_once(canary_begins, [this] { caf::anon_send(canary_actor, intake_actor); });
}

void node::parts::kept(std::size_t source, std::uint64_t ticket) {
  if (source < sources.size()) sources[source]->kept(ticket);
}

void node::parts::grant(std::size_t source) {
  if (source == journal_source) journal_credit.release();
  else if (source < sources.size()) sources[source]->grant(1);
}

void node::parts::send_sight(std::size_t source, record_kind kind) {
  auto batch = std::make_shared<record_batch>();
  record r;
  r.kind = kind;
  r.vantage = static_cast<std::uint8_t>(source);
  r.at = wall_clock();
  batch->records.push_back(r);
  if (kafka && kafka->wants_inputs()) kafka->write_input(options.config.sources[source].name, *batch);
  caf::anon_send(intake_actor, source_batch{nobodys_source, std::move(batch)});
}

} // namespace tocsin
