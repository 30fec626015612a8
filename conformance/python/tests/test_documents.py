"""Held against the data of the repository: vectors, traces, and the description of all fields."""

import json
import pathlib
import unittest

from atp_client import frames, seal, tables, vectors

ROOT = pathlib.Path(__file__).resolve().parents[3]
TRACES = ROOT / "conformance" / "traces"
SECRET = json.loads((ROOT / "conformance/vectors/frames.json").read_text("utf-8"))["key"]


class Vectors(unittest.TestCase):
    def test_all_agree(self):
        for name, tally in vectors.run(ROOT / "conformance" / "vectors").items():
            self.assertEqual(tally.bad, [], name)
            self.assertGreater(tally.good, 0, name)


class Traces(unittest.TestCase):
    def test_bytes_and_frames_are_the_same(self):
        compared = 0
        for path in TRACES.glob("*.jsonl"):
            for line in map(json.loads, path.read_text("utf-8").splitlines()[1:]):
                frame = frames.value_from_json(json.dumps(line["frame"]))
                frames.validate(frame)
                if "hex" in line and line["encoding"] == "cbor":
                    self.assertEqual(frames.to_cbor(frame).hex(), line["hex"], path.name)
                    self.assertEqual(frames.from_cbor(bytes.fromhex(line["hex"])), frame)
                    compared += 1
        self.assertGreater(compared, 50)

    def test_signatures_are_good(self):
        keys = {SECRET["kid"]: bytes.fromhex(SECRET["secret_hex"])}
        lines = [json.loads(line) for line in (TRACES / "signed.jsonl").read_text("utf-8").splitlines()[1:]]
        signed = [line["frame"] for line in lines if "sig" in line["frame"]]
        self.assertEqual([seal.verify(frame, keys) for frame in signed], [True] * len(signed))
        self.assertGreater(len(signed), 4)


class Fields(unittest.TestCase):
    """The tables of this client come from docs/protocol/atp.md; fields.json has to say the same."""

    def setUp(self):
        self.fields = json.loads((ROOT / "docs/protocol/schemas/fields.json").read_text("utf-8"))

    def test_keys_and_members(self):
        shapes = {"frame": tables.FRAME, "window": tables.WINDOW, "meta": tables.META, "payload": tables.PAYLOAD}
        for name, shape in (shapes | {"cost_est": tables.COST, "frag": tables.FRAG}).items():
            wanted = self.fields["shapes"][name]["members"]
            self.assertEqual(shape["members"], {member: one["key"] for member, one in wanted.items()}, name)
            self.assertEqual(set(shape["required"]), {member for member, one in wanted.items() if one.get("required")}, name)

    def test_values(self):
        """Every specification of a member, down to its bounds."""

        def same(path, mine, theirs):
            kind = theirs["kind"]
            wanted = {"flag": "bool", "any": "free", "free_object": "record"}.get(kind, kind)
            if "pattern" in theirs:
                wanted = "digest" if "sha256" in theirs["pattern"] else "signature"
            self.assertEqual(mine[0], wanted, path)
            if wanted in ("int", "number", "text"):
                self.assertEqual(mine[1:], (theirs["min"], theirs.get("max", 2**53 - 1)), path)
            elif wanted == "word":
                self.assertEqual(list(mine[1]), theirs["values"], path)
            elif kind in ("list", "record"):
                self.assertEqual(mine[2], theirs["max"], path)
                same(path + "[]", mine[1], theirs["of"])
            elif wanted == "either":
                same(path, mine[1], theirs["of"][0])
                same(path, mine[2], theirs["of"][1])
            elif wanted == "object":
                members(path, mine[1], theirs["shape"])

        def members(path, shape, name):
            wanted = self.fields["shapes"][name]["members"]
            self.assertEqual(set(shape["specs"]), set(wanted), path)
            self.assertEqual(set(shape["required"]), {one for one in wanted if wanted[one].get("required")}, path)
            for one, field in wanted.items():
                same(f"{path}.{one}", shape["specs"][one], field["spec"])

        members("frame", tables.FRAME, "frame")
        for kind, payload in self.fields["payloads"].items():
            self.assertEqual("content" in payload, kind in tables.CONTENTS, kind)
            if "content" in payload:
                same(kind, tables.CONTENTS[kind], {"kind": "object", "shape": payload["content"]})
                self.assertEqual(payload.get("required", False), kind not in tables.MAY_BE_ABSENT, kind)


if __name__ == "__main__":
    unittest.main()
