#include "actors/equipment_shard.hpp"

#include "actors/supervisor.hpp"
#include "core/reported_symptom.hpp"

namespace tocsin {

equipment_shard::equipment_shard(caf::actor_config& cfg, equipment_shard_options options)
    : event_based_actor(cfg), options_(std::move(options)), table_(options_.rules, *this) {}

caf::behavior equipment_shard::make_behavior() {
  keep_exception_text(this);
  if (options_.report) delayed_send(this, repeat_every, repeat_symptoms{});
  return {
      [this](const repeat_symptoms&) {
        if (const auto again = reporter_.repeat(unset); !again.empty()) options_.report(again);
        delayed_send(this, repeat_every, repeat_symptoms{});
      },
      [this](const sample_step& s) { apply(s); },
      [this](const list_equipment& question) { return list(question); },
      [](hosted_message& m) -> caf::result<caf::unit_t> {
        if (hosted<equipment>(m.to).ended()) return caf::sec::request_receiver_down;
        return caf::sec::unexpected_message;
      },
  };
}

void equipment_shard::on_exit() {
  for (auto& u : units_) hosted<equipment>(u).end("shard ended", context());
  units_.clear();
  options_.tell = nullptr;
  options_.report = nullptr;
}

void equipment_shard::apply(const sample_step& s) {
  if (!s.batch) table_.finish(s.latest, said_);
  else if (s.part) table_.apply(*s.batch, *s.part, said_);
  else table_.apply(*s.batch, said_);
  if (options_.report && !said_.symptoms.empty()) {
    reporter_.take(said_.symptoms);
    options_.report(said_.symptoms);
  }
  options_.tell(said_, {table_.size(), table_.channels(), table_.totals()});
  said_.clear();
}

equipment& equipment_shard::adopt(equipment fresh) {
  units_.push_back(make_hosted(this, std::move(fresh)));
  return hosted<equipment>(units_.back()).machine();
}

equipment_list equipment_shard::list(const list_equipment& question) const {
  auto out = std::make_shared<std::vector<equipment_status>>();
  for (const equipment* e : table_.all()) {
    if (!question.name.empty() && e->name() != question.name) continue;
    out->push_back(e->status(*options_.rules));
  }
  return out;
}

namespace {
/// Calls it when the last who holds it lets go.
std::shared_ptr<void> at_the_end(std::function<void()> what) {
  return {nullptr, [what = std::move(what)](void*) { what(); }};
}
} // namespace

void sample_feed::feed(std::shared_ptr<sample_batch> batch, std::function<void()> over) {
  const std::lock_guard lock{guard_}; // batches reach every shard in the same order
  quality_.look(*batch, said_);
  say();
  marks_.mark(*batch);
  send(std::move(batch), at_the_end(std::move(over)));
}

void sample_feed::pass(timestamp latest) {
  const std::lock_guard lock{guard_};
  quality_.pass(latest, said_);
  say();
  if (report_ && (repeated_ == unset || latest - repeated_ >= repeat_every)) {
    repeated_ = latest;
    if (const auto again = raised_.repeat(unset); !again.empty()) report_(again);
  }
  auto nothing = std::make_shared<sample_batch>();
  if (marks_.pass(latest, *nothing)) send(std::move(nothing), nullptr);
}

void sample_feed::say() {
  if (said_.empty()) return;
  if (report_ && !said_.symptoms.empty()) {
    raised_.take(said_.symptoms);
    report_(said_.symptoms);
  }
  tell_(said_);
  said_.clear();
}

std::vector<source_quality> sample_feed::quality() const {
  const std::lock_guard lock{guard_};
  return quality_.status();
}

void sample_feed::finish(std::function<void()> over) {
  const std::lock_guard lock{guard_};
  const auto end = at_the_end(std::move(over));
  for (auto& s : shards_) caf::anon_send(s, sample_step{nullptr, nullptr, marks_.latest(), end});
}

void sample_feed::send(std::shared_ptr<const sample_batch> batch, std::shared_ptr<void> over) {
  const auto count = static_cast<std::uint32_t>(shards_.size());
  if (count == 1) return caf::anon_send(shards_[0], sample_step{std::move(batch), nullptr, unset, std::move(over)});
  std::vector<std::shared_ptr<batch_part>> parts(count);
  for (auto& p : parts) {
    p = std::make_shared<batch_part>();
    p->samples.reserve(batch->samples.size() / count + 64);
  }
  for (std::uint32_t i = 0; i < batch->samples.size(); ++i)
    parts[equipment_table::shard_of(batch->samples[i].key_hash, count)]->samples.push_back(i);
  for (std::uint32_t i = 0; i < batch->events.size(); ++i)
    parts[equipment_table::shard_of(batch->events[i].key_hash, count)]->events.push_back(i);
  for (std::uint32_t i = 0; i < count; ++i) caf::anon_send(shards_[i], sample_step{batch, std::move(parts[i]), unset, over});
}

} // namespace tocsin
