"""What the check does. Each scenario is a coroutine that takes a Bench, and raises when something is not as it should be."""

import secrets
import time

import websockets

from .client import Client, Refused
from .frames import flags

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


# ---------------------------------------------------------------- handshake and a task


async def task_in_json(bench):
    client = await bench.client(encodings=("json", "cbor")).open()
    equal("encoding", client.session.encoding, "json")
    answer = whole(await client.answer(client.ask(PROMPT, model=bench.model)))
    await client.finish()
    equal("read", client.read_as, {"json"})
    return f"{len(answer.messages)} messages"


async def task_in_cbor(bench):
    client = await bench.client(encodings=("cbor", "json")).open()
    equal("encoding", client.session.encoding, "cbor")
    answer = whole(await client.answer(client.ask(PROMPT, model=bench.model)))
    await client.finish()
    holds("the answer came in CBOR", "cbor" in client.read_as)
    return f"{len(answer.messages)} messages"


async def key_in_first_frame(bench):
    client = await bench.client(key_in="frame").open()
    whole(await client.answer(client.ask(PROMPT, model=bench.model)))
    await client.finish()


async def key_in_subprotocol(bench):
    client = await bench.client(key_in="subprotocol").open()
    whole(await client.answer(client.ask(PROMPT, model=bench.model)))
    await client.finish()


async def negotiation(bench):
    client = await bench.client(encodings=("nothing", "cbor"), features=("nobody-knows",)).open()
    hello = client.session.hello
    equal("encoding", hello["encoding"], "cbor")
    equal("features", hello["features"], [])
    for name in ("interval_s", "idle_fin_s", "resume_token", "resume_ttl_ms", "pending_messages"):
        holds(f"{name} is there", name in hello)
    holds("the window is there", client.session.window is not None)
    holds("the node is named", client.session.node)
    await client.finish()


async def refusals(bench):
    for how in ("header", "subprotocol"):
        try:
            await bench.client(key="atp_wrong", key_in=how).open()
        except websockets.InvalidStatus as error:
            equal("status", error.response.status_code, 401)
        else:
            raise AssertionError(f"a wrong key in a {how} is taken")
    await refused("a wrong key in the first frame", bench.client(key="atp_wrong", key_in="frame").open(), "ESEC")
    await refused("no encoding in common", bench.client(encodings=("nothing",)).open(), "EPROTO")


async def what_is_no_frame(bench):
    """W64, W65: it is refused with EPROTO and the kind of fault; where its stream cannot be known, on the session."""
    for text, fault in (("{", "syntax"), ('{"v":2}', "version"), ('{"v":1,"msg_seq":0}', "missing")):
        client = await bench.client(encodings=("json",)).open()
        await client.ws.send(text)
        error = await refused(text, client.until(lambda: False, 10), "EPROTO")
        equal(f"{text}: fault", error["details"]["fault"], fault)
        await client.close()


async def refused_on_its_stream(bench):
    """W64, T3, T11: a frame whose stream can be known is refused on that stream; another stream and the connection go on."""
    client = await bench.client(encodings=("json",)).open()
    stream = client.ask(PROMPT, model=bench.model)
    client.session.pump(time.monotonic())
    await client.flush()
    other = client.session.open_stream({"type": "agent.dispatch"}, time.monotonic())
    await client.until(lambda: client.answers.get(other) and client.answers[other].reset, 10)
    equal("fault", client.answers[other].reset["details"]["fault"], "missing")
    whole(await client.answer(stream))
    await client.finish()


async def close_of_an_aborted_session(bench):
    """T14: 4002 is for a client of which nothing came in three heartbeats."""
    client = await bench.client().open()
    client.session.reset("0", "EPREEMPT", "The client goes away.", time.monotonic())
    await client.flush()
    former = client.ws
    try:
        while True:
            await former.recv()
    except websockets.ConnectionClosed:
        holds(f"close code {former.close_code}", former.close_code != 4002)


async def heartbeats(bench):
    client = await bench.client().open()
    interval = client.session.interval
    await client.until(lambda: any(one.kind == "heartbeat" for one in client.events), interval + 5)
    beat = next(one.value for one in client.events if one.kind == "heartbeat")
    equal("stream", beat["stream_id"], "0")
    equal("payload", beat["payload"]["type"], "control.window_update")
    whole(await client.answer(client.ask(PROMPT, model=bench.model)))
    await client.finish()
    return f"after {interval:g} s"


async def credit(bench):
    """A client that takes four messages of a lane gets no fifth before it acknowledges, and the first one again."""
    client = await bench.client(pending=4).open()
    client.session.hold_acks = True
    stream = client.ask(PROMPT, model=bench.model)
    await client.until(lambda: client.session.counts["duplicates"] > 0, 20)
    equal("messages without an acknowledgement", client.answers[stream].numbers(), [0, 1, 2, 3])
    client.session.hold_acks = False
    whole(await client.answer(stream))
    await client.finish()
    return f"{client.session.counts['duplicates']} came again"


