"""python3 -m atp_client.vectors DIR: holds this client against conformance/vectors."""

import json
import pathlib
import sys

from . import cbor, frames, seal
from .cbor import Fault
from .fragments import Reassembly, cut


class Tally:
    def __init__(self):
        self.good = 0
        self.bad = []

    def equal(self, what, got, wanted):
        if got == wanted and type(got) is type(wanted):
            self.good += 1
        else:
            self.bad.append(f"{what}: {str(got)[:120]} instead of {str(wanted)[:120]}")


def check_frames(data, tally):
    kid, secret = data["key"]["kid"], bytes.fromhex(data["key"]["secret_hex"])
    for vector in data["vectors"]:
        name = vector["name"]
        raw = bytes.fromhex(vector["cbor_hex"])
        frame = frames.from_json(vector["json"])
        tally.equal(f"{name}: CBOR of the JSON", frames.to_cbor(frame).hex(), vector["cbor_hex"])
        tally.equal(f"{name}: read from CBOR", frames.from_cbor(raw), frame)
        tally.equal(f"{name}: read from own JSON", frames.from_json(frames.to_json(frame)), frame)
        tally.equal(f"{name}: canonical JSON", frames.canonical_json(frame), vector["canonical_json"])
        tally.equal(f"{name}: checksum", seal.checksum(frame), vector["checksum"])
        for other in vector.get("also_json", []):
            tally.equal(f"{name}: another text", frames.from_json(other), frame)
        signed = vector["signed"]
        sealed = frame | {one: signed[one] for one in ("nonce", "ts", "kid")}
        tally.equal(f"{name}: covered", seal.covered(sealed).hex(), signed["covered_hex"])
        tally.equal(f"{name}: signature", seal.signature(sealed, secret), signed["sig"])
        sealed["sig"] = signed["sig"]
        tally.equal(f"{name}: signed CBOR", frames.to_cbor(sealed).hex(), signed["cbor_hex"])
        for read in (frames.from_json(signed["json"]), frames.from_cbor(bytes.fromhex(signed["cbor_hex"]))):
            tally.equal(f"{name}: verified", seal.verify(read, {kid: secret}), True)
            tally.equal(f"{name}: changed", seal.verify(read | {"ttl": 99}, {kid: secret}), False)


def check_values(data, tally):
    for vector in data["vectors"]:
        name = vector["name"]
        value = frames.value_from_json(vector["canonical_json"])
        tally.equal(f"{name}: canonical CBOR", cbor.encode(value).hex(), vector["canonical_cbor_hex"])
        tally.equal(f"{name}: from CBOR", cbor.decode(bytes.fromhex(vector["canonical_cbor_hex"])), value)
        tally.equal(f"{name}: canonical JSON", frames.canonical_json(value), vector["canonical_json"])
        tally.equal(f"{name}: digest", seal.digest(value), vector["digest"])


def check_fragments(data, tally):
    for vector in data["vectors"]:
        name = vector["name"]
        message = frames.from_json(vector["message"]["json"])
        parts = cut(message, vector["text_bytes"], vector["binary_bytes"])
        wanted = [frames.from_cbor(bytes.fromhex(one["cbor_hex"])) for one in vector["fragments"]]
        tally.equal(f"{name}: read from JSON", [frames.from_json(one["json"]) for one in vector["fragments"]], wanted)
        tally.equal(f"{name}: cut", [frames.to_cbor(one).hex() for one in parts], [frames.to_cbor(one).hex() for one in wanted])
        if "root" in vector:
            digests = [seal.digest(one["payload"]["content"]) for one in parts]
            tally.equal(f"{name}: digests", digests, [one["digest"] for one in vector["fragments"]])
            tally.equal(f"{name}: root", parts[-1]["payload"]["frag"]["root"], vector["root"])
            whole = Reassembly()
            for part in reversed(wanted):
                outcome = whole.add(part)
            tally.equal(f"{name}: put together", outcome, "complete")
            tally.equal(f"{name}: the same message", whole.message, message)
    for tree in data["trees"]:
        digests = [seal.digest(bytes.fromhex(leaf)) for leaf in tree["leaves_hex"]]
        tally.equal("tree: digests", digests, tree["digests"])
        tally.equal("tree: root", seal.root(digests), tree["root"])


def check_acks(data, messages, tally):
    by_name = {vector["name"]: vector["fragments"] for vector in messages["vectors"]}
    for vector in data["vectors"]:
        whole = Reassembly()
        for number, step in enumerate(vector["steps"]):
            raw = step.get("damaged_cbor_hex") or by_name[vector["message"]][step["frag_seq"]]["cbor_hex"]
            frame = frames.from_cbor(bytes.fromhex(raw))
            got = {"outcome": whole.add(frame)}
            if whole.message is None:
                missing = whole.missing()
                if got["outcome"] == "bad_fragment":
                    missing = sorted({*missing, step["frag_seq"]})
                got |= {"ack_up_to": whole.ack_up_to} if whole.ack_up_to >= 0 else {}
                got |= {"missing": missing} if missing else {}
            wanted = {one: step[one] for one in ("outcome", "ack_up_to", "missing") if one in step}
            tally.equal(f"{vector['message']}, {vector['arrival']}, step {number}", got, wanted)


def check_failures(data, tally):
    for vector in data["json"]:
        text = bytes.fromhex(vector["json_hex"]) if "json_hex" in vector else vector["json"]
        tally.equal(f"JSON, {vector['name']}", fault_of(frames.from_json, text), vector["fault"])
    for vector in data["cbor"]:
        tally.equal(f"CBOR, {vector['name']}", fault_of(frames.from_cbor, bytes.fromhex(vector["cbor_hex"])), vector["fault"])


def fault_of(read, data):
    try:
        read(data)
    except Fault as fault:
        return fault.kind
    return "none"


def run(folder):
    data = {one.stem: json.loads(one.read_text("utf-8")) for one in pathlib.Path(folder).glob("*.json")}
    checks = {
        "frames": lambda tally: check_frames(data["frames"], tally),
        "values": lambda tally: check_values(data["values"], tally),
        "fragments": lambda tally: check_fragments(data["fragments"], tally),
        "acks": lambda tally: check_acks(data["acks"], data["fragments"], tally),
        "failures": lambda tally: check_failures(data["failures"], tally),
    }
    results = {}
    for name in sorted(data.keys() | checks.keys()):
        results[name] = tally = Tally()
        if name not in checks or name not in data:
            tally.bad.append("nothing here reads it" if name in data else "there is no such file")
            continue
        checks[name](tally)
    return results


def main(arguments):
    if len(arguments) != 1:
        print("usage: python3 -m atp_client.vectors DIR", file=sys.stderr)
        return 2
    results = run(arguments[0])
    for name, tally in results.items():
        print(f"{'ok  ' if not tally.bad else 'FAIL'} {name}: {tally.good} equal, {len(tally.bad)} different")
        for line in tally.bad:
            print(f"     {line}")
    return 1 if any(tally.bad for tally in results.values()) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
