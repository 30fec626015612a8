"""The tables of docs/protocol/atp.md: members, their keys, and what their values may be (W1, W3, W14 to W18)."""

COUNT = ("int", 0, 2**53 - 1)
ANY_INT = ("int", -(2**53 - 1), 2**53 - 1)
NAME = ("text", 1, 128)
TEXT = ("text", 0, 1024)
TOKEN = ("text", 1, 16_384)
PART = ("number", 0, 1)
FROM_0 = ("number", 0, 2**53 - 1)
FREE = ("free",)
DIGEST = ("digest",)


def listing(of, most=256):
    return ("list", of, most)


def names(most=256):
    return listing(NAME, most)


def words(*allowed):
    return ("word", allowed)


def record(of):
    """An object of at most 256 values by name."""
    return ("record", of, 256)


def content(**members):
    """An object without integer keys; a name that ends in _X has to be there."""
    specs, required = {}, []
    for name, spec in members.items():
        if name.endswith("_X"):
            name = name[:-2]
            required.append(name)
        specs[name.rstrip("_")] = spec
    return ("object", {"specs": specs, "required": required, "members": {}, "inner": {}})


def shape(required, **specs):
    """An object whose members have the keys 0, 1, 2 ... in this order."""
    inner = {name: spec[1] for name, spec in specs.items() if spec[0] == "object"}
    return {"specs": specs, "required": required, "members": {name: i for i, name in enumerate(specs)}, "inner": inner}


WINDOW = shape((), max_parallel=("int", 0, 1000), max_tokens=("int", 0, 10_000_000), max_usd_micros=("int", 0, 10_000_000_000))
COST = shape((), in_tokens=COUNT, out_tokens=COUNT, usd_micros=COUNT)
FRAG = shape(("root", "bytes"), root=DIGEST, bytes=COUNT, form=words("json"))
META = shape(
    (),
    task_type=NAME,
    languages=names(32),
    risk=("text", 1, 32),
    data_scope=names(16),
    trace=("text", 1, 512),
    tool_permissions=names(256),
    environment_id=NAME,
    security_groups=names(64),
    deadline_ms=COUNT,
    idempotency_key=NAME,
    vector_clock=record(COUNT),
    node_id=NAME,
    via=names(255),
)
PAYLOAD = shape(
    ("type",),
    type=NAME,
    content=FREE,
    confidence=PART,
    cost_est=("object", COST),
    checksum=DIGEST,
    expiry_ms=COUNT,
    persona_id=NAME,
    clone_id=NAME,
    seq=COUNT,
    frag=("object", FRAG),
)
FRAME = shape(
    ("v", "session_id", "stream_id", "msg_seq"),
    v=("int", 1, 1),
    session_id=NAME,
    stream_id=NAME,
    msg_seq=COUNT,
    frag_seq=COUNT,
    flags=listing(("text", 1, 16), 16),
    qos=words("gold", "silver", "bronze"),
    ttl=("int", 0, 255),
    window=("object", WINDOW),
    meta=("object", META),
    payload=("object", PAYLOAD),
    nonce=NAME,
    ts=COUNT,
    kid=NAME,
    sig=("signature",),
    checksum=DIGEST,
)

# Within a content a window has text keys (W35).
CONTENT_WINDOW = ("object", {**WINDOW, "members": {}})
ACKS = listing(
    content(
        stream_id=NAME,
        persona_id=NAME,
        clone_id=NAME,
        ack_msg_up_to=COUNT,
        msg_seq=COUNT,
        ack_up_to=COUNT,
        missing=listing(COUNT, 4096),
        credit=COUNT,
        missing_messages=listing(COUNT, 4096),
        failed=listing(COUNT, 4096),
        withdrawn=listing(COUNT, 4096),
    )
)
TARGETS = listing(content(persona_id_X=NAME, clone_id_X=NAME), 1000)
PRICE = ("either", COUNT, content(in_X=COUNT, out_X=COUNT))

BUDGET = content(tokens=COUNT, usd_micros=COUNT)

CONTENTS = {
    "agent.dispatch": content(
        session_id_X=NAME, targets_X=TARGETS, budget=BUDGET, task=FREE, check=("bool",)
    ),
    "agent.stream": content(session_id_X=NAME, persona_id_X=NAME, clone_id_X=NAME, seq_X=COUNT, data_X=FREE),
    "agent.end": content(
        session_id_X=NAME, persona_id_X=NAME, clone_id_X=NAME, seq=COUNT, stats=content(latency_ms=FROM_0, tokens=COUNT)
    ),
    "control.hello": content(
        task=FREE,
        encodings=names(),
        compression=names(),
        features=names(),
        token=TOKEN,
        encoding=NAME,
        interval_s=FROM_0,
        idle_fin_s=FROM_0,
        resume_token=TOKEN,
        resume_ttl_ms=FROM_0,
        pending_messages=("int", 1, 4096),
        acks=ACKS,
    ),
    "control.capabilities": content(encodings=names(), compression=names(), features=names(), payload_types=names()),
    "control.status": content(
        status_X=words("READY", "BUSY", "PAUSE", "DRAINING"),
        reason=TEXT,
        metrics=record(("number", -(2**53 - 1), 2**53 - 1)),
        suggested_window=CONTENT_WINDOW,
        retry_after_ms=COUNT,
    ),
    "control.window_update": content(acks=ACKS),
    "control.budget_update": content(tokens=ANY_INT, usd_micros=ANY_INT, reason=TEXT),
    "control.route_update": content(targets=TARGETS, reason=TEXT),
    "control.ack": content(acks_X=ACKS),
    "control.resume": content(token_X=TOKEN, acks=ACKS),
    "adapter.capability": content(
        adapter_id_X=NAME,
        adapter_type=NAME,
        capabilities=names(),
        models=names(),
        supported_languages=names(),
        max_tokens=COUNT,
        usd_micros_per_mtok=PRICE,
        version=NAME,
    ),
    "adapter.accepted": content(adapter_id_X=NAME, routes=names()),
    "adapter.estimate_request": content(adapter_id_X=NAME, targets=TARGETS, budget=BUDGET, task_X=FREE, check=("bool",)),
    "adapter.estimate": content(
        in_tokens_X=COUNT,
        out_tokens_X=COUNT,
        usd_micros_X=COUNT,
        p95_tokens=FROM_0,
        p95_usd=FROM_0,
        variance=content(tokens=FROM_0, usd=FROM_0),
        confidence=PART,
        tool_cost_breakdown=listing(content(tool_X=NAME, usd_micros_X=COUNT)),
        tool_token_estimates=listing(content(tool_X=NAME, tokens_X=COUNT)),
        assumptions=listing(TEXT),
    ),
    "adapter.health": content(
        adapter_id_X=NAME, status_X=NAME, p50_ms=FROM_0, p95_ms=FROM_0, error_rate=PART, queue_depth=COUNT
    ),
    "tool.request": content(id_X=NAME, name_X=NAME, args=FREE),
    "tool.result": content(id_X=NAME, result=FREE, is_error=("bool",)),
    "error": content(code_X=("text", 1, 32), reason_X=TEXT, retry_after_ms=COUNT, details=record(FREE)),
}
MAY_BE_ABSENT = ("control.window_update",)