async def many_streams(bench):
    client = await bench.client().open()
    streams = [client.ask(PROMPT, model=bench.model, max_output_tokens=10) for _ in range(8)]
    for stream in streams:
        whole(await client.answer(stream))
    await client.finish()


async def error_on_a_stream(bench):
    client = await bench.client().open()
    answer = await client.answer(client.ask(PROMPT, model="there-is-no-such-model"))
    equal("type", answer.last["type"], "error")
    equal("code", answer.last["content"]["code"], "EPOLICY")
    await client.finish()


# ---------------------------------------------------------------- fragments and signatures


async def fragments_signed(bench):
    """A task in fragments, in signed CBOR; one piece is damaged on its way and named by the router."""
    signer = bench.signer()
    client = await bench.client(encodings=("cbor",), features=("sig",), signer=signer).open()
    equal("features", client.session.hello["features"], ["sig"])
    session = client.session

    def damage(frame):
        if frame.get("frag_seq") == 3:
            session.spoil = None
            return frame | {"payload": frame["payload"] | {"content": "x" + frame["payload"]["content"][1:]}}
        return frame

    session.spoil = damage
    prompt = "Say hello to everybody at the lighthouse. ☃ " * 200
    stream = client.ask(prompt, model=bench.model, sizes=(1000, 2000), max_output_tokens=20)
    pieces = len(session.sending[(stream, None, None)].kept[0].frames)
    answer = whole(await client.answer(stream))
    equal("sent again", session.counts["resent"], 1)
    signer["kid"], signer["secret"] = list(bench.signing.items())[-1]
    whole(await client.answer(client.ask(PROMPT, model=bench.model)))
    await client.finish()
    tokens = answer.last["content"]["usage"]["in_tokens"]
    holds(f"the whole prompt arrived ({tokens} tokens)", tokens > 1000)
    return f"{pieces} fragments, {session.counts['verified']} signatures verified"


async def signatures_refused(bench):
    """A frame without a good signature is refused in the same words in every case (W45), and nothing of it is acted on."""
    said = set()
    for name, change in (
        ("another secret", lambda signer: signer.update(secret=secrets.token_bytes(32))),
        ("an unknown kid", lambda signer: signer.update(kid="nobody")),
    ):
        signer = dict(bench.signer())
        client = await bench.client(encodings=("cbor",), features=("sig",), signer=signer).open()
        change(signer)
        stream = client.ask(PROMPT, model=bench.model)
        answer = await client.answer(stream)
        equal(name, (answer.reset or {}).get("code"), "ESEC")
        equal(f"{name}: messages", answer.messages, [])
        said.add(answer.reset["reason"])
        await client.close()
    equal("reasons", len(said), 1)


async def fragments_of_the_router(bench):
    if not bench.long_model:
        raise Skip("no --long-model")
    options = {"features": ("sig",), "signer": bench.signer()} if bench.signing else {}
    client = await bench.client(**options).open()
    answer = whole(await client.answer(client.ask(PROMPT, model=bench.long_model), 60))
    await client.finish()
    fragments = client.session.counts["fragments"]
    holds("the answer came in fragments", fragments > 1)
    return f"{len(answer.messages)} messages, {fragments} fragments"


# ---------------------------------------------------------------- resumption


async def resume_in_an_answer(bench):
    client = await bench.client().open()
    stream = client.ask(PROMPT, model=bench.model)
    for _ in range(3):
        before = len(client.answers[stream].messages)
        await client.until(lambda: len(client.answers[stream].messages) >= before + 3, 20)
        if client.answers[stream].done:
            break
        client.cut()
        await client.reopen()
    answer = whole(await client.answer(stream))
    await client.finish()
    return f"{len(answer.messages)} messages, {sum(one.kind == 'open' for one in client.events)} connections"


async def resume_signed(bench):
    client = await bench.client(features=("sig",), signer=bench.signer()).open()
    stream = client.ask(PROMPT, model=bench.model)
    await some_partials(client, stream)
    client.cut()
    await client.reopen()
    whole(await client.answer(stream))
    await client.finish()


async def resume_what_was_not_sent(bench):
    """A task whose frame never left goes out on the next connection."""
    client = await bench.client().open()
    client.session.spoil = lambda frame: None
    stream = client.ask(PROMPT, model=bench.model)
    await client.flush()
    client.cut()
    client.session.spoil = None
    await client.reopen()
    whole(await client.answer(stream))
    await client.finish()


async def resume_with_a_lost_answer(bench):
    """S33: until a frame has followed the answer, the same token may be used again."""
    client = await bench.client().open()
    stream = client.ask(PROMPT, model=bench.model)
    await some_partials(client, stream)
    client.cut()
    await client.dial()
    client.session.connected(time.monotonic())
    await client.flush()
    await client.ws.recv()
    client.cut()
    await client.reopen()
    whole(await client.answer(stream))
    await client.finish()


