// Fuzz target: any bytes as a configuration. The loader answers with settings or with problems,
// nothing else.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "config/settings.hpp"
#include "core/limits.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tocsin;
  const std::string yaml{reinterpret_cast<const char*>(data), size};
  const loaded l = parse_settings(yaml, "fuzz.yaml", {{"TOCSIN_HTTP_THREADS", yaml.substr(0, 8)}});
  if (l.problems.size() > limits::config_problems_max) std::abort();
  for (const config_problem& p : l.problems) {
    if (p.text.empty() || p.remedy.empty() || p.line < 0 || p.column < 0) std::abort();
    // One line each: a value must not be able to forge further lines in a log.
    if (to_text(p).find('\n') != std::string::npos) std::abort();
  }
  if (!l.ok()) return 0;
  if (!l.value.rules.resolve("10.1.1.1", "7500") || l.value.rules.version.size() != 16)
    std::abort();
  if (l.value.alerting().receivers.empty()) std::abort();
  return 0;
}
