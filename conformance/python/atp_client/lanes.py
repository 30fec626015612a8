"""What an end knows of its streams and lanes, in each direction, and the numbers of docs/protocol/atp-sessions.md."""

import collections

from .frames import flags

HANDSHAKE_S = 10
RTO_FIRST, RTO_MIN, RTO_MAX = 1.0, 0.2, 10.0
RESEND_LIFETIME_S = 30
GAP_S = 0.5
ACK_DELAY_S, ACK_MESSAGES = 0.025, 16
SILENT_INTERVALS = 3
RESENT_FRAGMENTS = 64
PENDING = 256
MAX_ACKS = 256
RESUME_TTL_MS = 60_000

Event = collections.namedtuple("Event", "kind stream value", defaults=(None, None))


class Violation(Exception):
    """The other end broke a rule of the documents."""


class Kept:
    """A message that is not settled (S10)."""

    def __init__(self, number, frames):
        self.number = number
        self.frames = frames
        self.sends = 0
        self.first = None
        self.sent = None
        self.due = None
        self.asked = None
        self.up_to = -1
        self.withdrawn = False

    @property
    def fin(self):
        return "FIN" in flags(self.frames[0])


class Sending:
    """A lane, as the end that sends on it sees it."""

    def __init__(self, pending):
        self.next = 0
        self.credit = pending - 1
        self.acknowledged = -1
        self.kept = collections.OrderedDict()


class Receiving:
    """A lane, as the end that reads it sees it."""

    def __init__(self, pending):
        self.pending = pending
        self.next = 0
        self.whole = {}
        self.partial = {}
        self.failed = set()
        self.gaps = {}
        self.behind_fin = False
        self.unacknowledged = 0
        self.ack_due = None

    def settle(self):
        """Messages whose turn it is, each once and in order; None is one that failed."""
        while self.next in self.whole or self.next in self.failed:
            number = self.next
            self.next += 1
            yield number, self.whole.pop(number, None)

    def acknowledgement(self, key):
        """S17. `credit` is `pending` above what is handed on."""
        stream, persona, clone = key
        ack = {"stream_id": stream}
        if persona is not None:
            ack["persona_id"] = persona
        if clone is not None:
            ack["clone_id"] = clone
        if self.next > 0:
            ack["ack_msg_up_to"] = self.next - 1
        ack["credit"] = self.next - 1 + self.pending
        failed = sorted(one for one in self.failed if one > self.next - 1 - self.pending)
        return ack | ({"failed": failed} if failed else {})


class Stream:
    def __init__(self):
        self.ended = False
        self.fin_settled = False
        self.other_ended = False