async def resume_with_a_spent_token(bench):
    client = await bench.client().open()
    spent = client.session.resume_token
    stream = client.ask(PROMPT, model=bench.model)
    await some_partials(client, stream)
    client.cut()
    await client.reopen()
    whole(await client.answer(stream))
    other = bench.client()
    other.session.id = client.session.id
    other.session.resume_token = spent
    other.session.control = client.session.control + 100
    await refused("a spent token", other.open(), "ESEC")
    whole(await client.answer(client.ask(PROMPT, model=bench.model)))
    await client.finish()


async def resume_takes_over(bench):
    """S34: the former connection is closed with 4003."""
    client = await bench.client().open()
    stream = client.ask(PROMPT, model=bench.model)
    await some_partials(client, stream)
    former, client.ws = client.ws, None
    client.session.disconnected(time.monotonic())
    await client.reopen()
    whole(await client.answer(stream))
    try:
        while True:
            await former.recv()
    except websockets.ConnectionClosed:
        equal("close code", former.close_code, 4003)
    await client.finish()


async def restart(bench):
    """The router is killed in the middle of an answer and started again: the session is resumed, and nothing comes twice."""
    if bench.router is None:
        raise Skip("no --serve")
    client = await bench.client().open()
    ended = client.ask(PROMPT, model=bench.model, max_output_tokens=10)
    whole(await client.answer(ended))
    client.session.hold_acks = True
    unheard = client.ask(PROMPT, model=bench.model, max_output_tokens=5)
    whole(await client.answer(unheard))
    running = client.ask(PROMPT, model=bench.long_model or bench.model)
    await some_partials(client, running)
    had = len(client.answers[running].messages)
    await bench.router.kill()
    try:
        await client.until(lambda: False, 10)
    except ConnectionError:
        pass
    await bench.router.start()
    await client.reopen(60)
    answer = await client.answer(running)
    client.session.hold_acks = False
    equal("numbers", answer.numbers(), list(range(len(answer.messages))))
    holds("more came than before", len(answer.messages) > had)
    equal("what was interrupted", answer.last["type"], "error")
    equal("code", answer.last["content"]["code"], "EAGENTDOWN")
    whole(client.answers[unheard])
    again = client.session.counts
    await client.until(lambda: again["duplicates"] + again["late"] >= len(client.answers[unheard].messages), 10)
    whole(await client.answer(client.ask(PROMPT, model=bench.model)))
    await client.finish()
    return f"{had} messages before, {len(answer.messages) - had} after, {again['duplicates'] + again['late']} came again and were ignored"


# ---------------------------------------------------------------- end


async def cancel(bench):
    client = await bench.client().open()
    stream = client.ask(PROMPT, model=bench.model)
    await some_partials(client, stream)
    await client.cancel(stream)
    had = len(client.answers[stream].messages)
    holds("the answer was not complete", not client.answers[stream].done)
    whole(await client.answer(client.ask(PROMPT, model=bench.model)))
    equal("messages after the abort", len(client.answers[stream].messages), had)
    await client.finish()
    return f"after {had} messages"


async def abort_of_the_session(bench):
    client = await bench.client().open()
    stream = client.ask(PROMPT, model=bench.model)
    await some_partials(client, stream)
    token, number = client.session.resume_token, client.session.control
    client.session.reset("0", "EPREEMPT", "The client goes away.", time.monotonic())
    await client.flush()
    try:
        while True:
            await client.ws.recv()
    except websockets.ConnectionClosed:
        pass
    other = bench.client()
    other.session.id, other.session.resume_token, other.session.control = client.session.id, token, number + 100
    await refused("a session that was aborted", other.open(), "ESEC")


async def fin_while_a_stream_is_open(bench):
    """FIN on stream 0 waits for the streams; the router's follows, and everything is acknowledged."""
    client = await bench.client().open()
    stream = client.ask(PROMPT, model=bench.model, fin=False)
    whole(await client.answer(stream))
    holds("the stream is open until this end says FIN", stream in client.session.streams)
    client.session.finish(time.monotonic())
    client.session.send(stream, None, time.monotonic(), fin=True)
    await client.finish()


SCENARIOS = (
    task_in_json,
    task_in_cbor,
    key_in_first_frame,
    key_in_subprotocol,
    negotiation,
    refusals,
    what_is_no_frame,
    credit,
    many_streams,
    error_on_a_stream,
    fragments_signed,
    signatures_refused,
    fragments_of_the_router,
    resume_in_an_answer,
    resume_signed,
    resume_what_was_not_sent,
    resume_with_a_lost_answer,
    resume_with_a_spent_token,
    resume_takes_over,
    cancel,
    abort_of_the_session,
    fin_while_a_stream_is_open,
    heartbeats,
    restart,
)


# What the documents say and a router did not do when this was written: run with --disputed.
DISPUTED = (refused_on_its_stream, close_of_an_aborted_session)
