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
