// What a node writes to Kafka, and how it remembers how far the brokers have it.
#include "actors/node_parts.hpp"

namespace tocsin {

result<void> node::parts::open_outputs() {
  if (!options.config.kafka.writes()) return {};
  auto opened = kafka_outputs::open(options.config.kafka);
  if (!opened) return tl::make_unexpected(opened.error());
  kafka = std::move(*opened);
  return {};
}

void node::parts::write_out(const story& told) {
  kafka->write(told);
  auto reached = kafka->moved();
  if (reached && disk)
    caf::anon_send(recorder_actor, journal_append{std::make_shared<const record_batch>(), 0, options.config.sources.size(), 0,
                                                  std::make_shared<const log_positions>(std::move(*reached))});
}

/// Whoever reads what we heard learns that we hear no more; then the brokers get what is left.
void node::parts::finish_outputs() {
  if (!kafka) return;
  record_batch over;
  record r;
  r.kind = record_kind::sight_lost;
  r.at = wall_clock();
  over.records.push_back(r);
  if (kafka->wants_inputs())
    for (const source_settings& s : options.config.sources)
      if (s.kind != "kafka" && !s.gives_samples()) kafka->write_input(s.name, over);
  kafka->flush(goodbye_within);
  write_out({});
}

} // namespace tocsin
