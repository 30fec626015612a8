import math
import unittest

from atp_client import cbor
from atp_client.cbor import Fault


class Numbers(unittest.TestCase):
    def test_the_shortest_form(self):
        for value, wanted in (
            (0, "00"),
            (23, "17"),
            (24, "1818"),
            (-1, "20"),
            (2**53 - 1, "1b001fffffffffffff"),
            (1.0, "01"),
            (-0.0, "00"),
            (0.5, "f93800"),
            (65503.5, "fa477fdf80"),
            (0.1, "fb3fb999999999999a"),
        ):
            self.assertEqual(cbor.encode(value).hex(), wanted)

    def test_what_there_is_not(self):
        for value in (2**53, -(2**53), 1e300, math.nan, math.inf):
            with self.assertRaises(Fault):
                cbor.encode(value)


class Maps(unittest.TestCase):
    def test_keys_rise_by_their_bytes(self):
        self.assertEqual(cbor.encode({"aa": 1, "b": 2, "": 3}).hex(), "a3600361620262616101")

    def test_no_other_order_is_read(self):
        for raw, kind in (("a2616200616100", "non_canonical"), ("a2616100616100", "duplicate_key"), ("a10000", "unsupported")):
            with self.assertRaises(Fault) as caught:
                cbor.decode(bytes.fromhex(raw))
            self.assertEqual(caught.exception.kind, kind)

    def test_what_was_written_is_read(self):
        value = {"a": [1, -1, 0.25, None, True, b"\x00", "☃"], "": {"b": {}}}
        self.assertEqual(cbor.decode(cbor.encode(value)), value)

    def test_every_cut_is_seen(self):
        raw = cbor.encode({"a": [1, 300, 0.25, b"\x00\x01", "☃"]})
        for size in range(len(raw)):
            with self.assertRaises(Fault) as caught:
                cbor.decode(raw[:size])
            self.assertEqual(caught.exception.kind, "truncated")


if __name__ == "__main__":
    unittest.main()
