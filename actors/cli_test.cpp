// tocsin test: runs the rule tests of files and says which of them fail, and how.
#include <cstdio>

#include "actors/cli.hpp"
#include "actors/rule_test_run.hpp"

namespace tocsin::cli {

namespace {

constexpr std::size_t told_bytes_max = 16 * 1024; ///< printed about one failed test

void print_failure(const rule_test& t, const std::string& file, const rule_test_result& r) {
  std::printf("FAIL %s (%s:%d)\n", t.name.c_str(), file.c_str(), t.line);
  for (const std::string& wrong : r.failures) std::printf("  %s\n", wrong.c_str());
  std::printf("  was said, times from the start:\n%s", r.told.empty() ? "nothing\n" : r.told.substr(0, told_bytes_max).c_str());
  if (r.told.size() > told_bytes_max) std::printf("… and more\n");
}

} // namespace

int test_rules(const test_command& c) {
  std::size_t passed = 0, failed = 0;
  bool usable = true;
  for (const std::string& path : c.files) {
    const rule_test_file file = load_rule_tests(path);
    for (const config_problem& p : file.problems) std::fprintf(stderr, "%s\n", to_text(p).c_str());
    usable = usable && file.ok();
    if (!file.ok()) continue;
    for (const rule_test& t : file.tests) {
      const rule_test_result r = run_rule_test(file.config, t);
      ++(r.failures.empty() ? passed : failed);
      if (r.failures.empty()) std::printf("PASS %s\n", t.name.c_str());
      else print_failure(t, path, r);
      std::fflush(stdout);
    }
  }
  std::printf("%zu passed, %zu failed\n", passed, failed);
  return !usable ? usage : failed > 0 ? problem : done;
}

} // namespace tocsin::cli
