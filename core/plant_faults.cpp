// The faults of a simulated plant: what is injected, and what follows from it when its time comes.
#include <algorithm>
#include <cmath>

#include "core/plant_state.hpp"

namespace tocsin {

namespace {
constexpr std::uint32_t nobody = ~std::uint32_t{0};
constexpr duration first_status_after = 5s;   ///< of a new life; sassrv's first status says up=5
constexpr double misses_of_repeats = 0.5;     ///< not every repetition is for everybody who is sick
constexpr duration span_max = 10 * 366 * 24h; ///< far from the end of what a timestamp can hold
constexpr double amount_max = 1e9;
constexpr double loss_gap_min_s = 10, loss_gap_max_s = 40;

timestamp end_of(const fault& f) {
  return f.lasts > 0s && f.lasts < never - f.at ? f.at + f.lasts : never;
}

bool for_whole_plant(fault_kind k) {
  return k == fault_kind::silence_segment || k == fault_kind::restore_segment ||
         k == fault_kind::break_link || k == fault_kind::restore_link || k == fault_kind::storm;
}
} // namespace

result<void> plant::inject(const fault& f) { return state_->inject(f); }

result<std::vector<std::uint32_t>>
plant::state::find(const std::vector<plant_target>& targets) const {
  std::vector<std::uint32_t> found;
  for (const plant_target& t : targets) {
    const std::size_t before = found.size();
    if (auto host = by_host.find(t.host); host != by_host.end())
      for (std::uint32_t i : host->second)
        if (t.service.empty() || options.fleets[daemons[i].fleet].service == t.service)
          found.push_back(i);
    if (found.size() == before)
      return fail(errc::missing,
                  "there is no daemon " + t.host + (t.service.empty() ? "" : "/" + t.service) +
                      " in the plant; use an address of a fleet, or let it join first");
  }
  return found;
}

result<void> plant::state::check(const fault& f) const {
  for (duration d : {f.lasts, f.down, f.ramp, f.every})
    if (d < 0s || d > span_max)
      return fail(errc::invalid,
                  "a span of time is negative or longer than ten years; choose another");
  if (f.every > 0s && f.on.size() > static_cast<std::size_t>(span_max / f.every))
    return fail(errc::too_large,
                "so many targets take longer than ten years; choose a shorter pause");
  if (!(std::abs(f.amount) <= amount_max))
    return fail(errc::invalid, "the amount is beyond a thousand million; choose a smaller one");
  if (f.kind == fault_kind::silence_segment || f.kind == fault_kind::restore_segment) {
    if (!segment_fleet(f.service, f.network))
      return fail(errc::missing, "there is no segment of service " + f.service + " and network \"" +
                                     f.network + "\"; use those of a fleet");
    return {};
  }
  if (f.kind == fault_kind::break_link || f.kind == fault_kind::restore_link) {
    if (f.vantage >= options.vantages.size())
      return fail(errc::missing,
                  "there is no vantage point " + std::to_string(f.vantage) + "; add it");
    return {};
  }
  if (f.on.empty())
    return fail(errc::missing, "nobody is named for the fault; name a host or host/service");
  if (f.amount < 0 && f.kind != fault_kind::skew_clock)
    return fail(errc::invalid, "the amount is negative; use 0 or more");
  return {};
}

result<void> plant::state::inject(fault f) {
  f.at = std::max(f.at, now);
  if (auto ok = check(f); !ok) return ok;
  if (f.kind == fault_kind::join) {
    if (auto ok = inject_join(f); !ok) return ok;
  }
  auto on = find(f.on);
  if (!on) return tl::make_unexpected(on.error());
  if (auto from = find(f.from); !from) return tl::make_unexpected(from.error());
  const auto number = static_cast<std::uint32_t>(faults.size());
  faults.push_back(f);
  if (for_whole_plant(f.kind)) {
    push({f.at, step::fault_begins, nobody, number});
    return {};
  }
  timestamp at = f.at;
  for (const plant_target& t : f.on) {
    const auto daemons_of = find({{t.host, f.kind == fault_kind::reboot ? "" : t.service}});
    for (std::uint32_t index : *daemons_of) push({at, step::fault_begins, index, number});
    if (f.kind == fault_kind::upgrade) at += f.every;
  }
  return {};
}

result<void> plant::state::inject_join(const fault& f) {
  std::uint32_t fleet = nobody;
  for (std::uint32_t i = 0; i < options.fleets.size() && fleet == nobody; ++i)
    if (options.fleets[i].service == f.service &&
        (f.network.empty() || options.fleets[i].network == f.network))
      fleet = i;
  if (fleet == nobody)
    return fail(errc::missing, "no fleet is on service " + f.service + " and network \"" +
                                   f.network + "\"; use those of a fleet");
  for (const plant_target& t : f.on) {
    if (auto address = host_after(t.host, 0); !address) return tl::make_unexpected(address.error());
    if (find({{t.host, f.service}}))
      return fail(errc::invalid,
                  t.host + "/" + f.service + " is in the plant already; choose another address");
    if (daemons.size() >= limits::daemons_max)
      return fail(errc::too_large, "too many daemons; let fewer join");
    const std::uint32_t index = add(fleet, t.host);
    daemons[index].settle(500, now);
    daemons[index].running = false;
  }
  return {};
}

void plant::state::happen(const event& e, record_batch& out) {
  switch (e.what) {
  case step::heartbeat:
    if (daemons[e.index].running && daemons[e.index].life == e.detail) heartbeat(e.index, out);
    return;
  case step::life_begins:
    return begin_life(faults[e.detail], e.index, out);
  case step::data_lost:
    return lose_data(e.index, out);
  case step::data_lost_advised:
    return advise_sender(e.index, out);
  case step::fault_begins:
    if (e.index == nobody)
      begin_for_plant(faults[e.detail], e.detail, out);
    else
      begin_for_daemon(faults[e.detail], e.detail, e.index, out);
  }
}

void plant::state::begin_for_plant(const fault& f, std::uint32_t fault_number, record_batch& out) {
  const std::pair segment{f.service, f.network};
  switch (f.kind) {
  case fault_kind::silence_segment:
    silent_segments.push_back(segment);
    return;
  case fault_kind::restore_segment:
    std::erase(silent_segments, segment);
    return;
  case fault_kind::break_link:
  case fault_kind::restore_link: {
    const bool sighted = f.kind == fault_kind::restore_link;
    if (blind[f.vantage] != sighted) return;
    blind[f.vantage] = !sighted;
    return say_sight(f.vantage, sighted, out);
  }
  default:
    return begin_storm(f, fault_number);
  }
}

void plant::state::go_down(std::uint32_t index) {
  daemons[index].live(now);
  daemons[index].running = false;
}

void plant::state::begin_for_daemon(const fault& f, std::uint32_t fault_number, std::uint32_t index,
                                    record_batch& out) {
  plant_daemon& d = daemons[index];
  switch (f.kind) {
  case fault_kind::die:
    d.silent = true;
    return;
  case fault_kind::revive:
    d.silent = false;
    return;
  case fault_kind::stop:
    if (d.running && heard(d)) say(record_kind::host_stop, index, out);
    return go_down(index);
  case fault_kind::start:
  case fault_kind::join:
    return begin_life(f, index, out);
  case fault_kind::restart:
  case fault_kind::upgrade:
    go_down(index);
    return push({now + f.down, step::life_begins, index, fault_number});
  case fault_kind::reboot:
    go_down(index);
    // Services come up one after the other.
    return push(
        {now + f.down +
             from_milliseconds(static_cast<std::int64_t>(d.random.below(4000))).time_since_epoch(),
         step::life_begins, index, fault_number});
  case fault_kind::leak:
    d.leaks.push_back({now, end_of(f), f.amount, f.up_to});
    return;
  case fault_kind::suppress:
    d.suppressed = {now, end_of(f), 0s, 1};
    return;
  case fault_kind::reset_counters:
    return d.reset_counters(now);
  case fault_kind::skew_clock:
    d.skew = from_seconds(f.amount);
    return;
  case fault_kind::set_reliability:
    d.reliability_s = f.amount;
    return;
  case fault_kind::lose_heartbeats:
    d.lossy = {now, end_of(f), 0s, f.amount};
    return;
  default:
    return;
  }
}

void plant::state::begin_life(const fault& f, std::uint32_t index, record_batch& out) {
  plant_daemon& d = daemons[index];
  if (d.running) return;
  if (f.kind == fault_kind::upgrade) d.version = f.text;
  d.silent = false;
  d.begin_life(now);
  d.leaks.clear();
  if (f.kind == fault_kind::start && heard(d)) say(record_kind::host_start, index, out);
  d.nominal = now + first_status_after;
  schedule_heartbeat(index);
}

void plant::state::begin_storm(const fault& f, std::uint32_t fault_number) {
  plant_storm s{{}, *find(f.on), end_of(f), splitmix64{options.fleets.front().seed + fault_number}};
  if (!f.from.empty()) {
    s.senders = *find(f.from);
  } else {
    const fleet_options& segment = options.fleets[daemons[s.receivers.front()].fleet];
    for (std::uint32_t i = 0; i < daemons.size(); ++i) {
      const fleet_options& o = options.fleets[daemons[i].fleet];
      if (o.service == segment.service && o.network == segment.network &&
          std::find(s.receivers.begin(), s.receivers.end(), i) == s.receivers.end())
        s.senders.push_back(i);
    }
  }
  for (std::uint32_t i : s.senders) daemons[i].repeats.push_back({now, s.to, f.ramp, f.amount});
  for (std::uint32_t i : s.receivers)
    daemons[i].misses.push_back({now, s.to, f.ramp, f.amount * misses_of_repeats});
  if (s.senders.empty() || f.lossless) return;
  storms.push_back(std::move(s));
  schedule_loss(static_cast<std::uint32_t>(storms.size() - 1), now + f.ramp);
}

void plant::state::schedule_loss(std::uint32_t storm_number, timestamp after) {
  plant_storm& s = storms[storm_number];
  const auto ms =
      static_cast<std::int64_t>(1000 * s.random.between(loss_gap_min_s, loss_gap_max_s));
  const timestamp at = from_milliseconds(to_nanoseconds(after) / 1'000'000 + ms);
  if (at < s.to) push({at, step::data_lost, storm_number});
}

bool plant::state::advised(const plant_daemon& d) const {
  const vantage_options& v = options.vantages[options.fleets[d.fleet].vantage];
  return d.running && heard(d) && (v.host.empty() || v.host == d.host);
}

void plant::state::lose_data(std::uint32_t storm_number, record_batch& out) {
  plant_storm& s = storms[storm_number];
  s.receiver = s.receivers[s.random.below(s.receivers.size())];
  s.sender = s.senders[s.random.below(s.senders.size())];
  s.lost = 1 + s.random.below(50);
  plant_daemon& d = daemons[s.receiver];
  d.count_loss(counter::lost_inbound, s.lost);
  daemons[s.sender].count_loss(counter::lost_outbound, s.lost);
  if (advised(d)) {
    record& r = say(record_kind::data_loss_inbound, s.receiver, out);
    r.peer = out.keep(daemons[s.sender].host);
    r.set(counter::lost_count, s.lost);
  }
  push({now, step::data_lost_advised, storm_number});
}

void plant::state::advise_sender(std::uint32_t storm_number, record_batch& out) {
  plant_storm& s = storms[storm_number];
  const plant_daemon& d = daemons[s.sender];
  if (advised(d)) {
    record& r = say(record_kind::data_loss_outbound, s.sender, out);
    r.peer = out.keep(daemons[s.receiver].host);
    r.set(counter::lost_count, s.lost);
  }
  schedule_loss(storm_number, now);
}

} // namespace tocsin
