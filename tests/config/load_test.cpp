// Loading from the disk: files that cannot be read, and the files a configuration names.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "config/settings.hpp"
#include "core/limits.hpp"

namespace tocsin::load_test {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class load : public testing::Test {
protected:
  void SetUp() override { fs::create_directories(folder_); }
  void TearDown() override { fs::remove_all(folder_); }
  std::string file(const std::string& name, const std::string& text) {
    std::ofstream{folder_ / name, std::ios::binary} << text;
    return path(name);
  }
  std::string path(const std::string& name) const { return (folder_ / name).string(); }

private:
  fs::path folder_ = fs::temp_directory_path() / ("tocsin_load_" + std::to_string(::getpid()));
};

TEST_F(load, reads_a_file_and_remembers_its_name) {
  const std::string name = file("a.yaml", "shards: 5\n");
  const loaded l = load_settings(name);
  EXPECT_TRUE(l.problems.empty());
  EXPECT_EQ(l.value.shards, 5u);
  EXPECT_EQ(l.value.file, name);
}

TEST_F(load, says_which_file_cannot_be_read_and_why) {
  const loaded none = load_settings(path("none.yaml"));
  ASSERT_EQ(none.problems.size(), 1u);
  EXPECT_EQ(to_text(none.problems[0]),
            path("none.yaml") + ": error: cannot be read: No such file or directory; name a file "
                                "that is there and readable");
  const loaded folder = load_settings(path(""));
  ASSERT_EQ(folder.problems.size(), 1u);
  EXPECT_THAT(to_text(folder.problems[0]), HasSubstr("cannot be read: it is a folder"));
}

TEST_F(load, an_endless_file_is_read_only_up_to_the_bound) {
  const loaded l = load_settings("/dev/zero");
  ASSERT_EQ(l.problems.size(), 1u);
  EXPECT_THAT(to_text(l.problems[0]), HasSubstr("/dev/zero: error: larger than 8 MiB"));
}

TEST_F(load, warns_of_named_files_that_are_missing_or_open_to_everybody) {
  const std::string open = file("open.token", "x"), closed = file("closed.token", "x");
  fs::permissions(open, fs::perms{0644});
  fs::permissions(closed, fs::perms{0600});
  const auto with_token = [&](const std::string& token) {
    return load_settings(file("t.yaml", "receivers:\n  - name: a\n    kind: webhook\n    webhook:\n"
                                        "      url: https://h/x\n      bearer_file: " +
                                            token + '\n'));
  };
  EXPECT_TRUE(with_token(closed).problems.empty());
  for (const auto& [token, text] :
       {std::pair{open, "everybody can read '" + open + "'; chmod o-r it"},
        {path("none"), "'" + path("none") + "' is not there; create it, or correct the path"},
        {path(""), "'" + path("") + "' is a folder; name a file"}}) {
    const loaded l = with_token(token);
    EXPECT_TRUE(l.ok()) << "a warning only";
    ASSERT_EQ(l.problems.size(), 1u) << token;
    EXPECT_EQ(to_text(l.problems[0]),
              path("t.yaml") + ":6:20: warning: receivers[0].webhook.bearer_file: " + text);
  }
}

TEST_F(load, warns_of_missing_files_of_a_schema_registry) {
  const loaded l = load_settings(file("t.yaml", "kafka: {brokers: 'k:9092'}\nsources:\n  - name: a\n    kind: kafka\n    topics: [t]\n    encoding: avro\n"
                                                "    registry: https://r\n    registry_user: u\n    registry_password_file: " + path("none") +
                                                "\n    registry_ca_file: " + path("neither") + "\n"));
  ASSERT_EQ(l.problems.size(), 2u);
  EXPECT_THAT(to_text(l.problems[0]), HasSubstr("sources[0].registry_password_file: '" + path("none") + "' is not there"));
  EXPECT_THAT(to_text(l.problems[1]), HasSubstr("sources[0].registry_ca_file: '" + path("neither") + "' is not there"));
}

/// A name can hold what a terminal or a log would take for an order.
TEST_F(load, problems_are_one_line_each) {
  const loaded l = parse_settings("\"a\\nb\\e[31m\": 1\nhttp: {\"x\\ny\": 2}\n", "t.yaml");
  ASSERT_EQ(l.problems.size(), 2u);
  for (const config_problem& p : l.problems) {
    EXPECT_EQ(to_text(p).find('\n'), std::string::npos);
    EXPECT_EQ(to_text(p).find('\x1b'), std::string::npos);
  }
}

} // namespace
} // namespace tocsin::load_test
