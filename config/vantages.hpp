// Through whose eyes a node sees.
#pragma once

#include <string>
#include <vector>

#include "config/settings.hpp"

namespace tocsin {

/// The input that several nodes share; null: there is none.
const source_settings* shared_input(const settings& s);

/// By number of the vantage point: the sources; of a shared input itself and those who write it.
std::vector<std::string> vantage_names(const settings& s);

} // namespace tocsin
