// The schema accepts what the loader accepts and refuses plain mistakes, judged by an independent
// validator.
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "config/settings.hpp"

namespace tocsin::schema_test {
namespace {

const std::string root = TOCSIN_SOURCE_DIR;

struct outcome {
  int status;
  std::string text;
};

outcome validate(const std::string& wanted, const std::vector<std::string>& files) {
  std::string command = "/usr/bin/python3 '" + root + "/tests/config/schema_check.py' '" + root +
                        "/config/tocsin.schema.json' " + wanted;
  for (const std::string& file : files) command += " '" + file + "'";
  FILE* out = popen((command + " 2>&1").c_str(), "r");
  if (!out) return {77, "no shell"};
  std::string text;
  char part[512];
  while (std::fgets(part, sizeof part, out)) text += part;
  const int status = pclose(out);
  return {status < 0 ? 77 : status >> 8, text};
}

class schema : public testing::Test {
protected:
  void SetUp() override { std::filesystem::create_directories(folder_); }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  std::string file(const std::string& yaml) {
    const std::string path = (folder_ / (std::to_string(++files_) + ".yaml")).string();
    std::ofstream{path} << yaml;
    return path;
  }

private:
  std::filesystem::path folder_ =
      std::filesystem::temp_directory_path() / ("tocsin_schema_" + std::to_string(::getpid()));
  int files_ = 0;
};

#define REQUIRE_VALIDATOR(o)                                                                       \
  if ((o).status == 77 || (o).status == 127)                                                       \
  GTEST_SKIP() << "needs python3-jsonschema and python3-yaml: " << (o).text

TEST_F(schema, accepts_the_samples) {
  const outcome o =
      validate("good", {root + "/config/tocsin.yaml", root + "/deploy/examples/fab.yaml",
                        root + "/tests/bench/workload_h.yaml"});
  REQUIRE_VALIDATOR(o);
  EXPECT_EQ(o.status, 0) << o.text;
}

TEST_F(schema, accepts_what_the_loader_accepts) {
  std::vector<std::string> files;
  for (const char* yaml :
       {"", "rules:\n", "rules: {clients: off, forecast: on, clock_skew: false}",
        "formats: {defaults: {service: 7500}}", "rules: {data_loss: {quiet: 0}}",
        "inventory: {daemons: [{host: 10.1.1.1, labels: {line: 3}}]}",
        "overrides: [{match: '*', rules: {clients: {limit: 1}}}]",
        "sources: [{name: a, kind: jsonl, jsonl: {at: t, fields: {cc: c}}}]",
        "receivers: [{name: a, kind: webhook, webhook: {url: 'http://h'}}]",
        "route: {receiver: default, group_by: ['...'], routes: [{continue: true, routes: "
        "[{matchers: [severity=critical], repeat_interval: 0}]}]}",
        "inhibit_rules: [{source_matchers: [severity=critical], target_matchers: [severity=info], "
        "equal: [host]}]",
        "time_intervals: [{name: n, time_intervals: [{times: [{start_time: 9:00, end_time: "
        "17:00}], "
        "days_of_month: [1:5, 7, '-3:-1'], months: [5, 'june:july'], years: [2026], "
        "weekdays: [sunday], location: Europe/Berlin}]}]"}) {
    EXPECT_TRUE(parse_settings(yaml, "t.yaml").problems.empty()) << yaml;
    files.push_back(file(yaml));
  }
  const outcome o = validate("good", files);
  REQUIRE_VALIDATOR(o);
  EXPECT_EQ(o.status, 0) << o.text;
}

TEST_F(schema, refuses_plain_mistakes) {
  std::vector<std::string> files;
  for (const char* yaml :
       {"htp: {}",
        "http: {adress: x}",
        "http: {threads: 99}",
        "http: {address: '8420'}",
        "snapshot: {every: 30}",
        "snapshot: {every: soon}",
        "log: {level: warn}",
        "rules: {clients: none}",
        "rules: {clients: {warning_percent: 101}}",
        "sources: [{kind: rv}]",
        "sources: [{name: a, kind: rv, path: x}]",
        "receivers: [{name: a, kind: mail}]",
        "receivers: [{name: a, kind: webhook, webhook: {url: 'ftp://h'}}]",
        "receivers: [{name: a, kind: mail, mail: {server: 'm:25', from: a@b, to: []}}]",
        "route: {receiver: default, routes: [{match: {a: b}}]}",
        "route: {receiver: default, routes: [{routes: {}}]}",
        "route: {receiver: default, group_by: ['a b']}",
        "inhibit_rules: [{source_matchers: [a=b]}]",
        "time_intervals: [{time_intervals: []}]",
        "time_intervals: [{name: n, time_intervals: [{times: [{start_time: '25:00'}]}]}]",
        "overrides: [{match: 10.1.1.1}]",
        "overrides: [{rules: {}}]"}) {
    EXPECT_FALSE(parse_settings(yaml, "t.yaml").ok()) << yaml;
    files.push_back(file(yaml));
  }
  const outcome o = validate("bad", files);
  REQUIRE_VALIDATOR(o);
  EXPECT_EQ(o.status, 0) << o.text;
}

} // namespace
} // namespace tocsin::schema_test
