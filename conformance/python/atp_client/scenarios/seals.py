"""Fragments and signatures."""

import secrets

from .bench import PROMPT, Skip, equal, holds, whole


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


async def root_that_is_wrong(bench):
    """W59: the message fails with EPROTO."""
    client = await bench.client().open()

    def damage(frame):
        payload = frame.get("payload", {})
        if "frag" not in payload:
            return frame
        return frame | {"payload": payload | {"frag": payload["frag"] | {"root": "sha256:" + 64 * "0"}}}

    client.session.spoil = damage
    answer = await client.answer(client.ask(PROMPT, model=bench.model, sizes=(50, 50)))
    equal("code", (answer.reset or answer.last["content"])["code"], "EPROTO")
    await client.close()


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


async def damaged_frame_is_lost(bench):
    """S37: a frame with a wrong checksum is dropped in silence, and what was in it is sent again."""
    client = await bench.client().open()
    session = client.session

    def damage(frame):
        session.spoil = None
        return frame | {"checksum": "sha256:" + 64 * "0"}

    session.spoil = damage
    whole(await client.answer(client.ask(PROMPT, model=bench.model)))
    equal("sent again", session.counts["resent"], 1)
    await client.finish()


async def checksums(bench):
    """S55: every frame behind the answer has a checksum, also on a connection that resumes; the session sees to it."""
    client = await bench.client(features=("checksum",)).open()
    equal("features", client.session.hello["features"], ["checksum"])
    whole(await client.answer(client.ask(PROMPT, model=bench.model)))
    client.cut()
    await client.open()
    whole(await client.answer(client.ask(PROMPT, model=bench.model)))
    await client.finish()
    return f"{client.session.counts['summed']} frames"


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
