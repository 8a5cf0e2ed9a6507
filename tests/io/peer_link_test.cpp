// The way between nodes: what is asked is answered, in the clear and under TLS; what is hostile gets nowhere and costs nothing.
#include "io/peer_link.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <condition_variable>
#include <map>
#include <mutex>
#include <stdexcept>

#include "certificates.hpp"
#include "io/listen_socket.hpp"
#include "support.hpp"

namespace tocsin::peer_link_test {

using namespace test;
using testing::HasSubstr;

namespace {

constexpr std::size_t question_max = 64 << 10, answer_max = 1 << 20;

/// One end, which answers every question with itself unless it is told to hold them.
class side {
public:
  explicit side(tls_files tls = {}, link_limits limits = {}, bool answers = true) {
    auto made = make_peer_link({"127.0.0.1:0", std::move(tls), question_max, answer_max, limits});
    if (!made) throw std::runtime_error(made.error().text);
    link = std::move(*made);
    auto up = link->start({[this, answers](std::uint64_t c, std::string&& f) {
                             if (answers) return link->send(c, "re: " + f);
                             note([&] { held.emplace_back(c, std::move(f)); });
                           },
                           [this](std::uint64_t c, std::string&& f) { note([&] { answers_of[c].push_back(std::move(f)); }); },
                           [this](std::uint64_t c, const std::string& why) { note([&] { lost[c] = why; }); }});
    if (!up) throw std::runtime_error(up.error().text);
  }
  ~side() { link->stop(); }
  template <class Change>
  void note(Change change) {
    const std::lock_guard lock{guard_};
    change();
    changed_.notify_all();
  }
  template <class Condition>
  bool wait(Condition holds) {
    std::unique_lock lock{guard_};
    return changed_.wait_for(lock, patience, holds);
  }
  std::string address() const { return "127.0.0.1:" + std::to_string(link->port()); }
  std::uint64_t refused(link_refusal r) const { return link->counts().refused[static_cast<std::size_t>(r)]; }

