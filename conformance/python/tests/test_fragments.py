import itertools
import random
import unittest

from atp_client import seal
from atp_client.fragments import Reassembly, cut

MESSAGE = {"v": 1, "session_id": "s", "stream_id": "1", "msg_seq": 3, "flags": ["SYN", "FIN"], "meta": {"risk": "low"}}


def message(content):
    return MESSAGE | {"payload": {"type": "agent.log", "content": content, "seq": 4}}


class Fragments(unittest.TestCase):
    def test_any_order_gives_the_message(self):
        for content in ("Snow ☃☃☃ and 😀", bytes(range(12)), {"a": [1, b"\x00"], "text": "long enough"}):
            parts = cut(message(content), 5, 5)
            self.assertGreater(len(parts), 2)
            for order in itertools.islice(itertools.permutations(parts), 40):
                whole = Reassembly()
                outcomes = [whole.add(part) for part in order]
                self.assertEqual(outcomes[-1], "complete")
                self.assertEqual(whole.message, message(content))

    def test_nothing_is_missing_before_the_last_one(self):
        parts = cut(message("x" * 50), 10)
        whole = Reassembly()
        whole.add(parts[2])
        self.assertEqual(whole.missing(), [])
        whole.add(parts[4])
        self.assertEqual(whole.missing(), [0, 1, 3])

    def test_a_wrong_piece_is_not_used(self):
        parts = cut(message("x" * 30), 10)
        whole = Reassembly()
        wrong = parts[1] | {"payload": parts[1]["payload"] | {"content": "y" * 10}}
        self.assertEqual(whole.add(wrong), "bad_fragment")
        self.assertEqual([whole.add(part) for part in parts], ["stored", "stored", "complete"])

    def test_contradictions_fail_the_message(self):
        parts = cut(message("x" * 30), 10)
        other = parts[1] | {"payload": parts[1]["payload"] | {"content": "z", "checksum": seal.digest("z")}}
        whole = Reassembly()
        self.assertEqual([whole.add(one) for one in (parts[1], other, parts[0])], ["stored", "failed", "failed"])
        wrong_root = parts[2] | {"payload": parts[2]["payload"] | {"frag": {"root": seal.digest(""), "bytes": 30}}}
        whole = Reassembly()
        self.assertEqual([whole.add(one) for one in (*parts[:2], wrong_root)], ["stored", "stored", "failed"])

    def test_roots_split_at_the_largest_power_of_two(self):
        digests = [seal.digest(bytes([one])) for one in range(random.randint(5, 8))]
        self.assertEqual(seal.root(digests), seal.root([seal.root(digests[:4]), seal.root(digests[4:])]))


if __name__ == "__main__":
    unittest.main()
