#!/usr/bin/python3
"""Reads the project's files and says where they break its rules; --self-test shows that every rule can be broken."""
import os
import re
import sys

FILE_LINES_MAX = 400
FUNCTION_LINES_MAX = 70
SOURCE = (".cpp", ".hpp")
THEMSELVES = ("tests/tidy_test.py", "tests/tidy_samples.py")  # they name what they look for
OWN = ("core", "topology", "codecs", "config", "io", "actors")

# What each directory may include. A part is a directory of ours; the others are prefixes of third parties' headers.
WALLS = {
    "core": {"parts": {"core"}, "others": ("Eigen/", "tl/expected.hpp"), "system": False},
    "topology": {"parts": {"core", "topology"}, "others": ("boost/graph/", "tl/expected.hpp"), "system": False},
    "codecs": {"parts": {"core", "codecs"}, "others": ("msgpack", "simdjson", "nlohmann/", "tl/expected.hpp"), "system": False},
    "config": {"parts": {"core", "config"}, "others": ("yaml-cpp/", "tl/expected.hpp"), "system": True},
    "io": {"parts": {"core", "codecs", "io"},
           "others": ("librdkafka/", "sqlite3", "curl/", "civetweb", "CivetServer", "openssl/", "spdlog/", "zlib.h", "nlohmann/", "tl/expected.hpp"),
           "system": True},
    "actors": {"parts": set(OWN), "others": ("caf/", "prometheus/", "nlohmann/", "CLI/", "tl/expected.hpp"), "system": True},
}
# Headers that a single file may use, wherever its part stands.
ONLY_IN = {"re2/": "core/matcher.cpp"}
# Parts of the standard library that wait, touch files or tell the time: not for the pure logic.
IMPURE = {"condition_variable", "ctime", "filesystem", "fstream", "future", "iostream", "mutex", "semaphore", "shared_mutex", "stop_token", "thread"}


class problem:
    def __init__(self, path, line, text):
        self.path, self.line, self.text = path, line, text

    def __str__(self):
        return f"{self.path}:{self.line}: {self.text}"


def part_of(path):
    return path.split("/", 1)[0]


def sources(files, extensions=SOURCE):
    return ((p, t) for p, t in sorted(files.items()) if p.endswith(extensions))


def blank(text, keep_strings=False):
    """The text without comments and literals, every line still in its place."""
    pattern = re.compile(r'//[^\n]*|/\*.*?\*/|R"(\w*)\(.*?\)\1"|"(?:\\.|[^"\\\n])*"|(?<![0-9A-Fa-f])\'(?:\\.|[^\'\\\n])+\'', re.S)

    def erase(found):
        literal = found.group(0)
        if keep_strings and not literal.startswith(("//", "/*")):
            return literal
        return ("" if literal.startswith("//") else '""') + "\n" * literal.count("\n")
    return pattern.sub(erase, text)


def lines_with(text, pattern):
    for number, line in enumerate(text.split("\n"), 1):
        for found in re.finditer(pattern, line):
            yield number, found


def check_include_walls(files):
    for path, text in sources(files):
        part = part_of(path)
        wall = WALLS.get(part)
        for number, found in lines_with(blank(text, keep_strings=True), r'^\s*#\s*include\s*([<"])([^>"]+)[>"]'):
            quoted, header = found.group(1) == '"', found.group(2)
            if header.startswith("caf/") and part not in ("actors", "tests"):
                yield problem(path, number, f"<{header}>: CAF is for actors/ and tests/ only")
            elif alone := next((place for prefix, place in ONLY_IN.items() if header.startswith(prefix)), None):
                if path != alone:
                    yield problem(path, number, f"<{header}>: only {alone} may include it")
            elif not wall:
                continue
            elif quoted:
                if header.split("/", 1)[0] not in wall["parts"] or "/" not in header:
                    yield problem(path, number, f"{part}/ may not include \"{header}\"; it may use {', '.join(sorted(wall['parts']))}")
            elif header.startswith(wall["others"]):
                continue
            elif re.fullmatch(r"[a-z0-9_]+", header):
                if part in ("core", "topology", "codecs") and header in IMPURE:
                    yield problem(path, number, f"<{header}>: {part}/ is pure: no threads, files or clocks")
            elif not (wall["system"] and header_is_system(header)):
                yield problem(path, number, f"{part}/ may not include <{header}>")


