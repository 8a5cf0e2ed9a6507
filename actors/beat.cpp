#include "actors/beat.hpp"

#include <nlohmann/json.hpp>

#include "actors/supervisor.hpp"
#include "io/log.hpp"

namespace tocsin {

namespace {
constexpr auto own_answers_within = std::chrono::seconds{10};
constexpr unsigned failures_told = 3; ///< one that is lost is not worth a person's time
} // namespace

beat::beat(caf::actor_config& cfg, beat_options options) : event_based_actor(cfg), options_(std::move(options)) {}

caf::behavior beat::make_behavior() {
  keep_exception_text(this);
  send(this, wake_up{0});
  return {[this](const wake_up&) {
    if (options_.ready()) ask_judges();
    else next();
  }};
}

void beat::on_exit() {
  options_.groups = options_.recorder = nullptr;
  options_.ready = nullptr;
  options_.say = nullptr;
}

void beat::ask_judges() {
  request(options_.groups, own_answers_within, ask_standing{})
      .then([this](const decisions_answer&) { ask_memory(); }, [this](caf::error&) { withhold("the groups do not answer"); });
}

void beat::ask_memory() {
  request(options_.recorder, own_answers_within, flush{})
      .then([this] {
        const std::string why = trouble();
        if (why.empty()) say_so();
        else withhold(why);
      },
            [this](caf::error&) { withhold("the recorder does not answer"); });
}

std::string beat::trouble() {
  const auto& m = *options_.metrics;
  const std::uint64_t in_flight = m.steps_in_flight, settled = m.steps - in_flight, refused = m.journal_failures;
  const bool stuck = in_flight > 0 && settled == std::exchange(settled_, settled);
  if (std::exchange(refused_, refused) != refused) return "the store refuses writes";
  if (stuck) return "the shards do not get on";
  if (options_.receivers > 0 && m.receivers.failing() >= options_.receivers) return "no receiver can be reached";
  if (m.canary_failing) return "the canary fails";
  return {};
}

void beat::say_so() {
  auto& m = *options_.metrics;
  const nlohmann::json body{{"product", "tocsin"}, {"version", TOCSIN_VERSION}, {"at", to_rfc3339(time_now(this, options_.anchor))},
                            {"daemons", m.daemons.load()}, {"incidents_open", m.incidents_open.load()}};
  const delivery answer = http_.send(options_.to, options_.to.url, "application/json", {}, body.dump());
  if (!withheld_.empty()) log::info("beat_resumed", {});
  withheld_.clear();
  if (answer.outcome == delivery::outcome_t::delivered) {
    ++m.beats;
    if (std::exchange(failures_, 0) >= failures_told) options_.say(true, "");
  } else {
    ++m.beat_failures;
    log::warning("beat_failed", {{"answer", answer.answer}});
    if (++failures_ == failures_told) options_.say(false, answer.answer);
  }
  next();
}

void beat::withhold(const std::string& why) {
  ++options_.metrics->beats_withheld;
  if (withheld_ != why) log::error("beat_withheld", {{"reason", why}});
  withheld_ = why;
  next();
}

void beat::next() { delayed_send(this, std::chrono::duration_cast<caf::timespan>(options_.every), wake_up{0}); }

} // namespace tocsin
