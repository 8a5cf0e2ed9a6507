#include <cstdio>

#include "actors/cli.hpp"
#include "config/schema.hpp"

namespace tocsin::cli {

int check(const check_command& c) {
  if (c.schema) {
    std::fputs(json_schema().c_str(), stdout);
    return done;
  }
  loaded l = load_settings(c.config);
  for (config_problem& p : template_problems(l.value)) l.problems.push_back(std::move(p));
  for (const config_problem& p : l.problems) std::fprintf(stdout, "%s\n", to_text(p).c_str());
  if (!l.ok()) return problem;
  std::printf("%s: valid, version %s, %zu sources, %zu receivers\n", c.config.empty() ? "(defaults)" : c.config.c_str(),
              l.value.rules.version.c_str(), l.value.sources.size(), l.value.receivers.size());
  return l.problems.empty() ? done : warnings;
}

} // namespace tocsin::cli
