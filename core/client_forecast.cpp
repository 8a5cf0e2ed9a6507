// First-passage forecast of client counts, and the thinning history it works on.
#include "core/client_forecast.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/saturating.hpp"

namespace tocsin {

namespace {
constexpr double significance = 3.5;        // standard errors; many looks are taken at every daemon
constexpr double rounding_noise = 1.0 / 12; // clients are whole: variance of what rounding hides
constexpr double diffusion_share_min = 0.1;   // of the increments' variance
constexpr double eta_max_s = 30 * 86400.0;

std::uint16_t centi(double percent) {
  return percent >= 655.35 ? 65535 : static_cast<std::uint16_t>(percent * 100 + 0.5);
}
} // namespace

bool client_history::push(timestamp at, std::uint32_t clients, double out_percent,
                          double in_percent, duration reach) {
  if (size_ > 0 && skip_ > 0) {
    --skip_;
    return false;
  }
  if (size_ > 0 && between(base_, at) / 100ms > std::numeric_limits<std::uint32_t>::max())
    first_ = size_ = usable_ = 0; // 13 years on: begin anew
  if (size_ == 0) {
    base_ = at;
    stride_ = 1;
  }
  const auto tenths = static_cast<std::uint32_t>(between(base_, at) / 100ms);
  if (size_ == capacity) {
    if ((tenths - (*this)[0].tenths) * duration{100ms} < reach && stride_ < 1024) {
      thin();
    } else {
      first_ = static_cast<std::uint8_t>((first_ + 1) % capacity);
      --size_;
      usable_ = std::min(usable_, size_);
    }
  }
  skip_ = static_cast<std::uint16_t>(stride_ - 1);
  points_[(first_ + size_) % capacity] = {tenths, clients, centi(out_percent), centi(in_percent)};
  ++size_;
  usable_ = clients == unknown ? 0 : static_cast<std::uint8_t>(usable_ + 1);
  return true;
}

void client_history::thin() {
  // The newest point stays, so that the spacing to the next one is right.
  std::array<point, capacity> kept;
  for (std::size_t i = 0; i < capacity / 2; ++i) kept[i] = (*this)[2 * i + 1];
  points_ = kept;
  first_ = 0;
  size_ = capacity / 2;
  usable_ = static_cast<std::uint8_t>((usable_ + 1) / 2);
  stride_ = static_cast<std::uint16_t>(stride_ * 2);
}

void client_history::save(writer& out) const {
  out.put(base_);
  out.put(stride_);
  out.put(skip_);
  out.put(size_);
  out.put(usable_);
  for (std::size_t i = 0; i < size_; ++i) {
    const point& p = (*this)[i];
    out.put(p.tenths);
    out.put(p.clients);
    out.put(p.out_centi);
    out.put(p.in_centi);
  }
}

bool client_history::load(reader& in) {
  base_ = in.get_time();
  stride_ = in.get<std::uint16_t>();
  skip_ = in.get<std::uint16_t>();
  size_ = in.get<std::uint8_t>();
  usable_ = in.get<std::uint8_t>();
  first_ = 0;
  if (!in.ok() || size_ > capacity || usable_ > size_ || stride_ == 0 || stride_ > 1024)
    return false;
  std::uint32_t before = 0;
  for (std::size_t i = 0; i < size_; ++i) {
    point& p = points_[i];
    p.tenths = in.get<std::uint32_t>();
    p.clients = in.get<std::uint32_t>();
    p.out_centi = in.get<std::uint16_t>();
    p.in_centi = in.get<std::uint16_t>();
    if (p.tenths < before) return false;
    before = p.tenths;
  }
  return in.ok() && base_ <= earlier(never, duration{100ms} * before);
}

namespace {

/// Natural logarithm of the standard normal distribution function, also far out in the lower tail.
double log_normal_cdf(double x) {
  if (x > -10) return std::log(0.5 * std::erfc(-x / std::sqrt(2.0)));
  const double x2 = x * x; // asymptotic series of the Mills ratio (Abramowitz & Stegun 26.2.12)
  return -0.5 * x2 - std::log(-x) - 0.9189385332046727 + std::log1p(-1 / x2 + 3 / (x2 * x2));
}

/// The newest `n` points; at least 4 of them.
client_forecast fit_drift(const client_history& h, std::size_t n) {
  const std::size_t from = h.size() - n;
  auto value = [&](std::size_t i) { return static_cast<double>(h[from + i].clients); };
  auto time = [&](std::size_t i) { return h[from + i].tenths / 10.0; };
  const double span = std::max(time(n - 1) - time(0), 0.1);
  const double drift = (value(n - 1) - value(0)) / span;
  double variance = 0, covariance = 0, before = 0;
  for (std::size_t i = 1; i < n; ++i) {
    const double e = value(i) - value(i - 1) - drift * (time(i) - time(i - 1));
    variance += e * e;
    if (i > 1) covariance += e * before;
    before = e;
  }
  const auto steps = static_cast<double>(n - 1);
  variance = std::max(variance / (steps - 1), rounding_noise);
  covariance /= steps - 1;
  // Local level model: var = diffusion + 2 noise, cov = -noise. The estimate of cov is rough, so
  // the diffusion is never taken below a tenth of the variance.
  const double noise = std::clamp(-covariance, 0.0, 0.5 * (1 - diffusion_share_min) * variance);
  const double diffusion = variance - 2 * noise;
  const double total = diffusion * steps + 2 * std::max(noise, rounding_noise);
  client_forecast f;
  f.drift = drift;
  f.drift_sd = std::sqrt(total) / span;
  f.sigma = std::sqrt(diffusion * steps / span);
  return f;
}

double quantile(const client_forecast& f, double p) {
  auto cdf = [&](double t) {
    return first_passage_probability(f.distance, t, f.drift, f.drift_sd, f.sigma);
  };
  if (cdf(eta_max_s) < p) return std::numeric_limits<double>::infinity();
  double low = 0, high = eta_max_s;
  while (high - low > 0.5) {
    const double middle = 0.5 * (low + high);
    (cdf(middle) < p ? low : high) = middle;
  }
  return std::round(high);
}

} // namespace

double first_passage_probability(double a, double t, double drift, double drift_sd, double sigma) {
  if (a <= 0) return 1;
  if (t <= 0) return 0;
  const double s2 = sigma * sigma, d2 = drift_sd * drift_sd;
  const double sd = std::sqrt(s2 * t + d2 * t * t);
  const double direct = 0.5 * std::erfc(-(drift * t - a) / sd / std::sqrt(2.0));
  const double tilt = 2 * drift * a / s2 + 2 * d2 * a * a / (s2 * s2);
  const double back = tilt + log_normal_cdf(-(a + drift * t + 2 * d2 * a * t / s2) / sd);
  return std::clamp(direct + std::exp(std::min(back, 0.0)), 0.0, 1.0);
}

std::optional<client_forecast> forecast_limit(const client_history& h, std::uint64_t limit,
                                              duration horizon, std::size_t samples_min) {
  const std::size_t n = h.usable(), least = std::max<std::size_t>(samples_min, 4);
  if (n < least) return std::nullopt;
  const double now = h[h.size() - 1].clients;
  const double a = static_cast<double>(limit) - now, t = to_seconds(horizon);
  if (a <= 0) return std::nullopt;
  std::optional<client_forecast> worst;
  double recent = 0;
  for (std::size_t window : {n, n / 2}) {
    if (window < least) continue;
    const double rise = now - h[h.size() - window].clients;
    client_forecast f = fit_drift(h, window);
    f.distance = a;
    f.significant = rise > 0 && f.drift > significance * f.drift_sd;
    f.probability = first_passage_probability(a, t, f.drift, f.drift_sd, f.sigma);
    recent = f.probability;
    if (!worst ||
        (f.significant == worst->significant ? f.probability > worst->probability : f.significant))
      worst = f;
  }
  if (worst) worst->recent_probability = recent;
  return worst;
}

void add_quantiles(client_forecast& f) {
  f.eta_p05_s = quantile(f, 0.05);
  f.eta_p50_s = quantile(f, 0.5);
  f.eta_p95_s = quantile(f, 0.95);
}

bool may_reach_limit(const client_history& h, std::uint64_t limit, duration horizon) {
  const std::size_t n = h.usable();
  if (n < 2) return false;
  const client_history::point& last = h[h.size() - 1];
  const double a = static_cast<double>(limit) - last.clients, horizon_s = to_seconds(horizon);
  for (std::size_t window : {n, n / 2}) {
    if (window < 2) continue;
    const client_history::point& first = h[h.size() - window];
    if (last.clients <= first.clients) continue;
    // A significant drift that takes us less than half of the way within the horizon cannot make
    // the limit likely: diffusion would have to be so strong that the drift were not significant.
    const double rise = static_cast<double>(last.clients) - first.clients;
    // What `fit_drift` makes of the steadiest rise there can be.
    const double least = rounding_noise * (diffusion_share_min * static_cast<double>(window - 1) + 2);
    if (rise * rise <= significance * significance * least) continue;
    if (rise * horizon_s * 20 >= a * std::max(last.tenths - first.tenths, 1u)) return true;
  }
  return false;
}

} // namespace tocsin
