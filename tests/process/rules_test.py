"""tocsin test as people use it: a test that passes, one that fails and says why, and a file with mistakes."""
import os
import unittest

from support import folder, main, tocsin, write

CONFIG = 'receivers: [{name: ops, kind: webhook, webhook: {url: "http://hook.example.com/"}}]\n'
TESTS = """config: c.yaml
tests:
  - name: a death is told
    scenario: |
      fleet 2 daemons
      at 1h %s 10.0.0.1
      until 2h
    orders: [{at: %s, kind: acknowledge, target: heartbeat_lost rvd/10.0.0.1/7500}]
    expect:
      notifications:
        - {receiver: %s, reason: opened, subject: rvd/10.0.0.1/7500, count: %s}
"""


class rules(unittest.TestCase):
    def run_test(self, fault="die", at="1h30m", receiver="ops", count="1"):
        home = folder(self)
        write(os.path.join(home, "c.yaml"), CONFIG)
        return tocsin("test", write(os.path.join(home, "t.yaml"), TESTS % (fault, at, receiver, count)))

    def test_what_holds_passes(self):
        ran = self.run_test()
        self.assertEqual((ran.returncode, ran.stdout), (0, "PASS a death is told\n1 passed, 0 failed\n"))

    def test_what_does_not_hold_fails_with_what_was_said(self):
        ran = self.run_test(count="0")
        self.assertEqual(ran.returncode, 1)
        self.assertIn("line 11: notifications 0 opened of rvd/10.0.0.1/7500 to ops\n  but there were 1", ran.stdout)

    def test_an_order_that_is_refused_fails(self):
        ran = self.run_test(at="30m")
        self.assertEqual(ran.returncode, 1)
        self.assertIn("line 8: acknowledge at 30m\n  but no incident of", ran.stdout)

    def test_mistakes_are_named_with_their_place(self):
        self.assertIn("t.yaml:6:", self.run_test(fault="dye").stderr)
        ran = self.run_test(receiver="opps")
        self.assertEqual(ran.returncode, 2)
        self.assertIn("did you mean 'ops'?", ran.stderr)


if __name__ == "__main__":
    main()
