// Limits of the charts of raw samples, from the run length that is asked for.
#pragma once

namespace tocsin::detectors {

/// h of a two-sided CUSUM with allowance k > 0 whose mean run length on white noise is `run_length` > 10 rows.
/// Siegmund 1985: one side has (e^(2kb) - 1 - 2kb) / (2 k^2), b = h + 1.166. k 0.5, 10^6: 12.66.
double cusum_limit(double k, double run_length);

/// Mean rows until that CUSUM sees a shift of `shift` > k sd: (h + 1.166) / (shift - k); infinite for less.
double cusum_delay(double k, double h, double shift);

/// Deviations that say how heavy a tail is are clipped here, in sd: what an outlier beyond it adds is the same for all.
/// Clipped there, the ratio below tells Student's t laws apart as well as maximum likelihood does, and a fault that was
/// learnt moves it little.
inline constexpr double deviation_most = 5;

/// Limit of a test of single samples, one false alarm in `run_length` rows on either side, in root mean squares of the
/// clipped deviations. `geary`: mean absolute deviation / root mean square of them (Geary 1935; 0.798 when the noise is
/// normal) over `n` rows. Where that is significantly less than normal, Student's t with the same ratio gives the tail,
/// else the normal law.
double spike_limit(double geary, double n, double run_length);

/// The upper side, beyond the mean, of a lognormal law.
struct lognormal_side {
  double limit; ///< one false alarm in `run_length` rows of either side, in root mean squares of this side, clipped
  double share; ///< of all rows that are on this side
};
/// The law whose upper side has that ratio.
lognormal_side lognormal_spike_limit(double geary, double run_length);

/// Inverse of the standard normal distribution, 0 < p < 1 (Acklam's rational approximation, relative error 1e-9).
double normal_quantile(double p);

} // namespace tocsin::detectors
