"""deploy/test.sh says by its exit code whether everything was green, whichever part was not."""
import os
import shutil
import subprocess
import sys
import tempfile
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
STUB = """#!/bin/sh
[ "$(basename "$0") ${1#--}" = "$BROKEN" ] || [ "$(basename "$0")" = "$BROKEN" ] && code=8
[ "$(basename "$0")" = ctest ] && echo "50% tests passed, 1 tests failed out of 2"
exit ${code:-0}
"""


class script(unittest.TestCase):
    def run_with(self, broken, *parts):
        with tempfile.TemporaryDirectory(prefix="tocsin-test-") as place:
            for folder in ("deploy", "bin", "build/release"):
                os.makedirs(os.path.join(place, folder))
            shutil.copy(os.path.join(ROOT, "deploy", "test.sh"), os.path.join(place, "deploy"))
            for tool in ("cmake", "ctest"):
                path = os.path.join(place, "bin", tool)
                with open(path, "w", encoding="utf-8") as file:
                    file.write(STUB)
                os.chmod(path, 0o755)
            return subprocess.run([os.path.join(place, "deploy", "test.sh"), "--no-install", *parts], capture_output=True, text=True, check=False,
                                  timeout=30, env={**os.environ, "PATH": os.path.join(place, "bin") + ":" + os.environ["PATH"], "BROKEN": broken})

    def test_all_green(self):
        done = self.run_with("nothing")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_whatever_is_broken_is_told(self):
        for parts in (("tsan",), ("asan",), ("release",), ()):
            for broken in ("ctest", "cmake build", "cmake preset"):
                with self.subTest(parts=parts, broken=broken):
                    done = self.run_with(broken, *parts)
                    self.assertEqual(done.returncode, 8, done.stdout + done.stderr)
                    self.assertIn("test: FAILED in", done.stderr)


if __name__ == "__main__":
    sys.exit(unittest.main(verbosity=2))
