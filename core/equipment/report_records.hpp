// What equipment says, as records for the groups: live with every step, in a replay all at once.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "core/record.hpp"
#include "core/symptom.hpp"

namespace tocsin {

/// One record for each; `at` unset: the symptom's own time, else that.
std::shared_ptr<record_batch> records_of(const std::vector<symptom>& said, timestamp at = unset);

/// Brings what any number of shards said into one order, repeats what lasts until `latest`, and hands on batch after batch.
void replay_reports(std::vector<symptom> said, timestamp latest, const std::function<void(std::shared_ptr<record_batch>)>& take);

} // namespace tocsin
