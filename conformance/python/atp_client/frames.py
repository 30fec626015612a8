"""Frames as JSON and as CBOR, and the rules that every frame keeps (W1 to W39). A frame is a dict; bytes are bytes."""

import base64
import json
import math
import re

from . import cbor
from .cbor import MAX_DEPTH, MAX_INTEGER, MAX_ITEMS, Fault
from .tables import CONTENTS, FRAME, MAY_BE_ABSENT

MAX_BYTES = 1_048_576
DIGEST = re.compile(r"sha256:[0-9a-f]{64}\Z")
SIGNATURE = re.compile(r"[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]\Z")
BASE64URL = re.compile(r"[A-Za-z0-9_-]*\Z")


def flags(frame):
    return frame.get("flags", [])


def is_fragment(frame):
    """W55, and FRAG without LAST of older drafts (W12)."""
    has = flags(frame)
    return "MORE" in has or frame.get("frag_seq", 0) > 0 or ("FRAG" in has and "LAST" not in has)


def more_follows(frame):
    has = flags(frame)
    return "MORE" in has or ("FRAG" in has and "LAST" not in has)


def lane(frame):
    payload = frame.get("payload", {})
    return frame["stream_id"], payload.get("persona_id"), payload.get("clone_id")


# ---------------------------------------------------------------- rules


def check(value, spec, path):
    """Whether a value is as its table says (W3)."""
    kind = spec[0]
    if kind == "free":
        return
    if kind in ("int", "number"):
        if isinstance(value, bool) or not isinstance(value, (int, float)) or (kind == "int" and not isinstance(value, int)):
            raise Fault("type", path)
        if not spec[1] <= value <= spec[2]:
            raise Fault("value", path)
    elif kind in ("text", "word", "digest", "signature"):
        if not isinstance(value, str):
            raise Fault("type", path)
        if (
            (kind == "text" and not spec[1] <= len(value) <= spec[2])
            or (kind == "word" and value not in spec[1])
            or (kind == "digest" and not DIGEST.match(value))
            or (kind == "signature" and not SIGNATURE.match(value))
        ):
            raise Fault("value", path)
    elif kind == "bool":
        if not isinstance(value, bool):
            raise Fault("type", path)
    elif kind == "list":
        if not isinstance(value, list):
            raise Fault("type", path)
        if len(value) > spec[2]:
            raise Fault("value", path)
        for index, one in enumerate(value):
            check(one, spec[1], f"{path}[{index}]")
    elif kind == "record":
        if not isinstance(value, dict):
            raise Fault("type", path)
        if spec[1][0] != "free" and len(value) > spec[2]:
            raise Fault("value", path)
        for one in value.values():
            check(one, spec[1], path)
    elif kind == "either":
        check(value, spec[2] if isinstance(value, dict) else spec[1], path)
    elif kind == "object":
        check_object(value, spec[1], path)


def check_object(value, shape, path):
    if not isinstance(value, dict):
        raise Fault("type", path)
    for name, spec in shape["specs"].items():
        if name in value:
            check(value[name], spec, f"{path}.{name}")
        elif name in shape["required"]:
            raise Fault("missing", f"{path}.{name}")


def validate(frame):
    if not isinstance(frame, dict):
        raise Fault("type")
    if isinstance(frame.get("v"), int) and not isinstance(frame["v"], bool) and frame["v"] != 1:
        raise Fault("version", "v")
    check_object(frame, FRAME, "frame")
    if "sig" in frame and not all(name in frame for name in ("nonce", "ts", "kid")):
        raise Fault("missing", "sig")
    if "payload" in frame:
        validate_payload(frame["payload"], is_fragment(frame))
    elif is_fragment(frame):
        raise Fault("missing", "payload")
    return frame


def validate_payload(payload, fragment):
    kind = payload["type"]
    if fragment:
        for name in ("content", "checksum"):
            if name not in payload:
                raise Fault("missing", f"payload.{name}")
        if not isinstance(payload["content"], (str, bytes)):
            raise Fault("type", "payload.content")
        return
    if kind in CONTENTS:
        if "content" in payload:
            check(payload["content"], CONTENTS[kind], "payload.content")
        elif kind not in MAY_BE_ABSENT:
            raise Fault("missing", "payload.content")
    if kind == "agent.result.provisional" and "expiry_ms" not in payload:
        raise Fault("missing", "payload.expiry_ms")


# ---------------------------------------------------------------- CBOR


def to_cbor(frame):
    return cbor.encode(frame, FRAME)


