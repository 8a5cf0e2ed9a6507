#include "core/plant.hpp"

#include <algorithm>
#include <charconv>
#include <functional>
#include <queue>
#include <unordered_map>

#include "core/limits.hpp"
#include "core/plant_state.hpp"

namespace tocsin {

namespace {
result<std::uint32_t> parse_address(std::string_view text) {
  std::uint32_t value = 0;
  const char* p = text.data();
  const char* end = p + text.size();
  for (int i = 0; i < 4; ++i) {
    unsigned part = 256;
    auto [next, ec] = std::from_chars(p, end, part);
    if (ec != std::errc{} || part > 255 || (i < 3 && (next == end || *next != '.')) ||
        (i == 3 && next != end))
      return fail(errc::malformed,
                  "'" + std::string{text.substr(0, 64)} + "' is not an address; write 10.0.0.7");
    value = value << 8 | part;
    if (i < 3) p = next + 1;
  }
  return value;
}
} // namespace

result<std::string> host_after(std::string_view first, std::uint32_t k) {
  auto a = parse_address(first);
  if (!a) return tl::make_unexpected(a.error());
  const std::uint32_t last = *a & 255;
  if (last == 0 || last == 255)
    return fail(errc::invalid, "the last number of '" + std::string{first} +
                                   "' is not 1 to 254; choose another address");
  const std::uint64_t step = std::uint64_t{last - 1} + k;
  const std::uint64_t net = std::uint64_t{*a >> 8} + step / 254;
  if (net >> 24)
    return fail(errc::too_large,
                "there are not so many addresses after " + std::string{first} + "; begin lower");
  return std::to_string(net >> 16) + '.' + std::to_string(net >> 8 & 255) + '.' +
         std::to_string(net & 255) + '.' + std::to_string(step % 254 + 1);
}

std::string default_first_host(std::size_t n) { return "10." + std::to_string(n % 256) + ".0.1"; }

plant::plant(std::unique_ptr<state> s) : state_(std::move(s)) {}
plant::~plant() = default;
plant::plant(plant&&) noexcept = default;
plant& plant::operator=(plant&&) noexcept = default;

result<plant> plant::make(plant_options o) {
  auto s = std::make_unique<state>();
  std::uint64_t total = 0;
  for (std::size_t f = 0; f < o.fleets.size(); ++f) {
    fleet_options& fleet = o.fleets[f];
    total += fleet.daemons;
    if (fleet.first_host.empty()) fleet.first_host = default_first_host(f);
    if (fleet.period < 1ms || fleet.period > 366 * 24h || fleet.jitter < 0s ||
        fleet.jitter * 10 >= fleet.period)
      return fail(errc::invalid, "a fleet's period is below 1ms or above a year, or its jitter not "
                                 "below a tenth of it; choose others");
    if (fleet.vantage >= o.vantages.size())
      return fail(errc::missing, "a fleet is heard through vantage point " +
                                     std::to_string(fleet.vantage) +
                                     ", which is not there; add it");
    if (total > limits::daemons_max)
      return fail(errc::too_large, "more than " + std::to_string(limits::daemons_max) +
                                       " daemons; make the fleets smaller");
    if (auto last = host_after(fleet.first_host, fleet.daemons); !last)
      return tl::make_unexpected(last.error());
  }
  s->now = o.start;
  s->options = std::move(o);
  for (std::uint32_t f = 0; f < s->options.fleets.size(); ++f) s->populate(f);
  return plant{std::move(s)};
}

void plant::state::populate(std::uint32_t f) {
  const fleet_options& o = options.fleets[f];
  const std::size_t first = daemons.size();
  double sent = 0;
  for (std::uint32_t k = 0; k < o.daemons; ++k)
    sent += daemons[add(f, *host_after(o.first_host, k))].send_per_s;
  for (std::size_t i = first; i < daemons.size(); ++i) {
    plant_daemon& d = daemons[i];
    // Everybody takes a part of what the others send; the bounds keep small and huge fleets
    // lifelike.
    d.settle(std::clamp((sent - d.send_per_s) * d.random.between(0.25, 0.75), 40.0, 5000.0), now);
    d.nominal = now + from_seconds(to_seconds(o.period) * d.random.unit());
    schedule_heartbeat(static_cast<std::uint32_t>(i));
  }
}

std::uint32_t plant::state::add(std::uint32_t f, std::string host) {
  const auto index = static_cast<std::uint32_t>(daemons.size());
  const std::uint64_t key = hash_key(host, options.fleets[f].service);
  // Seeded by name, so that a change to one daemon or fleet does not change what the others do.
  splitmix64 mixer{options.fleets[f].seed ^ key};
  by_host[host].push_back(index);
  daemons.emplace_back(std::move(host), f, options.fleets[f], mixer.next(), now);
  return index;
}

void plant::state::schedule_heartbeat(std::uint32_t index) {
  plant_daemon& d = daemons[index];
  const duration shake = from_seconds(to_seconds(options.fleets[d.fleet].jitter) *
                                      std::clamp(d.random.bell(), -4.0, 4.0));
  // Wire times have milliseconds.
  const std::int64_t ms = to_nanoseconds(d.nominal + shake) / 1'000'000;
  push({std::max(from_milliseconds(ms), now), step::heartbeat, index, d.life});
}

void plant::state::push(event e) {
  e.order = ++pushed;
  events.push(e);
}

const fleet_options* plant::state::segment_fleet(std::string_view service,
                                                 std::string_view network) const {
  for (const fleet_options& f : options.fleets)
    if (f.service == service && f.network == network) return &f;
  return nullptr;
}

bool plant::state::heard(const plant_daemon& d) const {
  const fleet_options& o = options.fleets[d.fleet];
  if (d.silent || blind[o.vantage]) return false;
  for (const auto& [service, network] : silent_segments)
    if (service == o.service && network == o.network) return false;
  return true;
}

void plant::state::heartbeat(std::uint32_t index, record_batch& out) {
  plant_daemon& d = daemons[index];
  const fleet_options& o = options.fleets[d.fleet];
  d.live(now);
  const bool lost = d.loses_one(o.loss, now);
  if (!lost && heard(d)) say(record_kind::heartbeat, index, out);
  d.nominal += o.period;
  schedule_heartbeat(index);
}

record& plant::state::say(record_kind kind, std::uint32_t index, record_batch& out) {
  record& r = out.records.emplace_back();
  r.kind = kind;
  daemons[index].fill(r, out, options.fleets[daemons[index].fleet], now);
  return r;
}

void plant::state::say_sight(std::uint8_t vantage, bool sighted, record_batch& out) {
  record& r = out.records.emplace_back();
  r.at = r.sent_at = now;
  r.kind = sighted ? record_kind::sight_regained : record_kind::sight_lost;
  r.timed_by = time_source::arrival;
  r.vantage = vantage;
  r.key_hash = hash_key({}, {});
}

bool plant::next(timestamp until, record_batch& out, std::size_t most) {
  state& s = *state_;
  while (!s.events.empty() && s.events.top().at <= until) {
    if (out.records.size() >= most) return true;
    const event e = s.events.top();
    s.events.pop();
    s.now = std::max(s.now, e.at);
    s.happen(e, out);
  }
  s.now = std::max(s.now, until);
  return false;
}

timestamp plant::next_due() const {
  return state_->events.empty() ? never : state_->events.top().at;
}
std::size_t plant::size() const { return state_->daemons.size(); }

std::vector<plant_target> plant::daemons() const {
  std::vector<plant_target> all;
  all.reserve(state_->daemons.size());
  for (const plant_daemon& d : state_->daemons)
    all.push_back({d.host, state_->options.fleets[d.fleet].service});
  return all;
}

} // namespace tocsin
