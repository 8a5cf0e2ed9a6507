#include "core/plant_daemon.hpp"

#include <algorithm>

namespace tocsin {

namespace {
// A healthy net repeats and misses a little; both stay far below any threshold.
constexpr double usual_repeats = 0.0002;
constexpr double usual_misses = 0.00005;
constexpr double messages_per_packet = 0.96;
constexpr double suppressed_remains = 0.03; ///< of the repetitions while requests are suppressed
constexpr std::int64_t walk_max = 3;

timestamp whole_milliseconds(timestamp t) {
  return from_milliseconds(to_nanoseconds(t) / 1'000'000);
}
} // namespace

double plant_share::at(timestamp t) const {
  if (t <= from || t > to) return 0;
  if (ramp <= 0s || t - from >= ramp) return peak;
  return peak * to_seconds(t - from) / to_seconds(ramp);
}

plant_daemon::plant_daemon(std::string host_name, std::uint32_t fleet_number,
                           const fleet_options& o, std::uint64_t seed, timestamp now)
    : host(std::move(host_name)), fleet(fleet_number), random(seed), version(o.version),
      reliability_s(o.reliability_s) {
  // From 20 to 320 packets a second, small senders more often than big ones.
  send_per_s = static_cast<double>(20u << random.below(4)) * random.between(1, 2);
  bytes_per_message_ = random.between(80, 1200);
  clients_base_ = std::max<std::int64_t>(1, static_cast<std::int64_t>(o.clients) - 2 +
                                                static_cast<std::int64_t>(random.below(5)));
  const auto age_s = static_cast<std::int64_t>(random.between(3600, 60 * 86400));
  born_ = lived_ = whole_milliseconds(now - std::chrono::seconds{age_s});
}

void plant_daemon::settle(double receive_per_s, timestamp now) {
  receive_per_s_ = receive_per_s;
  live(now);
}

void plant_daemon::begin_life(timestamp now) {
  born_ = lived_ = now;
  values_.fill(0);
  running = true;
  ++life;
}

void plant_daemon::reset_counters(timestamp now) {
  live(now);
  values_.fill(0);
}

void plant_daemon::live(timestamp now) {
  if (!running || now <= lived_) return;
  const double seconds = to_seconds(now - lived_);
  lived_ = now;
  auto& v = values_;
  auto grow = [&](counter c, double by) {
    const std::uint64_t n = random.whole(by);
    v[static_cast<std::size_t>(c)] += n;
    return static_cast<double>(n);
  };
  const double sent = grow(counter::packets_sent, send_per_s * seconds * random.between(0.9, 1.1));
  const double received =
      grow(counter::packets_received, receive_per_s_ * seconds * random.between(0.9, 1.1));
  const double out = grow(counter::messages_sent, sent * messages_per_packet);
  const double in = grow(counter::messages_received, received * messages_per_packet);
  grow(counter::bytes_sent, out * bytes_per_message_);
  grow(counter::bytes_received, in * bytes_per_message_);

  double repeated = usual_repeats, missed = usual_misses;
  for (const plant_share& s : repeats) repeated += s.at(now);
  for (const plant_share& s : misses) missed += s.at(now);
  if (suppressed.at(now) > 0) {
    // What is asked for and not given is counted there, and no longer as a repetition.
    grow(counter::suppressed_outbound, std::max(5.0, sent * repeated * (1 - suppressed_remains)));
    grow(counter::suppressed_inbound, std::max(5.0, received * missed));
    repeated *= suppressed_remains;
  }
  grow(counter::retransmitted, sent * repeated);
  grow(counter::missed, received * missed);

  // A walk that is drawn back to its base.
  const double draw = random.unit(), pull = 0.05 * static_cast<double>(clients_walk_);
  if (draw < 0.2 - pull)
    ++clients_walk_;
  else if (draw > 0.8 - pull)
    --clients_walk_;
  clients_walk_ = std::clamp(clients_walk_, -walk_max, walk_max);
}

std::uint64_t plant_daemon::clients_at(timestamp now) const {
  std::int64_t clients = std::max<std::int64_t>(0, clients_base_ + clients_walk_);
  for (const plant_leak& l : leaks) {
    if (now <= l.from || now > l.to) continue;
    clients += static_cast<std::int64_t>(l.per_hour * to_seconds(now - l.from) / 3600);
    clients =
        std::min(clients, static_cast<std::int64_t>(std::min<std::uint64_t>(l.up_to, 1u << 30)));
  }
  return static_cast<std::uint64_t>(std::max<std::int64_t>(0, clients));
}

bool plant_daemon::loses_one(double usual, timestamp now) {
  const double draw = random.unit();
  return draw < std::max(usual, lossy.at(now));
}

void plant_daemon::fill(record& r, record_batch& batch, const fleet_options& o, timestamp now) {
  r.at = now;
  // The snapshot is a few milliseconds older than its arrival.
  r.sent_at = now - 2ms + skew;
  r.host = batch.keep(host);
  r.service = batch.keep(o.service);
  r.network = batch.keep(o.network);
  r.key_hash = hash_key(r.host, r.service);
  r.timed_by = time_source::arrival;
  r.vantage = o.vantage;
  if (r.kind != record_kind::heartbeat && r.kind != record_kind::host_start) return;
  r.version = batch.keep(version);
  r.set(counter::uptime, static_cast<std::uint64_t>(std::max<std::int64_t>(0, (now - born_) / 1s)));
  if (r.kind != record_kind::heartbeat) return;
  r.reliability_s = static_cast<float>(reliability_s);
  for (auto c = static_cast<std::size_t>(counter::messages_sent);
       c <= static_cast<std::size_t>(counter::suppressed_outbound); ++c)
    r.set(static_cast<counter>(c), values_[c]);
  r.set(counter::clients, clients_at(now));
}

} // namespace tocsin
