import type { PayloadType } from '../payloads.ts';
import { WINDOW } from './frame-fields.ts';
import {
  ANY,
  ANY_NUMBER,
  BALANCE,
  COUNT,
  FLAG,
  MEASURE,
  NAME,
  names,
  object,
  SHARE,
  TEXT,
  TOKEN,
  word,
} from './kinds.ts';
import type { Field, Shape, Spec } from './spec.ts';

const LIST_MAX = 256;
const TARGETS_MAX = 1_000;
const ACKS_MAX = 256;
/** A message has no more fragments than this by default, see `REASSEMBLY_LIMITS`. */
const MISSING_MAX = 4_096;
/** As many messages of a lane as one end may have pending, see `pending_messages`. */
const PENDING_MAX = 4_096;
const CODE_MAX = 32;

const need = (spec: Spec, doc: string): Field => ({ spec, doc, required: true });
const may = (spec: Spec, doc: string): Field => ({ spec, doc });
const shape = (id: string, doc: string, fields: Shape['fields']): Shape => ({ id, doc, fields });
const list = (of: Shape, max: number): Spec => ({ kind: 'list', of: object(of), max });

const TARGET = shape('target', 'One persona and clone.', {
  persona_id: need(NAME, 'Persona.'),
  clone_id: need(NAME, 'Clone of the persona.'),
});

const BUDGET = shape('budget', 'What may be used.', {
  tokens: may(COUNT, 'Tokens.'),
  usd_micros: may(COUNT, 'Micro-dollars.'),
});

const ACK = shape('acknowledgement', 'What has arrived in one lane.', {
  stream_id: may(NAME, 'Default: the stream of the frame.'),
  persona_id: may(NAME, 'Lane.'),
  clone_id: may(NAME, 'Lane.'),
  ack_msg_up_to: may(COUNT, 'Highest msg_seq up to which every message has arrived.'),
  msg_seq: may(COUNT, 'The message that ack_up_to and missing are about.'),
  ack_up_to: may(COUNT, 'Highest frag_seq up to which every fragment of that message has arrived.'),
  missing: may({ kind: 'list', of: COUNT, max: MISSING_MAX }, 'Fragments to send again.'),
  credit: may(COUNT, 'Highest msg_seq that may be sent.'),
  missing_messages: may({ kind: 'list', of: COUNT, max: PENDING_MAX }, 'Messages to send again.'),
  failed: may({ kind: 'list', of: COUNT, max: PENDING_MAX }, 'Messages that were settled by failing.'),
  withdrawn: may({ kind: 'list', of: COUNT, max: PENDING_MAX }, 'Messages of the sender of this that it gave up.'),
});

const OF_PERSONA = {
  session_id: need(NAME, 'The parallel session.'),
  persona_id: need(NAME, 'Persona.'),
  clone_id: need(NAME, 'Clone of the persona.'),
};

const STATS = shape('stats', 'How it went.', {
  latency_ms: may(MEASURE, 'From dispatch to end.'),
  tokens: may(COUNT, 'Tokens used.'),
});

const PRICES = shape('prices', 'Micro-dollars per million tokens, by direction.', {
  in: need(COUNT, 'Read.'),
  out: need(COUNT, 'Written.'),
});

const VARIANCE = shape('variance', 'Variance of the estimate.', {
  tokens: may(MEASURE, 'Tokens squared.'),
  usd: may(MEASURE, 'Micro-dollars squared.'),
});

const TOOL_COST = shape('tool_cost', 'Expected cost of one tool.', {
  tool: need(NAME, 'Tool.'),
  usd_micros: need(COUNT, 'Micro-dollars.'),
});

const TOOL_TOKENS = shape('tool_tokens', 'Expected tokens of one tool.', {
  tool: need(NAME, 'Tool.'),
  tokens: need(COUNT, 'Tokens.'),
});

const DISPATCH = shape('agent.dispatch', 'Work for personas.', {
  session_id: need(NAME, 'The parallel session.'),
  targets: need(list(TARGET, TARGETS_MAX), 'Who works on it.'),
  budget: may(object(BUDGET), 'What the work may use.'),
  task: may(ANY, 'What is to be done.'),
  check: may(FLAG, 'Whether it only checks the agent: nobody waits for the answer, and nobody pays for it.'),
});

