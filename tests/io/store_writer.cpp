// Writes to a store until it is killed, and says what is committed only after it is: for the kill
// -9 test.
#include <cstdio>
#include <cstdlib>
#include <random>

#include "io/store.hpp"
#include "store_support.hpp"

using namespace tocsin;

namespace {

void require(const result<void>& done) {
  if (done) return;
  std::fprintf(stderr, "store_writer: %s\n", done.error().text.c_str());
  std::exit(1);
}

} // namespace

/// Arguments: file, seed, number of the next notification and of the next to deliver. Prints "<next
/// offset> <notifications> <delivered>".
int main(int, char** arguments) {
  auto opened = open_sqlite_store(arguments[1]);
  if (!opened) require(tl::make_unexpected(opened.error()));
  store& s = **opened;
  std::mt19937 random{static_cast<unsigned>(std::atoi(arguments[2]))};
  std::uint64_t number = std::strtoull(arguments[3], nullptr, 10);
  std::uint64_t delivered = std::strtoull(arguments[4], nullptr, 10);
  for (;;) {
    require(s.begin());
    const auto batch = test::batch_at(s.next_offset(), 1 + random() % 300);
    require(s.append(batch, 0, batch.records.size()));
    auto e = test::entry("i" + std::to_string(number), 1, "ops", 0);
    e.body = std::to_string(s.next_offset()); // ties outbox and journal together
    if (const auto put = s.enqueue(e); !put || !*put) return 2;
    ++number;
    if (random() % 3 == 0 && delivered < number) {
      const std::string id = "i" + std::to_string(delivered) + ".1@ops";
      require(s.record_attempt(id, "delivered", from_milliseconds(0), from_milliseconds(0), "ok"));
      ++delivered;
    }
    if (random() % 5 == 0)
      require(s.save_snapshot(
          {s.next_offset(), std::string(200'000, static_cast<char>(s.next_offset() % 251))}));
    if (random() % 50 == 0 && s.next_offset() > 5000) {
      require(s.commit());
      require(s.trim(s.next_offset() - 5000, unset));
    } else {
      require(s.commit());
    }
    std::printf("%llu %llu %llu\n", static_cast<unsigned long long>(s.next_offset()),
                static_cast<unsigned long long>(number),
                static_cast<unsigned long long>(delivered));
    std::fflush(stdout);
  }
}