def header_is_system(header):
    return bool(re.fullmatch(r"(sys|netinet|arpa|net|linux)/\w+\.h|(unistd|malloc|poll|fcntl|netdb|pthread|signal|errno|termios|dirent|grp|pwd)\.h", header))


def check_file_length(files):
    for path, text in sources(files, SOURCE + (".py",)):
        lines = text.count("\n")
        if lines > FILE_LINES_MAX:
            yield problem(path, lines, f"{lines} lines, {FILE_LINES_MAX} are allowed: split it by meaning")


def check_header_sentence(files):
    for path, text in sources(files, (".hpp",)):
        if not re.match(r"// \S", text):
            yield problem(path, 1, "a header opens with a // comment that says what it is")


def check_banned_words(files):
    for path, text in sources(files, SOURCE + (".py", ".sh", ".txt", ".cmake", ".yaml")):
        if path in THEMSELVES:
            continue
        for number, found in lines_with(text, r"\b(TODO|FIXME|XXX|HACK)\b"):
            yield problem(path, number, f"{found.group(1)}: do it, or open an issue")


def check_banned_calls(files):
    for path, text in sources(files):
        code, part = blank(text), part_of(path)
        if part in OWN and path != "io/clock.hpp":
            for number, _ in lines_with(code, r"::\s*now\s*\("):
                yield problem(path, number, "time comes with the message; only io/clock.hpp asks for it")
        for number, found in lines_with(code, r"\b(sleep_for|sleep_until|usleep|nanosleep)\b"):
            yield problem(path, number, f"{found.group(1)}: wait for what is meant, not for a while")
        if part in OWN and path != "actors/supervisor.cpp":
            lines = text.split("\n")
            for number, _ in lines_with(code, r"\bcatch\s*\(\s*\.\.\.\s*\)"):
                if "thread entry" not in lines[number - 1]:
                    yield problem(path, number, "catch (...) hides bugs; only actors/supervisor.cpp, and lines marked '// thread entry: WHY'")


def function_spans(code):
    """(first line, last line) of each brace block that opens after a parameter list."""
    stack, line, head = [], 1, ""
    for c in code:
        if c == "\n":
            line += 1
        if c == "{":
            flat = " ".join(head.split())
            is_function = bool(re.search(r"\)\s*(const|noexcept|override|final|mutable|->\s*[\w:<>,\s*&]+|:\s.*)?\s*(const|noexcept|override|final|\s)*$", flat)) \
                and not re.search(r"(^|[;}\s])(if|for|while|switch|catch)\b[^;{}]*$", flat)
            stack.append((line, is_function))
            head = ""
        elif c == "}":
            if stack:
                first, is_function = stack.pop()
                if is_function:
                    yield first, line
            head = ""
        elif c == ";":
            head = ""
        else:
            head += c


def check_function_length(files):
    for path, text in sources(files):
        code = re.sub(r"^[ \t]*#.*$", "", blank(text), flags=re.M)
        for first, last in function_spans(code):
            if last - first - 1 > FUNCTION_LINES_MAX:
                yield problem(path, first, f"a function of {last - first - 1} lines, {FUNCTION_LINES_MAX} are allowed: split it by meaning")


def check_metrics_documented(files):
    said = files.get("docs/metrics.md", "")
    known = set(re.findall(r'"(tocsin_[a-z0-9_]+)"', files.get("actors/telemetry.cpp", "")))
    for name in sorted(known):
        if f"`{name}`" not in said:
            yield problem("docs/metrics.md", 1, f"metric {name} of actors/telemetry.cpp is not described")
    for number, found in lines_with(said, r"^\|\s*`(tocsin_[a-z0-9_]+)`"):
        if found.group(1) not in known:
            yield problem("docs/metrics.md", number, f"metric {found.group(1)} does not exist in actors/telemetry.cpp")


