"""Messages cut into fragments, and put together again: W50 to W62."""

from . import seal
from .frames import Fault, flags, more_follows, to_json, validate, value_from_json

MAX_FRAGMENTS = 4096
MAX_MESSAGE_BYTES = 16_777_216
SIZES = {"gold": 65_536, "silver": 32_768, "bronze": 16_384}
SIGNED = ("sig", "nonce", "ts", "kid", "checksum")


def pieces_of_text(text, size):
    """Cut between characters, each piece at most `size` bytes of UTF-8."""
    raw = text.encode("utf-8")
    at = 0
    while at < len(raw):
        end = min(at + size, len(raw))
        while end < len(raw) and raw[end] & 0xC0 == 0x80:
            end -= 1
        yield raw[at:end].decode("utf-8")
        at = end


def cut(frame, text_bytes=None, binary_bytes=None):
    """The frames of a message: itself when it fits, else its fragments."""
    payload = frame.get("payload", {})
    if "content" not in payload:
        return [frame]
    text_bytes = text_bytes or SIZES[frame.get("qos", "silver")]
    binary_bytes = binary_bytes or 2 * text_bytes
    content, form = payload["content"], {}
    if isinstance(content, bytes):
        pieces = [content[at : at + binary_bytes] for at in range(0, len(content), binary_bytes)]
    else:
        if not isinstance(content, str):
            content, form = to_json(content), {"form": "json"}
        pieces = list(pieces_of_text(content, text_bytes))
    if len(pieces) < 2:
        return [frame]
    digests = [seal.digest(piece) for piece in pieces]
    result = []
    for index, piece in enumerate(pieces):
        last = index == len(pieces) - 1
        if index == 0:
            part = dict(frame)
            part["payload"] = dict(payload)
            part["flags"] = flags(frame) + ["MORE"]
        else:
            part = {name: frame[name] for name in ("v", "session_id", "stream_id", "msg_seq", "qos", "ttl") if name in frame}
            part["frag_seq"] = index
            if not last:
                part["flags"] = ["MORE"]
            part["payload"] = {name: payload[name] for name in ("type", "persona_id", "clone_id") if name in payload}
        part["payload"] |= {"content": piece, "checksum": digests[index]}
        if last:
            size = sum(len(seal.content_bytes(one)) for one in pieces)
            part["payload"]["frag"] = {"root": seal.root(digests), "bytes": size} | form
        result.append(part)
    return result


class Reassembly:
    """One message that comes in fragments."""

    def __init__(self):
        self.parts = {}
        self.last = None
        self.bytes = 0
        self.failed = None
        self.message = None

    @property
    def ack_up_to(self):
        up_to = -1
        while up_to + 1 in self.parts:
            up_to += 1
        return up_to

    def missing(self):
        """Nothing is called missing before the last one has come (W57)."""
        if self.last is None or self.message is not None:
            return []
        return [index for index in range(self.last + 1) if index not in self.parts]

    def fail(self, why):
        self.failed = why
        self.parts = {}
        return "failed"

    def add(self, frame):
        """`stored`, `duplicate`, `bad_fragment`, `complete` or `failed`."""
        if self.failed:
            return "failed"
        if self.message is not None:
            return "duplicate"
        payload = frame["payload"]
        index = frame.get("frag_seq", 0)
        before = self.parts.get(index)
        if before is not None:
            if before["payload"]["checksum"] != payload["checksum"]:
                return self.fail("two digests for one index")
            return "duplicate"
        if seal.digest(payload["content"]) != payload["checksum"]:
            return "bad_fragment"
        if self.parts:
            other = next(iter(self.parts.values()))["payload"]
            if other["type"] != payload["type"] or type(other["content"]) is not type(payload["content"]):
                return self.fail("fragments disagree")
        last = not more_follows(frame)
        if last and (self.last is not None or any(one > index for one in self.parts)):
            return self.fail("two last fragments")
        if self.last is not None and index > self.last:
            return self.fail("behind the last fragment")
        if last and "frag" not in payload:
            return self.fail("the last fragment has no root")
        self.bytes += len(seal.content_bytes(payload["content"]))
        if index >= MAX_FRAGMENTS or self.bytes > MAX_MESSAGE_BYTES:
            return self.fail("too large")
        self.parts[index] = frame
        if last:
            self.last = index
        if self.last is None or len(self.parts) <= self.last:
            return "stored"
        return self.join()

    def join(self):
        ordered = [self.parts[index]["payload"] for index in range(self.last + 1)]
        frag = ordered[-1]["frag"]
        if frag["bytes"] != self.bytes or frag["root"] != seal.root([one["checksum"] for one in ordered]):
            return self.fail("the root or the size is wrong")
        kind = bytes if isinstance(ordered[0]["content"], bytes) else str
        content = kind().join(one["content"] for one in ordered)
        first = self.parts[0]
        message = {name: value for name, value in first.items() if name not in SIGNED + ("frag_seq", "flags", "payload")}
        kept = [flag for flag in flags(first) if flag not in ("MORE", "FRAG", "LAST")]
        if kept:
            message["flags"] = kept
        message["payload"] = {name: value for name, value in first["payload"].items() if name not in ("checksum", "frag")}
        try:
            if frag.get("form") == "json":
                content = value_from_json(content)
            message["payload"]["content"] = content
            validate(message)
        except Fault as fault:
            return self.fail(f"what was put together is no message: {fault}")
        self.message = message
        return "complete"