const STREAM = shape('agent.stream', 'A piece of output of one persona and clone.', {
  ...OF_PERSONA,
  seq: need(COUNT, 'Position of the piece.'),
  data: need(ANY, 'The piece.'),
});

const END = shape('agent.end', 'The output of one persona and clone is complete.', {
  ...OF_PERSONA,
  seq: may(COUNT, 'Position of the end.'),
  stats: may(object(STATS), 'How it went.'),
});

const STATUS = shape('control.status', 'Whether an agent takes work.', {
  status: need(word('READY', 'BUSY', 'PAUSE', 'DRAINING'), 'State.'),
  reason: may(TEXT, 'For people.'),
  metrics: may({ kind: 'record', of: ANY_NUMBER, max: LIST_MAX }, 'Numbers by name.'),
  suggested_window: may(object(WINDOW), 'The window that the agent would like.'),
  retry_after_ms: may(COUNT, 'Earliest useful retry.'),
});

const CAPABILITY = shape('adapter.capability', 'What an adapter can do.', {
  adapter_id: need(NAME, 'Adapter.'),
  adapter_type: may(NAME, 'Kind of adapter.'),
  capabilities: may(names(LIST_MAX), 'What it can do.'),
  models: may(names(LIST_MAX), 'Models that it offers.'),
  max_tokens: may(COUNT, 'Most tokens of one call.'),
  supported_languages: may(names(LIST_MAX), 'BCP 47 tags.'),
  usd_micros_per_mtok: may({ kind: 'either', of: [COUNT, object(PRICES)] }, 'Micro-dollars per million tokens.'),
  version: may(NAME, 'Version of the adapter.'),
});

const ACCEPTED = shape('adapter.accepted', 'An adapter is taken.', {
  adapter_id: need(NAME, 'Adapter.'),
  routes: may(names(LIST_MAX), 'Names of models by which calls reach it.'),
});

const ESTIMATE_REQUEST = shape('adapter.estimate_request', 'What will this task need?', {
  adapter_id: need(NAME, 'Adapter.'),
  targets: may(list(TARGET, TARGETS_MAX), 'Who will work on it.'),
  budget: may(object(BUDGET), 'What the task may use.'),
  task: need(ANY, 'The task as it will be dispatched.'),
  check: may(FLAG, 'Whether it only checks the agent.'),
});

const ESTIMATE = shape('adapter.estimate', 'What a call is expected to cost.', {
  in_tokens: need(COUNT, 'Tokens read.'),
  out_tokens: need(COUNT, 'Tokens written.'),
  usd_micros: need(COUNT, 'Micro-dollars.'),
  p95_tokens: may(MEASURE, '95th percentile of the tokens.'),
  p95_usd: may(MEASURE, '95th percentile of the cost in micro-dollars.'),
  variance: may(object(VARIANCE), 'Variance.'),
  confidence: may(SHARE, '0 (a guess) to 1.'),
  tool_cost_breakdown: may(list(TOOL_COST, LIST_MAX), 'Cost by tool.'),
  tool_token_estimates: may(list(TOOL_TOKENS, LIST_MAX), 'Tokens by tool.'),
  assumptions: may({ kind: 'list', of: TEXT, max: LIST_MAX }, 'What was supposed rather than known.'),
});

const HEALTH = shape('adapter.health', 'How an adapter is.', {
  adapter_id: need(NAME, 'Adapter.'),
  status: need(NAME, 'State.'),
  p50_ms: may(MEASURE, 'Median latency.'),
  p95_ms: may(MEASURE, '95th percentile of latency.'),
  error_rate: may(SHARE, 'Share of requests that failed.'),
  queue_depth: may(COUNT, 'Requests that wait.'),
});

