// tocsin analyse signature: the library of named faults, a file of its own.
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "actors/cli.hpp"
#include "actors/cli_analyse.hpp"
#include "actors/cli_series.hpp"
#include "codecs/signature_json.hpp"

namespace tocsin::cli {

namespace {

constexpr std::size_t library_bytes_max = 64 << 20; ///< 1000 signatures of some hundred channels are a few MB

/// An empty library when the file is not there and may be new.
result<signature_library> load_library(const std::string& path, bool may_be_new) {
  const output_file file{std::fopen(path.c_str(), "rb")};
  if (!file) {
    if (may_be_new && errno == ENOENT) return signature_library{};
    return fail(errc::io, path + ": cannot be read: " + std::strerror(errno) + "; capture a signature into it first");
  }
  std::string text;
  char piece[4096];
  for (std::size_t n = 0; text.size() <= library_bytes_max && (n = std::fread(piece, 1, sizeof piece, file.get())) > 0;) text.append(piece, n);
  if (text.size() > library_bytes_max)
    return fail(errc::too_large, path + ": more than " + std::to_string(library_bytes_max) + " bytes; it is no library of fault signatures");
  return parse_signature_library(text, path);
}

/// Whole or not at all: written under another name, then renamed.
bool store_library(const std::string& path, const signature_library& library) {
  const std::string text = to_json(library), beside = path + ".new";
  {
    const output_file out = open_output(beside);
    if (!out) return false;
    std::fwrite(text.data(), 1, text.size(), out.get());
    if (!written(out, beside)) return false;
  }
  if (std::rename(beside.c_str(), path.c_str()) == 0) return true;
  std::fprintf(stderr, "tocsin: %s: cannot be replaced: %s\n", path.c_str(), std::strerror(errno));
  return false;
}

} // namespace

int signature(const analyse_command& c) {
  auto library = load_library(c.library, c.what == "capture");
  if (!library) return complain(library.error());
  if (c.what == "list") return print(c, library_report(*library));
  const auto rows = parse_row_range(c.rows), normal = parse_row_range(c.normal);
  if (!rows) return complain(rows.error(), usage);
  if (!normal) return complain(normal.error(), usage);
  const auto of = read_series(c.input, {{}, c.columns});
  if (!of) return problem;
  auto seen = capture_signature(*of, *rows, *normal, c.what == "capture" ? c.name : "seen");
  if (!seen) return complain(seen.error());
  if (c.what == "recognise") {
    const auto said = recognise_report(*library, *of, *seen);
    return said ? print(c, *said) : complain(said.error());
  }
  const kept_signature added{std::move(*seen), of->name + " rows " + c.rows + ", normal rows " + c.normal};
  if (auto good = add_signature(*library, *of, added); !good) return complain(good.error());
  if (!store_library(c.library, *library)) return problem;
  return print(c, capture_report(*library, added));
}

} // namespace tocsin::cli