  std::vector<std::pair<std::uint64_t, std::string>> held;
  std::map<std::uint64_t, std::vector<std::string>> answers_of;
  std::map<std::uint64_t, std::string> lost;
  std::unique_ptr<peer_link> link;

private:
  std::mutex guard_;
  std::condition_variable changed_;
};

/// Somebody who is no node: sends bytes, and waits for the end of the connection.
class stranger {
public:
  explicit stranger(const side& to) : socket_(*begin_connect(to.address(), true)) {
    const int flags = ::fcntl(socket_.get(), F_GETFL);
    ::fcntl(socket_.get(), F_SETFL, flags & ~O_NONBLOCK);
    const timeval most{20, 0};
    ::setsockopt(socket_.get(), SOL_SOCKET, SO_RCVTIMEO, &most, sizeof most);
  }
  bool send(std::string_view bytes) { return ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(bytes.size()); }
  bool is_cut_off() {
    char byte;
    ssize_t n = 0;
    while ((n = ::recv(socket_.get(), &byte, 1, 0)) > 0) {
    }
    return n == 0 || errno == ECONNRESET;
  }

private:
  file_descriptor socket_;
};

std::string frame(std::string_view bytes) {
  const auto size = static_cast<std::uint32_t>(bytes.size());
  return std::string{reinterpret_cast<const char*>(&size), sizeof size}.append(bytes);
}

TEST(the_link_between_nodes, answers_in_order_and_whole) {
  side a, b;
  const auto to_b = a.link->open(b.address());
  const std::string large(question_max, 'q');
  a.link->send(to_b, "one");
  a.link->send(to_b, large);
  a.link->send(to_b, "three");
  ASSERT_TRUE(a.wait([&] { return a.answers_of[to_b].size() == 3; }));
  EXPECT_EQ(a.answers_of[to_b], (std::vector<std::string>{"re: one", "re: " + large, "re: three"}));
}

TEST(the_link_between_nodes, answers_under_mutual_tls) {
  const temporary_directory folder;
  const authority ca{folder.file("")};
  side a{ca.sign("a")}, b{ca.sign("b")};
  const auto to_b = a.link->open(b.address());
  for (int i = 0; i < 50; ++i) a.link->send(to_b, std::to_string(i) + std::string(20'000, 'x'));
  ASSERT_TRUE(a.wait([&] { return a.answers_of[to_b].size() == 50; })) << a.lost[to_b];
  EXPECT_THAT(a.answers_of[to_b][49], testing::StartsWith("re: 49x"));
}

TEST(the_link_between_nodes, lets_nobody_in_whom_its_authority_did_not_sign) {
  const temporary_directory ours, theirs;
  const authority ca{ours.file("")}, other{theirs.file("")};
  tls_files forged = other.sign("b");
  side a{ca.sign("a")}, b{forged};
  forged.authority = ca.sign("c").authority; // takes our certificate for good, but has none of ours
  side c{forged};
  const auto from_b = b.link->open(a.address()), from_c = c.link->open(a.address()), from_a = a.link->open(b.address());
  b.link->send(from_b, "let me in");
  c.link->send(from_c, "let me in");
  EXPECT_TRUE(b.wait([&] { return b.lost.contains(from_b); }));
  EXPECT_TRUE(c.wait([&] { return c.lost.contains(from_c); }));
  EXPECT_TRUE(a.wait([&] { return a.lost.contains(from_a); }));
  EXPECT_THAT(b.lost[from_b], HasSubstr("certificate verify failed"));
  EXPECT_TRUE(b.answers_of.empty() && c.answers_of.empty());
  EXPECT_TRUE(eventually([&] { return a.refused(link_refusal::handshake) >= 2; })) << "both are counted";
}

TEST(the_link_between_nodes, speaks_tls_with_tls_alone) {
  const temporary_directory folder;
  const authority ca{folder.file("")};
  side secret{ca.sign("a")}, clear;
  const auto up = clear.link->open(secret.address()), down = secret.link->open(clear.address());
  clear.link->send(up, "in the clear");
  EXPECT_TRUE(clear.wait([&] { return clear.lost.contains(up); }));
  EXPECT_TRUE(secret.wait([&] { return secret.lost.contains(down); }));
  EXPECT_TRUE(clear.answers_of.empty());
}

TEST(the_link_between_nodes, names_the_file_it_cannot_use) {
  const temporary_directory folder;
  const authority ca{folder.file("")};
  const tls_files good = ca.sign("a"), other = ca.sign("b");
  const auto why = [](tls_files f) { return make_peer_link({"127.0.0.1:0", f, question_max, answer_max}).error().text; };
  EXPECT_THAT(why({good.certificate, other.key, good.authority}), HasSubstr("cluster.tls.key '" + other.key + "' cannot be used"));
  EXPECT_THAT(why({folder.file("none"), good.key, good.authority}), HasSubstr("cluster.tls.certificate"));
  EXPECT_THAT(why({good.certificate, good.key, good.key}), HasSubstr("cluster.tls.authority"));
}

TEST(the_link_between_nodes, does_not_leave_the_machine_in_the_clear) {
  auto made = make_peer_link({"0.0.0.0:0", {}, question_max, answer_max});
  EXPECT_THAT((*made)->start({}).error().text, HasSubstr("is not this machine alone"));
  side a;
  const auto away = a.link->open("192.0.2.1:9");
  EXPECT_TRUE(a.wait([&] { return a.lost.contains(away); }));
  EXPECT_THAT(a.lost[away], HasSubstr("is on another machine, and there are no certificates"));
}

TEST(the_link_between_nodes, says_why_there_is_no_connection) {
  side a;
  const auto nobody = a.link->open("127.0.0.1:1"), nowhere = a.link->open("no-such-host.invalid:1");
  EXPECT_TRUE(a.wait([&] { return a.lost.size() == 2; }));
  EXPECT_THAT(a.lost[nobody], HasSubstr("refused"));
  EXPECT_THAT(a.lost[nowhere], HasSubstr("check the host name"));
}

TEST(the_link_between_nodes, cuts_off_who_claims_more_than_is_allowed) {
  side a;
  for (const std::uint32_t claim : {0xffffffffu, 0x80000000u, static_cast<std::uint32_t>(question_max + 1)}) {
    stranger s{a};
    EXPECT_TRUE(s.send({reinterpret_cast<const char*>(&claim), sizeof claim}));
    EXPECT_TRUE(s.is_cut_off()) << claim;
  }
  stranger empty{a};
  empty.send(std::string(4, '\0'));
  EXPECT_TRUE(empty.is_cut_off());
  EXPECT_TRUE(eventually([&] { return a.refused(link_refusal::too_large) == 3u; }));
  EXPECT_TRUE(eventually([&] { return a.refused(link_refusal::malformed) == 1u; }));
}

TEST(the_link_between_nodes, does_not_wait_for_the_slow) {
  link_limits quick;
  quick.prove_within = quick.frame_within = std::chrono::milliseconds{50};
  side a{{}, quick};
  stranger silent{a}, half{a}, second{a};
  half.send(frame("whole").substr(0, 5));
  second.send(frame("whole") + frame("half").substr(0, 6));
  EXPECT_TRUE(silent.is_cut_off());
  EXPECT_TRUE(half.is_cut_off());
  EXPECT_TRUE(second.is_cut_off());
  EXPECT_TRUE(eventually([&] { return a.refused(link_refusal::slow) == 3u; }));
}

TEST(the_link_between_nodes, who_says_nothing_makes_room_for_others) {
  link_limits few;
  few.unproven_max = 2;
  side a{{}, few}, b;
  stranger first{a}, second{a}, third{a};
  EXPECT_TRUE(first.is_cut_off());
  const auto to_a = b.link->open(a.address());
  b.link->send(to_a, "hello");
  EXPECT_TRUE(b.wait([&] { return b.answers_of[to_a].size() == 1; }));
  EXPECT_TRUE(eventually([&] { return a.refused(link_refusal::too_many) == 2u; }));
}

TEST(the_link_between_nodes, reads_no_more_than_it_answers) {
  link_limits limits;
  side a{{}, limits, false}, b;
  const auto to_a = b.link->open(a.address());
  for (int i = 0; i < 20; ++i) b.link->send(to_a, std::to_string(i));
  ASSERT_TRUE(a.wait([&] { return a.held.size() == limits.unanswered_max; }));
  for (std::size_t i = 0; i < 20; ++i) {
    std::uint64_t c = 0;
    ASSERT_TRUE(a.wait([&] { return a.held.size() > i; }));
    a.note([&] {
      EXPECT_LE(a.held.size(), i + limits.unanswered_max);
      c = a.held[i].first;
    });
    a.link->send(c, "done");
  }
  EXPECT_TRUE(b.wait([&] { return b.answers_of[to_a].size() == 20; }));
}

TEST(the_link_between_nodes, tells_when_the_other_is_gone) {
  side a;
  auto b = std::make_unique<side>();
  const auto to_b = a.link->open(b->address());
  a.link->send(to_b, "hello");
  ASSERT_TRUE(a.wait([&] { return a.answers_of[to_b].size() == 1; }));
  b.reset();
  EXPECT_TRUE(a.wait([&] { return a.lost.contains(to_b); }));
}

} // namespace

} // namespace tocsin::peer_link_test
