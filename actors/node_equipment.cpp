// The equipment of a node: shards of their own, fed by the sources of sensor readings.
#include <algorithm>

#include "actors/node_parts.hpp"
#include "core/equipment/report_records.hpp"
#include "io/log.hpp"

namespace tocsin {

namespace {

constexpr auto idle_after = std::chrono::seconds{10}; ///< without readings the clock ends windows, so much behind
constexpr duration future_max = 1min;                  ///< a sensor whose clock is ahead must not end everybody's windows

/// Lets windows end when no reading comes.
class sample_clock final : public caf::event_based_actor {
public:
  sample_clock(caf::actor_config& cfg, sample_feed* feed, clock_anchor anchor, const std::atomic<std::uint64_t>* held_by)
      : event_based_actor(cfg), feed_(feed), anchor_(anchor), held_by_(held_by) {}
  const char* name() const override { return "sample clock"; }
  caf::behavior make_behavior() override {
    delayed_send(this, idle_after, wake_up{0});
    return {[this](const wake_up&) {
      if (*held_by_ == 0) feed_->pass(time_now(this, anchor_) - idle_after * drill().speed()); // a log still has older readings; their way here takes the machine's time
      delayed_send(this, std::chrono::seconds{1}, wake_up{0});
    }};
  }

private:
  sample_feed* feed_;
  clock_anchor anchor_;
  const std::atomic<std::uint64_t>* held_by_;
};

} // namespace

bool node::parts::has_samples() const {
  return std::ranges::any_of(options.config.sources, [](const source_settings& s) { return s.gives_samples(); });
}

void node::parts::pass_on(const equipment_effects& said) {
  if (said.empty() || !options.tell_equipment) return;
  const std::lock_guard lock{equipment_guard};
  options.tell_equipment(said);
}

void node::parts::report(const std::vector<symptom>& said) {
  caf::anon_send(intake_actor, source_batch{nobodys_source, records_of(said, never)}); // `never`: now
}

std::unique_ptr<sample_feed> node::parts::make_sample_feed(const equipment_rules& by) {
  std::vector<std::string> names;
  for (const source_settings& s : options.config.sources) names.push_back(s.name);
  return std::make_unique<sample_feed>(equipment_actors, by, std::move(names), [this](const equipment_effects& said) { pass_on(said); },
                                       [this](const std::vector<symptom>& said) { report(said); });
}

void node::parts::add_equipment(std::vector<child_spec>& children) {
  auto equipment_by = std::make_shared<const equipment_rules>(completed(options.config.equipment));
  // What each shard said of itself last: sums are kept by adding the differences.
  for (std::uint32_t n = 0; n < shard_count; ++n)
    children.push_back({"equipment " + std::to_string(n), [this, equipment_by](caf::event_based_actor* parent) -> caf::actor {
                          auto before = std::make_shared<equipment_counts>();
                          equipment_shard_options o;
                          o.rules = equipment_by;
                          o.tell = [this, before](const equipment_effects& said, const equipment_counts& now) {
                            auto& m = *metrics;
                            m.equipment_units += now.units - before->units;
                            m.equipment_channels += now.channels - before->channels;
                            m.samples += now.totals.samples - before->totals.samples;
                            m.samples_late += now.totals.late - before->totals.late;
                            m.samples_refused += now.totals.refused - before->totals.refused;
                            m.equipment_events += now.totals.events - before->totals.events;
                            m.equipment_events_late += now.totals.events_late - before->totals.events_late;
                            m.joins_late += now.totals.joins_late - before->totals.joins_late;
                            *before = now;
                            m.windows += said.windows.size();
                            for (const window_result& w : said.windows) m.windows_corrected += w.corrected;
                            for (const anomaly& a : said.anomalies) ++m.anomalies[static_cast<std::size_t>(a.found_by)];
                            if (kafka && !said.empty()) kafka->write(said);
                            pass_on(said);
                          };
                          o.report = [this](const std::vector<symptom>& said) { report(said); };
                          equipment_actors.push_back(parent->spawn<equipment_shard>(std::move(o)));
                          if (equipment_actors.size() == shard_count) samples = make_sample_feed(*equipment_by);
                          return equipment_actors.back();
                        }, true});
  children.push_back({"sample clock", [this](caf::event_based_actor* parent) -> caf::actor {
                        return parent->spawn<sample_clock>(samples.get(), anchor, &samples_held_by);
                      }});
}

void node::parts::feed_samples(std::size_t source, record_batch&& from, std::uint64_t ticket) {
  auto batch = std::make_shared<sample_batch>();
  batch->samples = std::move(from.samples);
  batch->events = std::move(from.events);
  batch->bytes = std::move(from.bytes);
  batch->source = static_cast<std::uint32_t>(source);
  batch->arrived = wall_clock();
  if (const std::size_t ahead = drop_newer(*batch, batch->arrived + future_max); ahead > 0) {
    metrics->samples_refused += ahead;
    log::warning("samples_of_the_future", {{"source", options.config.sources[source].name}, {"count", std::to_string(ahead)},
                                           {"remedy", "set the clock of whoever sends them"}});
  }
  if (const source_settings& s = options.config.sources[source]; kafka && kafka->wants_readings() && s.kind != "kafka") kafka->write_readings(s.name, *batch);
  const std::uint64_t errors = sources[source]->status().errors;
  batch->refused = errors - sample_errors[source].exchange(errors);
  ++metrics->sample_batches;
  samples->feed(std::move(batch), [this, source, ticket] {
    --metrics->sample_batches;
    if (ticket != 0) kept(source, ticket);
    grant(source);
  });
}

/// What is open is said as it is; the sources are stopped already.
void node::parts::finish_samples() {
  if (!samples) return;
  auto over = std::make_shared<std::promise<void>>();
  samples->finish([over] { over->set_value(); });
  over->get_future().wait_for(std::chrono::seconds{5});
}

std::vector<source_quality> node::source_qualities() const {
  return parts_->samples ? parts_->samples->quality() : std::vector<source_quality>{};
}

std::vector<equipment_status> node::equipment(const std::string& name) const {
  std::vector<equipment_status> all;
  caf::scoped_actor self{const_cast<caf::actor_system&>(parts_->system)};
  for (const caf::actor& a : parts_->equipment_actors)
    self->request(a, answer_within, list_equipment{name})
        .receive([&](const equipment_list& l) { all.insert(all.end(), l->begin(), l->end()); }, [](caf::error&) {});
  std::ranges::sort(all, {}, &equipment_status::equipment);
  if (name.empty())
    for (equipment_status& e : all) e.channels.clear();
  return all;
}

} // namespace tocsin
