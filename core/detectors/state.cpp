#include "core/detectors/state.hpp"

#include <cmath>

namespace tocsin::detectors {

double alpha_of_half_life(double rows) { return -std::expm1(-std::log(2.0) / rows); }

} // namespace tocsin::detectors
