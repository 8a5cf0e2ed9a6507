// Notifications and incidents read back from the JSON that json_views wrote: the outbox after a restart.
#pragma once

#include <string_view>

#include "core/error.hpp"
#include "core/incident.hpp"

namespace tocsin {

/// Evidence names become static storage of the process, bounded by the number of different names.
result<notification> parse_notification(std::string_view json);
result<incident> parse_incident(std::string_view json);

} // namespace tocsin
