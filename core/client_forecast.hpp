// Time to the client limit: Brownian motion with drift, fitted to the recent client counts.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "core/bytes.hpp"
#include "core/time.hpp"

namespace tocsin {

/// The recent past of a daemon in 12 bytes a heartbeat. When full, either the oldest point goes,
/// or, while the window is shorter than `reach`, every other point: so it spans hours without
/// growing.
class client_history {
public:
  static constexpr std::size_t capacity = 40;
  static constexpr std::uint32_t unknown = ~std::uint32_t{0};
  struct point {
    std::uint32_t tenths;              ///< tenths of a second since the first point
    std::uint32_t clients;             ///< or `unknown`
    std::uint16_t out_centi, in_centi; ///< retransmission rates in hundredths of a percent
  };

  /// True when the point was kept.
  bool push(timestamp at, std::uint32_t clients, double out_percent, double in_percent,
            duration reach);
  /// What came before does not count for forecasts any more (another life of the daemon).
  void cut() { usable_ = 0; }
  std::size_t size() const { return size_; }
  std::size_t usable() const { return usable_; } ///< newest points that a forecast may use
  const point& operator[](std::size_t i) const {
    return points_[(first_ + i) % capacity];
  } ///< oldest first
  timestamp time_of(const point& p) const { return base_ + p.tenths * duration{100ms}; }

  void save(writer& out) const;
  bool load(reader& in);

private:
  void thin();
  timestamp base_ = unset;
  std::uint16_t stride_ = 1, skip_ = 0; ///< every stride-th heartbeat is kept
  std::uint8_t first_ = 0, size_ = 0, usable_ = 0;
  std::array<point, capacity> points_;
};

struct client_forecast {
  double probability = 0;        ///< of reaching the limit within the horizon
  double recent_probability = 0; ///< the same by the newer half of the window alone
  bool significant = false;      ///< the drift is upward beyond 3.5 standard errors
  double distance = 0;           ///< clients to go
  double drift = 0, drift_sd = 0,
         sigma = 0; ///< per second, per second, per square root of a second
  /// Quantiles of the time to the limit; infinite beyond 30 days. Filled by `add_quantiles`.
  double eta_p05_s = 0, eta_p50_s = 0, eta_p95_s = 0;
};

/// First passage of a Wiener process with drift through the limit, with the drift itself uncertain
/// (normal): P(T <= t) in closed form (Whitmore 1986; Bachelier-Levy formula when the drift is
/// certain). Diffusion and counting noise are told apart by the increments' first autocovariance,
/// as in the local level model (Harvey 1989). Judged on the whole window and on its newer half; the
/// more alarming one is given. Without enough usable points or with the limit reached: nothing.
std::optional<client_forecast> forecast_limit(const client_history& history, std::uint64_t limit,
                                              duration horizon, std::size_t samples_min);
/// By bisection of the distribution function.
void add_quantiles(client_forecast& forecast);

/// False when no forecast of this history could be both significant and more likely than not: a few
/// instructions, for the many daemons that are calm.
bool may_reach_limit(const client_history& history, std::uint64_t limit, duration horizon);

/// P(first passage of a distance `a` > 0 within `t`), drift ~ N(`drift`, `drift_sd`^2), diffusion
/// `sigma`^2 per second.
double first_passage_probability(double a, double t, double drift, double drift_sd, double sigma);

} // namespace tocsin
