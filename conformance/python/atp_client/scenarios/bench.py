"""What all scenarios use. A scenario takes a Bench, and raises when something is not as it should be."""

from ..client import Client, Refused
from ..frames import flags

PROMPT = "Tell a story about a lighthouse."


class Skip(Exception):
    """Not possible with what was given."""


class Bench:
    """The router that is checked, and what is known of it."""

    def __init__(self, url, key, *, model="auto", long_model=None, signing=None, router=None):
        self.url = url
        self.key = key
        self.model = model
        self.long_model = long_model
        self.signing = signing or {}
        self.router = router

    def client(self, **options):
        return Client(self.url, options.pop("key", self.key), **options)

    def signer(self):
        if not self.signing:
            raise Skip("no --signing-key")
        kid, secret = next(iter(self.signing.items()))
        return {"kid": kid, "secret": secret, "keys": self.signing}


def equal(what, got, wanted):
    if got != wanted:
        raise AssertionError(f"{what}: {str(got)[:300]} instead of {str(wanted)[:300]}")


def holds(what, condition):
    if not condition:
        raise AssertionError(what)


def whole(answer):
    """Every message once and in order, the deltas are the text, and the last one is final."""
    holds(f"the stream was reset: {answer.reset}", answer.reset is None)
    equal("numbers", answer.numbers(), list(range(len(answer.messages))))
    equal("the last message", answer.last["type"], "agent.result.final")
    equal("FIN", "FIN" in flags(answer.messages[-1]), True)
    holds("there are partial results", answer.of("agent.result.partial"))
    equal("the text", answer.partial_text, answer.last["content"]["text"])
    return answer


async def refused(what, coroutine, code):
    try:
        await coroutine
    except Refused as error:
        equal(what, (error.error or {}).get("code"), code)
        return error.error
    raise AssertionError(f"{what}: not refused")


async def some_partials(client, stream, count=3):
    await client.until(lambda: len(client.answers[stream].of("agent.result.partial")) >= count, 20)
