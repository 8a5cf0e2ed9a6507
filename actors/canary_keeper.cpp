#include "actors/canary_keeper.hpp"

#include "actors/supervisor.hpp"
#include "io/log.hpp"

namespace tocsin {

namespace {

class canary_sender final : public sender {
public:
  explicit canary_sender(caf::actor keeper) : keeper_(std::move(keeper)) {}
  delivery send(const notification& n) override {
    if (n.about.because.subject == subject_of(canary_name, canary_service))
      caf::anon_send(keeper_, canary_told{n.about.state != incident_state::closed, n.at});
    return {delivery::outcome_t::delivered, "heard", std::nullopt};
  }

private:
  caf::actor keeper_;
};

} // namespace

std::unique_ptr<sender> make_canary_sender(caf::actor keeper) { return std::make_unique<canary_sender>(std::move(keeper)); }

canary_keeper::canary_keeper(caf::actor_config& cfg, canary_options options)
    : event_based_actor(cfg), options_(std::move(options)) {}

caf::behavior canary_keeper::make_behavior() {
  keep_exception_text(this);
  return {
      [this](const caf::actor& intake) {
        intake_ = intake;
        const timestamp now = time_now(this, options_.anchor);
        auto batch = std::make_shared<record_batch>();
        record r;
        r.kind = record_kind::sight_regained;
        r.vantage = own_vantage;
        r.at = now;
        batch->records.push_back(r);
        send(intake_, source_batch{~std::size_t{0}, std::move(batch)});
        canary_.emplace(options_.rules, now);
        beat();
      },
      [this](const wake_up&) { beat(); },
      [this](const canary_told& t) {
        if (!canary_) return;
        if (const auto o = canary_->told(t.opened, t.due, time_now(this, options_.anchor))) judge(*o);
      },
  };
}

void canary_keeper::on_exit() {
  intake_ = nullptr;
  options_.say = nullptr;
}

void canary_keeper::beat() {
  const timestamp now = time_now(this, options_.anchor);
  const canary::step step = canary_->advance(now);
  send_heartbeats(now, step.beats);
  if (step.said) judge(*step.said);
  delayed_send(this, std::chrono::duration_cast<caf::timespan>(wait_between(now, now + options_.rules.period)), wake_up{0});
}

void canary_keeper::send_heartbeats(timestamp now, bool canary_too) {
  auto batch = std::make_shared<record_batch>();
  const auto add = [&](std::string_view host) {
    record r;
    r.at = r.sent_at = now;
    r.timed_by = time_source::arrival;
    r.host = host;
    r.service = canary_service;
    r.vantage = own_vantage;
    r.key_hash = hash_key(r.host, r.service);
    // Never less than in a former process: that would be a restart.
    r.set(counter::uptime, static_cast<std::uint64_t>(to_nanoseconds(now) / 1'000'000'000));
    batch->records.push_back(r);
  };
  for (std::string_view mate : canary_mates) add(mate);
  if (canary_too) add(canary_name);
  send(intake_, source_batch{~std::size_t{0}, std::move(batch)});
}

void canary_keeper::judge(const canary::outcome& o) {
  auto& m = *options_.metrics;
  ++m.canary_rounds;
  if (o.works) {
    m.canary_delay_ns = o.delay.count();
    m.canary_heard_ns = to_nanoseconds(time_now(this, options_.anchor));
  } else {
    ++m.canary_failures;
    log::error("canary_failed", {{"reason", o.reason}, {"remedy", "docs/operating.md, self_check"}});
  }
  m.canary_failing = !o.works;
  if (failing_ == o.works) {
    failing_ = !o.works;
    options_.say(o.works, o.reason);
  }
}

} // namespace tocsin
