#include <cstdio>

#include "actors/cli.hpp"
#include "config/schema.hpp"
#include "io/kafka_sink.hpp"
#include "io/kafka_source.hpp"

namespace tocsin::cli {

namespace {

/// Properties that librdkafka does not take: only it knows them.
std::vector<config_problem> kafka_problems(const settings& s) {
  std::vector<config_problem> out;
  const auto look = [&](const result<void>& fits, const std::string& where) {
    if (!fits) out.push_back({s.file, 0, 0, true, where + ": " + fits.error().text, ""});
  };
  if (s.kafka.writes()) look(check_kafka_sink_properties(s.kafka), "kafka.properties");
  for (std::size_t i = 0; i < s.sources.size(); ++i)
    if (s.sources[i].kind == "kafka") look(check_kafka_source_properties(s.sources[i].connection), "sources[" + std::to_string(i) + "].properties");
  return out;
}

} // namespace

int check(const check_command& c) {
  if (c.schema) {
    std::fputs(json_schema().c_str(), stdout);
    return done;
  }
  loaded l = load_settings(c.config);
  for (config_problem& p : template_problems(l.value)) l.problems.push_back(std::move(p));
  for (config_problem& p : kafka_problems(l.value)) l.problems.push_back(std::move(p));
  for (const config_problem& p : l.problems) std::fprintf(stdout, "%s\n", to_text(p).c_str());
  if (!l.ok()) return problem;
  std::printf("%s: valid, version %s, %zu sources, %zu receivers\n", c.config.empty() ? "(defaults)" : c.config.c_str(),
              l.value.rules.version.c_str(), l.value.sources.size(), l.value.receivers.size());
  return l.problems.empty() ? done : warnings;
}

} // namespace tocsin::cli
