// Runs a fuzz target without libFuzzer: the corpus as it is, then mutations that are the same every
// time.
//
//     tocsin_<name>_fuzz <corpus folder> [mutations = 20000] [first = 0]
//
// A mutation depends on the corpus and its own number only, so the number printed when a target
// dies, given as `first`, with 1 as the number of mutations, repeats it.
#include <algorithm>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <random>
#include <string>
#include <unistd.h>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);
extern "C" __attribute__((weak)) void __sanitizer_set_death_callback(void (*)());
/// Freed memory that AddressSanitizer holds back must not look like growth.
extern "C" const char* __asan_default_options() { return "quarantine_size_mb=16"; }

namespace {

constexpr std::size_t input_bytes_max = 64 << 10;
constexpr std::size_t growth_bytes_max = 256 << 20;

/// What runs now, for the message at death.
char now_running[256] = "nothing";

void say_what_ran() {
  std::fputs("fuzz: died on ", stderr);
  std::fputs(now_running, stderr);
  std::fputc('\n', stderr);
}

void at_signal(int number) {
  say_what_ran();
  std::signal(number, SIG_DFL);
  std::raise(number);
}

std::size_t resident_bytes() {
  std::ifstream statm{"/proc/self/statm"};
  std::size_t total = 0, resident = 0;
  statm >> total >> resident;
  return resident * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
}

void run(const std::string& input) {
  // An exact copy on the heap, so that a sanitizer sees a read just behind the end.
  const std::unique_ptr<std::uint8_t[]> bytes{new std::uint8_t[input.size()]};
  std::memcpy(bytes.get(), input.data(), input.size());
  LLVMFuzzerTestOneInput(bytes.get(), input.size());
}

/// One mutated input; the same for the same number.
class mutator {
public:
  mutator(const std::vector<std::string>& corpus, std::uint64_t number)
      : corpus_(corpus), random_(number) {}

  std::string make() {
    input_ = any();
    for (std::size_t left = 1 + below(8); left != 0; --left) mutate();
    if (input_.size() > input_bytes_max) input_.resize(input_bytes_max);
    return std::move(input_);
  }

private:
  std::size_t below(std::size_t limit) { return limit == 0 ? 0 : random_() % limit; }
  const std::string& any() { return corpus_[below(corpus_.size())]; }
  std::size_t place() { return below(input_.size() + 1); }
  /// Mostly short, sometimes as long as what there is.
  std::size_t length(std::size_t most) {
    return below(std::min(most, std::size_t{1} << below(17)) + 1);
  }

  void mutate() {
    const std::size_t at = place(), rest = input_.size() - at;
    switch (below(8)) {
    case 0: // flip a bit
      if (rest) input_[at] = static_cast<char>(input_[at] ^ 1 << below(8));
      break;
    case 1: // set a byte, to a value at a border more often than not
      if (rest) input_[at] = below(4) ? border_byte() : static_cast<char>(random_());
      break;
    case 2: // cut something out
      input_.erase(at, length(rest));
      break;
    case 3: // cut the end off
      input_.resize(at);
      break;
    case 4: { // go on with a part of another input
      const std::string& other = any();
      input_.replace(at, below(2) ? rest : 0, other, below(other.size() + 1), std::string::npos);
      break;
    }
    case 5: { // put bytes in
      std::string all(1 + below(16), '\0');
      for (auto one = all.rbegin(); one != all.rend(); ++one) *one = border_byte();
      input_.insert(at, all);
      break;
    }
    case 6: { // repeat a block
      // Put together before it goes in: the address sanitizer moves memory byte by byte.
      const std::string block = input_.substr(at, length(rest));
      std::string all;
      for (std::size_t n = std::size_t{1} << below(12); n != 0 && fits(all.size() + block.size()) && !block.empty(); --n) all += block;
      input_.insert(at, all);
      break;
    }
    default: { // repeat one byte
      const std::size_t n = length(input_bytes_max);
      if (fits(n)) input_.insert(at, n, rest ? input_[at] : border_byte());
    }
    }
  }

  bool fits(std::size_t more) const { return input_.size() + more <= input_bytes_max; }
  char border_byte() {
    constexpr char bytes[] =
        "\0\x01\x7f\x80\xff\xfe{}[]()\"'\\:;,.=-_ \t\r\n09aAzZ#&*!|>%@~<+/$^?`";
    return bytes[below(sizeof bytes - 1)];
  }

  const std::vector<std::string>& corpus_;
  std::mt19937_64 random_;
  std::string input_;
};

std::vector<std::string> read_corpus(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator{folder})
    if (entry.is_regular_file()) files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  std::vector<std::string> corpus;
  for (const auto& file : files) {
    std::ifstream in{file, std::ios::binary};
    corpus.emplace_back(std::istreambuf_iterator<char>{in}, std::istreambuf_iterator<char>{});
    std::snprintf(now_running, sizeof now_running, "%s", file.c_str());
    run(corpus.back());
  }
  return corpus;
}

} // namespace

int main(int argc, char** argv) {
  if (argc < 2 || !std::filesystem::is_directory(argv[1])) {
    std::fprintf(stderr, "usage: %s <corpus folder> [mutations] [first]\n", argv[0]);
    return 2;
  }
  const std::uint64_t runs = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 20'000;
  const std::uint64_t first = argc > 3 ? std::strtoull(argv[3], nullptr, 10) : 0;
  if (__sanitizer_set_death_callback) __sanitizer_set_death_callback(say_what_ran);
  std::signal(SIGABRT, at_signal);

  const std::vector<std::string> corpus = read_corpus(argv[1]);
  if (corpus.empty()) {
    std::fprintf(stderr, "fuzz: no files in %s\n", argv[1]);
    return 2;
  }
  const std::size_t before = resident_bytes();
  for (std::uint64_t i = first; i < first + runs; ++i) {
    std::snprintf(now_running, sizeof now_running, "mutation %llu",
                  static_cast<unsigned long long>(i));
    run(mutator{corpus, i}.make());
  }
  const std::size_t after = resident_bytes();
  const std::size_t grown = after > before ? after - before : 0;
  std::printf("fuzz: %zu files, %llu mutations, memory grew by %zu KiB\n", corpus.size(),
              static_cast<unsigned long long>(runs), grown >> 10);
  if (grown <= growth_bytes_max) return 0;
  std::fprintf(stderr, "fuzz: memory grew by more than %zu MiB\n", growth_bytes_max >> 20);
  return 1;
}
