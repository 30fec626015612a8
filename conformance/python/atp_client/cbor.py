"""Deterministic CBOR (RFC 8949 4.2.1) as frames use it: W30 to W38.

Maps are dicts with text keys. A *shape* says which members of a map have an integer key, and which of them are maps with a shape
of their own: {"members": {name: key}, "inner": {name: shape}}. Without a shape all keys are text.
"""

import math
import struct

MAX_INTEGER = 2**53 - 1
MAX_DEPTH = 64
MAX_ITEMS = 65_536


class Fault(Exception):
    """Why bytes or a text are no frame: a kind of W65, and where."""

    def __init__(self, kind, where=""):
        super().__init__(f"{kind} {where}".strip())
        self.kind = kind
        self.where = where


def head(major, value):
    """The shortest form of an integer or length (W31)."""
    if value < 24:
        return bytes([major << 5 | value])
    for extra, size in ((24, 1), (25, 2), (26, 4), (27, 8)):
        if value < 1 << 8 * size:
            return bytes([major << 5 | extra]) + value.to_bytes(size, "big")
    raise Fault("number")


def number(value):
    """Numbers without a fraction as integers, others as the shortest float (W36)."""
    if isinstance(value, float):
        if not math.isfinite(value):
            raise Fault("number")
        if value.is_integer():
            value = int(value)
    if abs(value) > MAX_INTEGER:
        raise Fault("number")
    if isinstance(value, int):
        return head(0, value) if value >= 0 else head(1, -1 - value)
    for first, form in ((0xF9, ">e"), (0xFA, ">f")):
        try:
            packed = struct.pack(form, value)
        except OverflowError:
            continue
        if struct.unpack(form, packed)[0] == value:
            return bytes([first]) + packed
    return b"\xfb" + struct.pack(">d", value)


def text(value):
    try:
        raw = value.encode("utf-8")
    except UnicodeEncodeError:
        raise Fault("utf8") from None
    return head(3, len(raw)) + raw


def encode(value, shape=None):
    if value is None:
        return b"\xf6"
    if value is True or value is False:
        return b"\xf5" if value else b"\xf4"
    if isinstance(value, (int, float)):
        return number(value)
    if isinstance(value, str):
        return text(value)
    if isinstance(value, bytes):
        return head(2, len(value)) + value
    if isinstance(value, (list, tuple)):
        return head(4, len(value)) + b"".join(encode(one) for one in value)
    if isinstance(value, dict):
        keys = shape["members"] if shape else {}
        inner = shape["inner"] if shape else {}
        pairs = []
        for name, one in value.items():
            if name == "$bytes":
                raise Fault("bytes")
            key = head(0, keys[name]) if name in keys else text(name)
            pairs.append((key, encode(one, inner.get(name))))
        pairs.sort()
        return head(5, len(pairs)) + b"".join(key + one for key, one in pairs)
    raise Fault("type", type(value).__name__)


class Decoder:
    """Takes one encoding of each value, and bounds what it makes by what has come (W21)."""

    def __init__(self, data):
        self.data = data
        self.at = 0
        self.items = 0

    def take(self, size):
        if size > len(self.data) - self.at:
            raise Fault("truncated", self.at)
        part = self.data[self.at : self.at + size]
        self.at += size
        return part

    def head(self):
        begin = self.at
        first = self.take(1)[0]
        major, low = first >> 5, first & 31
        if major == 7 or low < 24:
            return major, low, begin
        if low == 31:
            raise Fault("non_canonical" if 2 <= major <= 5 else "syntax", begin)
        if low > 27:
            raise Fault("syntax", begin)
        size = 1 << (low - 24)
        value = int.from_bytes(self.take(size), "big")
        if value < (24 if size == 1 else 1 << 4 * size):
            raise Fault("non_canonical", begin)
        return major, value, begin

    def count(self, number_of, begin):
        self.items += number_of
        if self.items > MAX_ITEMS:
            raise Fault("too_many_items", begin)

    def value(self, depth, shape=None):
        major, arg, begin = self.head()
        if major in (0, 1):
            result = arg if major == 0 else -1 - arg
            if abs(result) > MAX_INTEGER:
                raise Fault("number", begin)
            return result
        if major == 2:
            return bytes(self.take(arg))
        if major == 3:
            try:
                return self.take(arg).decode("utf-8")
            except UnicodeDecodeError:
                raise Fault("utf8", begin) from None
        if major in (4, 5):
            if depth >= MAX_DEPTH:
                raise Fault("too_deep", begin)
            self.count(arg, begin)
            if arg > len(self.data) - self.at:
                raise Fault("truncated", begin)
            if major == 4:
                return [self.value(depth + 1) for _ in range(arg)]
            return self.map(arg, depth, shape)
        if major == 6:
            raise Fault("unsupported", begin)
        return self.simple(arg, begin)

    def simple(self, low, begin):
        if low in (20, 21, 22):
            return {20: False, 21: True, 22: None}[low]
        if low in (25, 26, 27):
            raw = self.take({25: 2, 26: 4, 27: 8}[low])
            result = struct.unpack({25: ">e", 26: ">f", 27: ">d"}[low], raw)[0]
            if not math.isfinite(result) or abs(result) > MAX_INTEGER:
                raise Fault("number", begin)
            if result.is_integer() or number(result) != self.data[begin : self.at]:
                raise Fault("non_canonical", begin)
            return result
        if low in (28, 29, 30, 31):
            raise Fault("syntax", begin)
        raise Fault("unsupported", begin)

    def map(self, size, depth, shape):
        names = {key: name for name, key in shape["members"].items()} if shape else {}
        inner = shape["inner"] if shape else {}
        result = {}
        before = None
        for _ in range(size):
            begin = self.at
            if self.at < len(self.data) and self.data[self.at] >> 5 not in (0, 3):
                raise Fault("unsupported", begin)
            key = self.value(depth + 1)
            encoded = self.data[begin : self.at]
            if before is not None and encoded <= before:
                raise Fault("duplicate_key" if encoded == before else "non_canonical", begin)
            before = encoded
            if isinstance(key, int):
                if not shape:
                    raise Fault("unsupported", begin)
                if key not in names:
                    raise Fault("unknown_key", begin)
                key = names[key]
            elif shape and key in shape["members"]:
                raise Fault("non_canonical", begin)
            elif key == "$bytes":
                raise Fault("bytes", begin)
            result[key] = self.value(depth + 1, inner.get(key))
        return result


def decode(data, shape=None):
    decoder = Decoder(data)
    result = decoder.value(0, shape)
    if decoder.at < len(data):
        raise Fault("trailing", decoder.at)
    return result
