// Time to the client limit: formula, alarms on leaks, silence on noise.
#include "core/client_forecast.hpp"

#include <cmath>
#include <random>

#include <gtest/gtest.h>

#include "daemon_fixture.hpp"

namespace tocsin::client_forecast_test {
namespace {

using test::daemon_under_test;

/// First passage by simulating the process itself.
double simulated(double a, double t, double drift, double drift_sd, double sigma) {
  std::mt19937_64 random{7};
  std::normal_distribution<double> normal;
  constexpr int paths = 4000, steps = 1000;
  int reached = 0;
  for (int p = 0; p < paths; ++p) {
    const double mu = drift + drift_sd * normal(random), dt = t / steps;
    double x = 0;
    for (int i = 0; i < steps && x < a; ++i) x += mu * dt + sigma * std::sqrt(dt) * normal(random);
    reached += x >= a;
  }
  return static_cast<double>(reached) / paths;
}

TEST(client_forecast, the_closed_form_agrees_with_simulation) {
  struct {
    double a, t, drift, drift_sd, sigma;
  } const table[] = {{10, 100, 0.1, 0, 1},     {10, 100, 0.05, 0.05, 0.5}, {10, 100, -0.05, 0.1, 1},
                     {5, 1000, 0, 0.01, 0.05}, {20, 100, 0.2, 0.02, 0.1},  {1, 10, 0, 0, 1}};
  for (const auto& c : table)
    EXPECT_NEAR(first_passage_probability(c.a, c.t, c.drift, c.drift_sd, c.sigma),
                simulated(c.a, c.t, c.drift, c.drift_sd, c.sigma), 0.03)
        << c.a << " in " << c.t;
}

TEST(client_forecast, the_closed_form_is_a_distribution_even_far_out) {
  for (double sigma : {1e-3, 0.1, 10.0})
    for (double drift : {-1.0, 0.0, 1e-4, 1.0})
      for (double a : {0.5, 100.0, 1e6}) {
        double before = 0;
        for (double t = 1; t < 1e7; t *= 3) {
          const double p = first_passage_probability(a, t, drift, 0.01, sigma);
          ASSERT_TRUE(p >= before - 1e-9 && p <= 1) << p << " after " << before;
          before = p;
        }
      }
}

daemon_rules limit(std::uint64_t clients) {
  daemon_rules r;
  r.clients.limit = clients;
  return r;
}

struct alarm {
  double raised_h = -1, full_h = -1;
};

/// A leak of one client every `minutes` from `base`, after `calm_h` hours of calm, with some coming
/// and going.
alarm leak(double minutes, double base, double noise, double calm_h, unsigned seed) {
  std::mt19937_64 random{seed};
  std::uniform_real_distribution<double> jitter{-noise, noise};
  daemon_under_test d{limit(200)};
  alarm a;
  for (double t = 0; a.full_h < 0; t += 90) {
    const double x = base + std::max(0.0, t - calm_h * 3600) / (minutes * 60) + jitter(random);
    d.base.set(counter::clients, static_cast<std::uint64_t>(std::max(0.0, x)));
    d.beat(t);
    for (const effect& e : d.said)
      if (auto* s = std::get_if<symptom>(&e.what);
          s && s->kind == symptom_kind::clients_limit_forecast && a.raised_h < 0)
        a.raised_h = t / 3600;
    d.said.clear();
    if (x >= 200) a.full_h = t / 3600;
  }
  return a;
}

TEST(client_forecast, a_leak_is_told_well_ahead) {
  struct {
    double minutes, base, noise, calm_h;
  } const table[] = {{3, 100, 0, 0},  {3, 100, 3, 0},  {3, 100, 0, 24},
                     {3, 100, 3, 24}, {5, 120, 1, 12}, {1, 50, 2, 3}};
  for (const auto& c : table) {
    const alarm a = leak(c.minutes, c.base, c.noise, c.calm_h, 1);
    const double leaking_h = a.full_h - c.calm_h;
    EXPECT_GT(a.raised_h, c.calm_h) << c.minutes << " min, noise " << c.noise;
    EXPECT_GT(a.full_h - a.raised_h, std::min(2.0, leaking_h / 3))
        << c.minutes << " min, noise " << c.noise;
  }
}

TEST(client_forecast, its_interval_holds_the_truth) {
  int within = 0, runs = 0;
  for (unsigned seed = 0; seed < 100; ++seed) {
    std::mt19937_64 random{seed};
    daemon_under_test d{limit(200)};
    double raised = -1, p05 = 0, p95 = 0;
    std::uint64_t clients = 60;
    for (double t = 0;; t += 90) { // a random walk upwards: +1 with 0.5, -1 with 0.1
      const auto roll = random() % 10;
      clients += roll < 5 ? 1 : 0;
      clients -= roll == 9 ? 1 : 0;
      d.base.set(counter::clients, clients);
      d.beat(t);
      if (clients >= 200) {
        ++runs;
        within += t - raised >= p05 && t - raised <= p95;
        break;
      }
      d.lines();
      for (const effect& e : d.kept)
        if (auto* s = std::get_if<symptom>(&e.what);
            s && s->kind == symptom_kind::clients_limit_forecast &&
            s->state == symptom_state::raised) {
          raised = t;
          p05 = d.row<double>(s->kind, s->state, "eta_p05_s");
          p95 = d.row<double>(s->kind, s->state, "eta_p95_s");
        }
    }
  }
  EXPECT_GE(within, runs * 3 / 4); // 90 % nominal; being raised selects the hasty ones
}

TEST(client_forecast, flat_noise_raises_nothing) {
  int raised = 0;
  for (unsigned seed = 0; seed < 200; ++seed) {
    std::mt19937_64 random{seed};
    const auto base = 20 + random() % 120, spread = 1 + random() % 12;
    daemon_under_test d{limit(200)};
    for (int i = 0; i < 960; ++i) { // a day
      d.base.set(counter::clients, base + random() % spread);
      d.beat(90.0 * i);
    }
    for (const std::string& l : d.lines()) raised += l.find("forecast raised") != std::string::npos;
  }
  EXPECT_LE(raised, 2); // 1 % of the daemons in a day
}

TEST(client_forecast, a_driftless_walk_far_from_the_limit_seldom_raises) {
  int raised = 0;
  for (unsigned seed = 0; seed < 200; ++seed) {
    std::mt19937_64 random{seed};
    daemon_under_test d{limit(400)};
    std::int64_t clients = 100;
    for (int i = 0; i < 960; ++i) {
      const auto roll = random() % 4;
      clients = std::clamp<std::int64_t>(clients + (roll == 0) - (roll == 1), 0, 399);
      d.base.set(counter::clients, static_cast<std::uint64_t>(clients));
      d.beat(90.0 * i);
    }
    for (const std::string& l : d.lines()) raised += l.find("forecast raised") != std::string::npos;
  }
  EXPECT_LE(raised, 4);
}

TEST(client_forecast, it_is_over_when_the_leak_stops_or_the_daemon_restarts) {
  for (bool restart : {false, true}) {
    daemon_under_test d{limit(200)};
    double t = 0;
    for (int i = 0; i < 100; ++i, t += 90) {
      d.base.set(counter::clients, 60u + static_cast<unsigned>(i));
      d.beat_since(t, -1000);
    }
    ASSERT_EQ(d.lines().size(), 1u);
    if (restart) d.base.set(counter::clients, 10);
    for (int i = 0; i < 200; ++i, t += 90) d.beat_since(t, restart ? 8990 : -1000);
    int cleared = 0, raised = 0;
    for (const std::string& l : d.lines()) {
      cleared += l.find("forecast cleared") != std::string::npos;
      raised += l.find("forecast raised") != std::string::npos;
    }
    EXPECT_EQ(cleared, 1);
    EXPECT_EQ(raised, 0);
  }
}

TEST(client_forecast, the_cheap_look_passes_whatever_would_be_raised) {
  int worth_raising = 0, passed = 0, looks = 0;
  for (unsigned seed = 0; seed < 2000; ++seed) {
    std::mt19937_64 random{seed};
    const std::uint64_t full = 45 + random() % 200;
    const unsigned up = random() % 100, every_s = 1 + random() % 120;
    client_history h;
    std::uint32_t clients = 40;
    for (int i = 0; i < 60 && clients < full; ++i) { // climbs of every steepness, some as smooth as whole numbers can be
      clients += random() % 100 < up || (seed % 4 == 0 && i % 8 == 0);
      h.push(test::at(1.0 * every_s * i), clients, 0, 0, 2h);
      const auto f = forecast_limit(h, full, 4h, 4);
      const bool look = may_reach_limit(h, full, 4h), would = f && f->significant && f->probability >= 0.5;
      ++looks;
      passed += look;
      worth_raising += would;
      ASSERT_TRUE(look || !would) << "seed " << seed << ", point " << i;
    }
  }
  EXPECT_GT(worth_raising, 1000);
  EXPECT_LT(passed, looks * 95 / 100);
}

TEST(client_history, thins_itself_to_span_the_reach_and_then_slides) {
  client_history h;
  for (int i = 0; i < 1000; ++i)
    h.push(test::at(90.0 * i), static_cast<std::uint32_t>(i), 0, 0, 2h);
  EXPECT_LE(h.size(), client_history::capacity);
  EXPECT_GE(h.size(), client_history::capacity / 2);
  EXPECT_EQ(h.usable(), h.size());
  const double span_s = (h[h.size() - 1].tenths - h[0].tenths) / 10.0;
  EXPECT_GE(span_s, 3600);
  EXPECT_LE(span_s, 4.1 * 3600);
  for (std::size_t i = 1; i < h.size(); ++i)
    EXPECT_EQ(h[i].clients - h[i - 1].clients, h[1].clients - h[0].clients);
}

} // namespace
} // namespace tocsin::client_forecast_test
