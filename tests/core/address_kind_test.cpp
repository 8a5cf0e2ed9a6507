// Which addresses need an explicit allow.
#include "core/address_kind.hpp"

#include <arpa/inet.h>
#include <gtest/gtest.h>

#include <string>

namespace tocsin::address_kind_test {
namespace {

std::string kind_of(const char* text) {
  std::array<std::uint8_t, 4> v4;
  std::array<std::uint8_t, 16> v6;
  if (inet_pton(AF_INET, text, v4.data()) == 1) return std::string{private_kind(v4)};
  if (inet_pton(AF_INET6, text, v6.data()) == 1) return std::string{private_kind(v6)};
  return "no address";
}

TEST(address_kind, names_what_is_not_public) {
  EXPECT_EQ(kind_of("127.0.0.1"), "a loopback address");
  EXPECT_EQ(kind_of("127.255.1.2"), "a loopback address");
  EXPECT_EQ(kind_of("::1"), "a loopback address");
  for (const char* a : {"10.98.163.137", "172.16.0.1", "172.31.255.255", "192.168.1.1", "fc00::1", "fd00:ec2::254", "64:ff9b:1::1"})
    EXPECT_EQ(kind_of(a), "a private address") << a;
  for (const char* a : {"169.254.169.254", "fe80::1", "febf::1"}) EXPECT_EQ(kind_of(a), "a link-local address") << a;
  for (const char* a : {"0.0.0.0", "100.100.100.200", "192.0.0.192", "198.19.0.1", "224.0.0.1", "255.255.255.255", "::", "ff02::1", "fec0::1"})
    EXPECT_NE(kind_of(a), "") << a;
}

TEST(address_kind, sees_the_address_within_an_address) {
  for (const char* a : {"::ffff:127.0.0.1", "::127.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::"})
    EXPECT_EQ(kind_of(a), "a loopback address") << a;
  for (const char* a : {"::ffff:8.8.8.8", "64:ff9b::808:808", "2002:808:808::"}) EXPECT_EQ(kind_of(a), "") << a;
}

TEST(address_kind, lets_the_public_through) {
  for (const char* a : {"8.8.8.8", "172.15.0.1", "172.32.0.1", "192.169.0.1", "100.63.0.1", "100.128.0.1", "169.253.0.1",
                        "198.17.0.1", "223.255.255.255", "2001:4860:4860::8888", "2a00::1"})
    EXPECT_EQ(kind_of(a), "") << a;
}

} // namespace
} // namespace tocsin::address_kind_test
