// How the address of a daemon may be written.
#include "io/rv_socket.hpp"

#include <gtest/gtest.h>

namespace tocsin::rv_socket_test {
namespace {

TEST(rv_socket, daemon_addresses_in_every_customary_form) {
  struct form {
    const char *text, *host, *port;
  };
  for (const form& f :
       {form{"127.0.0.1:7500", "127.0.0.1", "7500"}, form{"tcp:fab-host:7600", "fab-host", "7600"},
        form{"tcp:7501", "127.0.0.1", "7501"}, form{"7501", "127.0.0.1", "7501"},
        form{"fab-host", "fab-host", "7500"}, form{"[::1]:7500", "::1", "7500"},
        form{"[::1]", "::1", "7500"}, form{":7502", "127.0.0.1", "7502"},
        form{"", "127.0.0.1", "7500"}}) {
    const auto at = parse_daemon_address(f.text);
    ASSERT_TRUE(at) << f.text;
    EXPECT_EQ(at->host, f.host) << f.text;
    EXPECT_EQ(at->port, f.port) << f.text;
  }
  for (const char* bad : {"host:", "host:0", "host:65536", "host:abc", "host:-1", "70000"})
    EXPECT_FALSE(parse_daemon_address(bad)) << bad;
}

} // namespace
} // namespace tocsin::rv_socket_test
