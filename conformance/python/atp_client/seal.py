"""Checksum, signature and digests: W40 to W49 and W52."""

import hashlib
import hmac
import secrets
import time

from . import cbor
from .frames import to_base64url, to_cbor


def covered(frame):
    """The canonical form without `sig` and `checksum` (W41)."""
    return to_cbor({name: value for name, value in frame.items() if name not in ("sig", "checksum")})


def sha256(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def checksum(frame):
    return sha256(covered(frame))


def signature(frame, secret):
    return to_base64url(hmac.new(secret, covered(frame), hashlib.sha256).digest())


def sign(frame, kid, secret):
    """Every sending has a nonce and a time of its own (S10)."""
    bare = {name: value for name, value in frame.items() if name not in ("sig", "nonce", "ts", "kid")}
    bare |= {"nonce": secrets.token_urlsafe(12), "ts": int(time.time() * 1000), "kid": kid}
    return bare | {"sig": signature(bare, secret)}


def verify(frame, keys):
    """Whether the frame has a good signature under one of the keys, {kid: secret}."""
    secret = keys.get(frame.get("kid"))
    if secret is None or "sig" not in frame:
        return False
    return hmac.compare_digest(signature(frame, secret), frame["sig"])


def content_bytes(content):
    if isinstance(content, bytes):
        return content
    if isinstance(content, str):
        return content.encode("utf-8")
    return cbor.encode(content)


def digest(content):
    """A leaf of RFC 6962: SHA-256 of a zero byte and the content (W49)."""
    return sha256(b"\0" + content_bytes(content))


def root(digests):
    """The root of RFC 6962 over digests (W52)."""

    def node(part):
        if len(part) == 1:
            return part[0]
        k = 1 << (len(part) - 1).bit_length() - 1
        return hashlib.sha256(b"\1" + node(part[:k]) + node(part[k:])).digest()

    return "sha256:" + node([bytes.fromhex(one[7:]) for one in digests]).hex()