const HELLO = shape('control.hello', 'Content of SYN (wanted) and of SYN with ACK (granted).', {
  task: may(ANY, 'What the session is for.'),
  encodings: may(names(LIST_MAX), 'Encodings offered, best first.'),
  compression: may(names(LIST_MAX), 'Compressions offered or chosen.'),
  features: may(names(LIST_MAX), 'Features offered or chosen.'),
  token: may(TOKEN, 'Credential of the peer that opens.'),
  encoding: may(NAME, 'The encoding that was chosen.'),
  interval_s: may(MEASURE, 'Seconds without traffic after which a heartbeat is sent.'),
  idle_fin_s: may(MEASURE, 'Seconds without activity after which the session is ended.'),
  resume_token: may(TOKEN, 'Reopens the session once.'),
  resume_ttl_ms: may(MEASURE, 'Milliseconds without a connection after which the session is over.'),
  pending_messages: may(
    { kind: 'int', min: 1, max: PENDING_MAX },
    'Messages of a lane that are taken before one is done.',
  ),
  acks: may(list(ACK, ACKS_MAX), 'In the answer to a resumption: what had arrived.'),
});

const CAPABILITIES = shape('control.capabilities', 'What a peer can do.', {
  encodings: may(names(LIST_MAX), 'Encodings.'),
  compression: may(names(LIST_MAX), 'Compressions.'),
  features: may(names(LIST_MAX), 'Features.'),
  payload_types: may(names(LIST_MAX), 'Payload types that it understands.'),
});

const ERROR = shape('error', 'What went wrong.', {
  code: need({ kind: 'text', min: 1, max: CODE_MAX }, 'Wire code.'),
  reason: need(TEXT, 'For people.'),
  retry_after_ms: may(COUNT, 'Earliest useful retry.'),
  details: may({ kind: 'free_object' }, 'Facts for programs.'),
});

/** The content of each payload type: absent where anything goes. */
export const CONTENTS: Readonly<Record<PayloadType, Shape | undefined>> = {
  'agent.result.partial': undefined,
  'agent.result.provisional': undefined,
  'agent.result.final': undefined,
  'agent.question': undefined,
  'agent.log': undefined,
  'agent.dispatch': DISPATCH,
  'agent.stream': STREAM,
  'agent.end': END,
  'control.capabilities': CAPABILITIES,
  'control.status': STATUS,
  'control.window_update': shape('control.window_update', 'The window of the frame holds from now on.', {
    acks: may(list(ACK, ACKS_MAX), 'Acknowledgements that ride along.'),
  }),
  'control.budget_update': shape('control.budget_update', 'What is left; below zero is owed.', {
    tokens: may(BALANCE, 'Tokens.'),
    usd_micros: may(BALANCE, 'Micro-dollars.'),
    reason: may(TEXT, 'For people.'),
  }),
  'control.route_update': shape('control.route_update', 'Who works on it from now on.', {
    targets: may(list(TARGET, TARGETS_MAX), 'Personas and clones.'),
    reason: may(TEXT, 'For people.'),
  }),
  'control.ack': shape('control.ack', 'What has arrived.', { acks: need(list(ACK, ACKS_MAX), 'One per lane.') }),
  'control.resume': shape('control.resume', 'Reopens a session.', {
    token: need(TOKEN, 'The resume token.'),
    acks: may(list(ACK, ACKS_MAX), 'What had arrived.'),
  }),
  'control.hello': HELLO,
  'adapter.capability': CAPABILITY,
  'adapter.accepted': ACCEPTED,
  'adapter.estimate_request': ESTIMATE_REQUEST,
  'adapter.estimate': ESTIMATE,
  'adapter.health': HEALTH,
  'tool.request': shape('tool.request', 'A call of a tool.', {
    id: need(NAME, 'Id of the call.'),
    name: need(NAME, 'Tool.'),
    args: may(ANY, 'Arguments.'),
  }),
  'tool.result': shape('tool.result', 'The outcome of a call of a tool.', {
    id: need(NAME, 'Id of the call.'),
    result: may(ANY, 'What the tool gave.'),
    is_error: may(FLAG, 'Whether the tool failed.'),
  }),
  error: ERROR,
};

/** Payload types whose content has a shape and may be left out all the same. */
export const CONTENT_OPTIONAL: ReadonlySet<string> = new Set<PayloadType>(['control.window_update']);

export const PAYLOAD_TYPES: readonly PayloadType[] = Object.keys(CONTENTS) as PayloadType[];