def check_routes_documented(files):
    said = set(re.findall(r"^  (/\S*):\s*$", files.get("docs/openapi.yaml", ""), re.M))
    pages = {"/", "/style.css", "/api/v1/openapi.yaml"}  # for people's browsers, and the description itself
    routes = set(route for path, text in files.items() if path.startswith("actors/") and path.endswith(".cpp")
                 for route in re.findall(r'\.route\("([^"]+)"', text)) - pages
    for route in sorted(routes):
        fits = [s for s in said if (s.startswith(route + "{") if route.endswith("/") else s == route)]
        if not fits:
            yield problem("docs/openapi.yaml", 1, f"route {route} of actors/ is not described")
    for path in sorted(said):
        if path not in routes and re.sub(r"\{.*", "", path) not in routes:
            yield problem("docs/openapi.yaml", 1, f"{path} is described, but actors/ has no such route")


def check_links(files):
    folders = {os.path.dirname(p) for p in files}
    folders |= {"/".join(f.split("/")[:n]) for f in folders for n in range(1, f.count("/") + 2)}
    for path, text in sources(files, (".md",)):
        text = re.sub(r"^```.*?^```", lambda f: "\n" * f.group(0).count("\n"), text, flags=re.S | re.M)
        for number, found in lines_with(text, r"\[[^\]]*\]\(([^)\s]+)\)"):
            target = found.group(1)
            if re.match(r"[a-z]+:", target):
                continue
            name, _, anchor = target.partition("#")
            to = os.path.normpath(os.path.join(os.path.dirname(path), name)) if name else path
            if to not in files and to not in folders:
                yield problem(path, number, f"link to {target}, which is not there")
            elif anchor and to in files and anchor not in anchors(files[to]):
                yield problem(path, number, f"link to {target}: no such heading")


def anchors(text):
    """Headings as GitHub makes anchors of them."""
    return {re.sub(r"[^\w\- ]", "", h.strip().lower()).replace(" ", "-") for h in re.findall(r"^#+\s+(.*)$", text, re.M)}


def check_machine_paths(files):
    pattern = r"(?<![\w.~/-])/(work|root|home/\w+|tmp/\w)(?=[/\s\"'`:;,)]|$)"
    for path, text in sorted(files.items()):
        if path in THEMSELVES:
            continue
        for number, found in lines_with(text, pattern):
            yield problem(path, number, f"{found.group(0)}: a path of one machine")


def check_test_namespace(files):
    """Several tests are compiled at once (TOCSIN_UNITY): what each calls its helpers must be its own matter."""
    for path, text in sources(files, (".cpp",)):
        found = re.fullmatch(r"tests/(?:core|codecs|config|io|actors)/(\w+_test)\.cpp", path)
        if found and not re.search(rf"^namespace tocsin::{found.group(1)} {{$", text, re.M):
            yield problem(path, 1, f"its names belong in namespace tocsin::{found.group(1)}")


CHECKS = {name[6:]: value for name, value in list(globals().items()) if name.startswith("check_")}


def read_tree(root):
    files = {}
    for folder, folders, names in os.walk(root):
        at = os.path.relpath(folder, root)
        folders[:] = sorted(f for f in folders if not f.startswith((".", "build")) and f not in ("node_modules", "__pycache__", "corpus"))
        for name in sorted(set(names) - {".git"}):
            path = os.path.normpath(os.path.join(at, name))
            try:
                with open(os.path.join(folder, name), encoding="utf-8") as file:
                    files[path] = file.read()
            except UnicodeDecodeError:
                files[path] = ""  # not text: only its name counts
    return files


def main():
    here = os.path.dirname(os.path.abspath(__file__))
    if "--self-test" in sys.argv:
        sys.path.insert(0, here)
        import tidy_samples
        return tidy_samples.run(CHECKS)
    found = 0
    files = read_tree(os.path.dirname(here))
    for name, check in CHECKS.items():
        for p in check(files):
            print(f"{p}  [{name}]")
            found += 1
    print(f"{len(files)} files, {len(CHECKS)} rules, {found} problems")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
