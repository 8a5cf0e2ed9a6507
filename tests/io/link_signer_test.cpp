// Signed links: good for one incident, one receiver and a week, whatever else is tried.
#include "io/link_signer.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

namespace tocsin::link_signer_test {
namespace {

class links : public ::testing::Test {
protected:
  void SetUp() override {
    std::string pattern = ::testing::TempDir() + "links-XXXXXX";
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    folder = pattern;
  }
  void TearDown() override { std::filesystem::remove_all(folder); }
  link_signer signer() {
    auto opened = link_signer::open(folder);
    if (!opened) throw std::runtime_error{opened.error().text};
    return std::move(*opened);
  }
  static std::string parameter(const std::string& url, const std::string& name) {
    const auto from = url.find(name + "=") + name.size() + 1;
    return url.substr(from, url.find('&', from) - from);
  }
  std::string folder;
  const timestamp now = from_milliseconds(1'700'000'000'000);
};

TEST_F(links, ours_is_good_until_its_end) {
  const link_signer s = signer();
  const std::string url = s.url("https://tocsin.fab.example/", "inc-1", "ops", now + 7 * 24h);
  EXPECT_EQ(url.rfind("https://tocsin.fab.example/acknowledge?incident=inc-1&receiver=ops&expires=", 0), 0u);
  const auto expires = parameter(url, "expires"), signature = parameter(url, "signature");
  EXPECT_TRUE(s.check("inc-1", "ops", expires, signature, now));
  EXPECT_TRUE(s.check("inc-1", "ops", expires, signature, now + 7 * 24h));
  EXPECT_EQ(s.check("inc-1", "ops", expires, signature, now + 7 * 24h + 1s).error().code, errc::timeout);
  EXPECT_EQ(s.url("https://tocsin.fab.example/", "inc-1", "ops", now + 7 * 24h), url) << "a repetition says the same";
}

TEST_F(links, what_was_changed_is_refused) {
  const link_signer s = signer();
  const std::string url = s.url("https://t", "inc-1", "ops", now);
  const auto expires = parameter(url, "expires"), signature = parameter(url, "signature");
  const auto refused = [&](const std::string& i, const std::string& r, const std::string& e, const std::string& sig) {
    const auto outcome = s.check(i, r, e, sig, now);
    return !outcome && outcome.error().code == errc::invalid;
  };
  EXPECT_TRUE(refused("inc-2", "ops", expires, signature));
  EXPECT_TRUE(refused("inc-1", "others", expires, signature));
  EXPECT_TRUE(refused("inc-1", "ops", expires + "0", signature));
  EXPECT_TRUE(refused("inc-1\nops", "", expires, signature));
  EXPECT_TRUE(refused("inc-1", "ops", expires, ""));
  EXPECT_TRUE(refused("inc-1", "ops", expires, signature.substr(1)));
  EXPECT_TRUE(refused("", "", "", ""));
  EXPECT_TRUE(refused(std::string(1'000'000, 'x'), "ops", expires, signature));
  EXPECT_TRUE(refused(std::string("inc-1\0", 6), "ops", expires, signature));
  EXPECT_TRUE(refused("inc-1", "ops", expires, std::string(64, '\0')));
  std::string flipped = signature;
  flipped[0] = flipped[0] == '0' ? '1' : '0';
  EXPECT_TRUE(refused("inc-1", "ops", expires, flipped));
}

TEST_F(links, the_parts_cannot_be_shifted_into_each_other) {
  const link_signer s = signer();
  const std::string url = s.url("https://t", "a\nb", "c", now);
  EXPECT_FALSE(s.check("a", "b\nc", parameter(url, "expires"), parameter(url, "signature"), now));
}

TEST_F(links, the_key_is_kept_and_ours_alone) {
  const std::string url = signer().url("https://t", "inc-1", "ops", now);
  EXPECT_EQ(signer().url("https://t", "inc-1", "ops", now), url);
  struct stat s{};
  ASSERT_EQ(::stat((folder + "/link.key").c_str(), &s), 0);
  EXPECT_EQ(s.st_mode & 0777, 0600u);
}

TEST_F(links, a_broken_key_is_told) {
  std::ofstream{folder + "/link.key"} << "short";
  const auto opened = link_signer::open(folder);
  ASSERT_FALSE(opened);
  EXPECT_NE(opened.error().text.find("link.key"), std::string::npos);
}

} // namespace
} // namespace tocsin::link_signer_test