def from_cbor(data):
    if len(data) > MAX_BYTES:
        raise Fault("too_large")
    if not data:
        raise Fault("truncated", 0)
    if data[0] >> 5 != 5:
        raise Fault("type", 0)
    return validate(cbor.decode(data, FRAME))


# ---------------------------------------------------------------- JSON


def from_base64url(value):
    if not isinstance(value, str) or not BASE64URL.match(value) or len(value) % 4 == 1:
        raise Fault("bytes")
    raw = base64.urlsafe_b64decode(value + "=" * (-len(value) % 4))
    if to_base64url(raw) != value:
        raise Fault("bytes")
    return raw


def to_base64url(raw):
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def read_number(literal):
    value = float(literal)
    if not math.isfinite(value) or abs(value) > MAX_INTEGER:
        raise Fault("number")
    return int(value) if value.is_integer() else value


def refuse_constant(_):
    raise Fault("syntax")


class Reader:
    """What JSON gave, with bytes as bytes, within the limits on depth and items."""

    def __init__(self):
        self.items = 0

    def read(self, value, depth, shape=None):
        if isinstance(value, str):
            try:
                value.encode("utf-8")
            except UnicodeEncodeError:
                raise Fault("utf8") from None
        if not isinstance(value, (dict, list)):
            return value
        if isinstance(value, dict) and "$bytes" in value:
            if len(value) > 1 or shape:
                raise Fault("bytes")
            return from_base64url(value["$bytes"])
        if depth >= MAX_DEPTH:
            raise Fault("too_deep")
        self.items += len(value)
        if self.items > MAX_ITEMS:
            raise Fault("too_many_items")
        if isinstance(value, list):
            return [self.read(one, depth + 1) for one in value]
        for name in value:
            self.read(name, depth)
        inner = shape["inner"] if shape else {}
        return {name: self.read(one, depth + 1, inner.get(name)) for name, one in value.items()}


def value_from_json(text, shape=None):
    try:
        value = json.loads(text, parse_int=read_number, parse_float=read_number, parse_constant=refuse_constant)
    except RecursionError:
        raise Fault("too_deep") from None
    except ValueError:
        raise Fault("syntax") from None
    return Reader().read(value, 0, shape)


def from_json(data):
    if isinstance(data, bytes):
        try:
            data = data.decode("utf-8")
        except UnicodeDecodeError:
            raise Fault("utf8") from None
    if len(data.encode("utf-8", "surrogatepass")) > MAX_BYTES:
        raise Fault("too_large")
    return validate(value_from_json(data, FRAME))


def marked(value):
    """The value with bytes as W28 has them."""
    if isinstance(value, bytes):
        return {"$bytes": to_base64url(value)}
    if isinstance(value, list):
        return [marked(one) for one in value]
    if isinstance(value, dict):
        return {name: marked(one) for name, one in value.items()}
    return value


def to_json(value):
    return json.dumps(marked(value), ensure_ascii=False, separators=(",", ":"), allow_nan=False)


# ---------------------------------------------------------------- canonical JSON (W48, RFC 8785)


def canonical_number(value):
    if isinstance(value, int) or value.is_integer():
        return str(int(value))
    sign, digits = ("-", repr(-value)) if value < 0 else ("", repr(value))
    mantissa, _, exponent = digits.partition("e")
    whole, _, fraction = mantissa.partition(".")
    if fraction == "0":
        fraction = ""
    point = len(whole) + int(exponent or 0)
    all_digits = whole + fraction
    stripped = all_digits.lstrip("0")
    point -= len(all_digits) - len(stripped)
    if 0 < point <= 21:
        padded = stripped.ljust(point, "0")
        tail = padded[point:]
        return sign + padded[:point] + ("." + tail if tail else "")
    if -6 < point <= 0:
        return sign + "0." + "0" * -point + stripped
    tail = "." + stripped[1:] if len(stripped) > 1 else ""
    return f"{sign}{stripped[0]}{tail}e{'+' if point > 0 else '-'}{abs(point - 1)}"


def canonical_json(value):
    value = marked(value)

    def write(one):
        if isinstance(one, bool) or one is None or isinstance(one, str):
            return json.dumps(one, ensure_ascii=False)
        if isinstance(one, (int, float)):
            return canonical_number(one)
        if isinstance(one, list):
            return "[" + ",".join(write(each) for each in one) + "]"
        ordered = sorted(one, key=lambda name: name.encode("utf-16-be"))
        return "{" + ",".join(f"{write(name)}:{write(one[name])}" for name in ordered) + "}"

    return write(value)
