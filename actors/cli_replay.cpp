#include <malloc.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <memory>
#include <thread>

#include "actors/cli.hpp"
#include "actors/replay.hpp"
#include "actors/sample_replay.hpp"
#include "codecs/decoder.hpp"
#include "codecs/sample_decoder.hpp"
#include "core/engine.hpp"
#include "core/equipment/report_records.hpp"
#include "io/store.hpp"

namespace tocsin::cli {

namespace {

/// Whoever takes the batches: machines alone, or the actors.
struct driver {
  std::function<void(std::shared_ptr<record_batch>)> feed;
  std::function<void(std::optional<timestamp>)> finish;
};

driver through_machines(const settings& s, bool correlate, emitter& out) {
  auto rules = std::make_shared<const rule_book>(s.rules);
  auto machines = std::make_shared<engine>(rules, s.alerting(), engine::options{correlate});
  auto told = std::make_shared<story>();
  auto print = [told, &out] {
    out.print(*told);
    told->symptoms.clear();
    told->incidents.clear();
    told->notifications.clear();
  };
  return {[=](std::shared_ptr<record_batch> b) {
            machines->feed(*b, *told);
            print();
          },
          [=](std::optional<timestamp> until) {
            if (until) machines->advance(*until, *told);
            machines->finish(*told);
            print();
          }};
}

driver through_actors(const settings& s, const replay_command& c, bool correlate, emitter& out) {
  const std::uint32_t processors = std::max(1u, std::thread::hardware_concurrency());
  actor_replay_options o;
  o.shards = c.shards ? c.shards : s.shards ? s.shards : 1;
  o.workers = c.workers ? c.workers : std::max(1u, processors - 1);
  o.correlate = correlate;
  o.rules = std::make_shared<const rule_book>(s.rules);
  o.receivers = s.alerting();
  o.tell = [&out](story&& told) { out.print(told); };
  auto actors = std::make_shared<actor_replay>(std::move(o));
  return {[=](std::shared_ptr<record_batch> b) { actors->feed(std::move(b)); },
          [=](std::optional<timestamp> until) { actors->finish(until); }};
}

std::unique_ptr<decoder> decoder_for(const std::string& format, const settings& s) {
  if (format == "tibrvlisten") return make_tibrvlisten_decoder(s.replay_context);
  if (format == "jsonl") return make_jsonl_decoder(s.replay_context, s.replay_mapping);
  if (format == "rv-hex") return make_rv_hex_decoder(s.replay_context);
  return nullptr;
}

std::uint64_t print_errors(decoder& d, const std::string& file) {
  const auto errors = d.take_errors();
  for (const decode_error& e : errors)
    std::fprintf(stderr, "%s:%llu: %s\n", file.c_str(), static_cast<unsigned long long>(e.position), e.text.c_str());
  return errors.size();
}

/// Reads the file in blocks; false with a message when it cannot be read.
template <class Take>
bool read_blocks(const replay_command& c, Take&& take) {
  std::FILE* file = c.input == "-" ? stdin : std::fopen(c.input.c_str(), "rb");
  if (!file) {
    std::fprintf(stderr, "tocsin: cannot read '%s': %s\n", c.input.c_str(), std::strerror(errno));
    return false;
  }
  std::setvbuf(file, nullptr, _IONBF, 0);
  std::unique_ptr<char[]> block{new char[c.block_bytes]};
  std::size_t n;
  while ((n = std::fread(block.get(), 1, c.block_bytes, file)) > 0) take(std::string_view{block.get(), n});
  const bool broken = std::ferror(file) != 0;
  if (broken) std::fprintf(stderr, "tocsin: reading '%s' failed: %s\n", c.input.c_str(), std::strerror(errno));
  if (file != stdin) std::fclose(file);
  return !broken;
}

bool read_text(const replay_command& c, decoder& d, const driver& to) {
  const bool good = read_blocks(c, [&](std::string_view bytes) {
    auto batch = std::make_shared<record_batch>();
    d.feed(bytes, unset, *batch);
    print_errors(d, c.input);
    if (!batch->records.empty()) to.feed(std::move(batch));
  });
  auto rest = std::make_shared<record_batch>();
  d.finish(unset, *rest);
  print_errors(d, c.input);
  if (!rest->records.empty()) to.feed(std::move(rest));
  return good;
}

bool read_journal(const replay_command& c, const driver& to) {
  auto disk = open_sqlite_store_read_only(c.input);
  if (!disk) {
    std::fprintf(stderr, "tocsin: %s\n", disk.error().text.c_str());
    return false;
  }
  auto read = (*disk)->replay(0, [&](record_batch&& b) { to.feed(std::make_shared<record_batch>(std::move(b))); });
  if (!read) std::fprintf(stderr, "tocsin: %s\n", read.error().text.c_str());
  return read.has_value();
}

std::uint64_t print_errors(sample_decoder& d, const std::string& file) {
  const auto errors = d.take_errors();
  for (const decode_error& e : errors)
    std::fprintf(stderr, "%s:%llu: %s\n", file.c_str(), static_cast<unsigned long long>(e.position), e.text.c_str());
  return errors.size();
}

/// What the equipment said goes to the groups, as it would live.
void judge_reports(std::vector<symptom> said, timestamp latest, const settings& s, const replay_command& c, emitter::what wanted) {
  emitter out{wanted};
  const driver to = c.through == "actors" ? through_actors(s, c, true, out) : through_machines(s, true, out);
  replay_reports(std::move(said), latest, to.feed);
  to.finish(latest == unset ? std::nullopt : std::optional{latest});
  out.flush();
}

int replay_samples(const replay_command& c) {
  const auto judged = emitter::parse(c.emit); // symptoms, incidents or notifications
  if (!judged && !equipment_printer::knows(c.emit)) {
    std::fprintf(stderr, "tocsin: --emit is windows, anomalies, states, downtimes, joins, quality or equipment, or symptoms, incidents or notifications, not '%s'\n",
                 c.emit.c_str());
    return usage;
  }
  auto s = load_or_complain(c.config);
  if (!s) return usage;
  mallopt(M_MMAP_THRESHOLD, 64 << 20);
  mallopt(M_TRIM_THRESHOLD, 128 << 20);
  auto rules = std::make_shared<const equipment_rules>(completed(s->equipment));
  equipment_printer out{c.emit};
  std::vector<symptom> symptoms;
  const auto tell = [&](const equipment_effects& said) {
    if (!judged) out.print(said);
    if (judged) symptoms.insert(symptoms.end(), said.symptoms.begin(), said.symptoms.end());
  };
  const std::uint32_t processors = std::max(1u, std::thread::hardware_concurrency());
  const auto to = c.through == "actors" ? samples_through_actors(rules, c.shards ? c.shards : s->shards ? s->shards : 1,
                                                                 c.workers ? c.workers : std::max(1u, processors - 1), tell)
                                        : samples_through_machines(rules, tell);
  const auto decoder = make_sample_decoder(for_path(s->samples, c.input));
  std::uint64_t refused = 0;
  timestamp latest = unset;
  const auto hand_on = [&](std::shared_ptr<sample_batch> batch) {
    print_errors(*decoder, c.input);
    batch->refused = decoder->error_count() - refused;
    if (batch->samples.empty() && batch->events.empty()) return; // what was refused counts with the next
    refused += batch->refused;
    for (const sample& each : batch->samples) latest = std::max(latest, each.at);
    for (const equipment_event& each : batch->events) latest = std::max(latest, each.at);
    to->feed(std::move(batch));
  };
  const bool good = read_blocks(c, [&](std::string_view bytes) {
    auto batch = std::make_shared<sample_batch>();
    decoder->feed(bytes, *batch);
    hand_on(std::move(batch));
  });
  auto rest = std::make_shared<sample_batch>();
  decoder->finish(*rest);
  hand_on(std::move(rest));
  to->finish();
  out.flush();
  if (judged) judge_reports(std::move(symptoms), latest, *s, c, *judged);
  const auto errors = decoder->error_count();
  if (errors) std::fprintf(stderr, "tocsin: %llu pieces of input could not be used\n", static_cast<unsigned long long>(errors));
  std::fflush(nullptr);
  std::_Exit(!good || (c.strict && errors) ? problem : done);
}

} // namespace

int replay(const replay_command& c) {
  if (c.format == "samples") return replay_samples(c);
  const auto wanted = emitter::parse(c.emit);
  if (!wanted || *wanted == emitter::what::none) {
    std::fprintf(stderr, "tocsin: --emit is symptoms, incidents or notifications, not '%s'\n", c.emit.c_str());
    return usage;
  }
  auto s = load_or_complain(c.config);
  if (!s) return usage;
  std::optional<timestamp> until;
  if (!c.until.empty()) {
    auto t = parse_rfc3339(c.until);
    if (!t) {
      std::fprintf(stderr, "tocsin: --until: %s\n", t.error().text.c_str());
      return usage;
    }
    until = *t;
  }
  // Blocks of input come and go by the megabyte: keep their pages instead of asking the system for them each time.
  mallopt(M_MMAP_THRESHOLD, 64 << 20);
  mallopt(M_TRIM_THRESHOLD, 128 << 20);
  emitter out{*wanted};
  // Symptoms of groups (config_drift) need the groups; without them nothing is correlated for nothing.
  const bool correlate = *wanted != emitter::what::symptoms || s->rules.groups.config_drift;
  const driver to = c.through == "actors" ? through_actors(*s, c, correlate, out) : through_machines(*s, correlate, out);
  bool good;
  std::uint64_t errors = 0;
  if (c.format == "journal") {
    good = read_journal(c, to);
  } else {
    auto d = decoder_for(c.format, *s);
    if (!d) {
      std::fprintf(stderr, "tocsin: --format is tibrvlisten, jsonl, rv-hex, journal or samples, not '%s'\n", c.format.c_str());
      return usage;
    }
    good = read_text(c, *d, to);
    errors = d->error_count();
  }
  to.finish(until);
  out.flush();
  if (errors) std::fprintf(stderr, "tocsin: %llu pieces of input could not be used\n", static_cast<unsigned long long>(errors));
  const int code = !good || (c.strict && errors) ? problem : done;
  std::fflush(nullptr);
  std::_Exit(code); // all is said; to take a large fleet down piece by piece would cost a tenth of the whole run
}

} // namespace tocsin::cli
