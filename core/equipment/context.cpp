#include "core/equipment/context.hpp"

namespace tocsin {

std::string context_key(const equipment_context& c) { return c.recipe + '\x1f' + c.step; }

void add_context(evidence& facts, const equipment_context& c) {
  const auto add = [&](const char* name, const std::string& value) {
    if (!value.empty()) facts.push_back({name, value});
  };
  add("recipe", c.recipe);
  add("step", c.step);
  add("lot", c.lot);
  add("wafer", c.wafer);
}

} // namespace tocsin
