import type { Frame, Payload } from '@atp-router/wire';

/** A frame that every implementation has to read and write in the same way. */
export interface Sample {
  readonly name: string;
  readonly frame: Frame;
  /** Other JSON texts of the same frame. */
  readonly also?: readonly string[];
}

const HEAD = { v: 1, session_id: 's-1', stream_id: 't-1', msg_seq: 7 } as const;
const head = '"v":1,"session_id":"s-1","stream_id":"t-1","msg_seq":7';
const carrying = (name: string, payload: Payload, also?: readonly string[]): Sample => ({
  name,
  frame: { ...HEAD, payload },
  ...(also && { also }),
});
const content = (name: string, value: Payload['content'] & {}, also?: readonly string[]): Sample =>
  carrying(
    `content: ${name}`,
    { type: 'agent.log', content: value },
    also?.map((text) => `{${head},"payload":{"type":"agent.log","content":${text}}}`),
  );

const lane = { session_id: 'p-1', persona_id: 'critic', clone_id: 'c2' };

const ENVELOPES: readonly Sample[] = [
  {
    name: 'the smallest frame',
    frame: { v: 1, session_id: 's', stream_id: 't', msg_seq: 0 },
    also: [
      ' {\n\t"msg_seq" : 0e0 ,"stream_id":"\\u0074", "session_id":"s","v":1.0}\r\n',
      '{"v":2,"session_id":"s","stream_id":"t","msg_seq":0,"v":1}',
    ],
  },
  { name: 'a heartbeat', frame: { ...HEAD, flags: ['HB'] } },
  { name: 'congestion is told', frame: { ...HEAD, flags: ['ACK', 'ECN'], window: { max_parallel: 4 } } },
  { name: 'flags of drafts and of nobody', frame: { ...HEAD, flags: ['FRAG', 'LAST', 'LATER'] } },
  { name: 'defaults that are written out are kept', frame: { ...HEAD, frag_seq: 0, flags: [], qos: 'silver', ttl: 8 } },
  {
    name: 'every field',
    frame: {
      ...{ v: 1, session_id: 'a session', stream_id: 'ünïcode ☃ 😀', msg_seq: 9_007_199_254_740_991 },
      ...{ frag_seq: 0, flags: ['CTRL'], qos: 'gold', ttl: 255 },
      window: { max_parallel: 1_000, max_tokens: 10_000_000, max_usd_micros: 10_000_000_000 },
      meta: {
        task_type: 'code_review',
        languages: ['en', 'pt-BR'],
        risk: 'low',
        data_scope: ['internal', 'eu'],
        trace: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
        tool_permissions: ['search'],
        environment_id: 'env-1',
        security_groups: [],
        deadline_ms: 30_000,
        idempotency_key: 'once',
        vector_clock: { b: 2, a: 1, node: 4_294_967_296 },
        node_id: 'n1',
        via: ['n0', 'n1'],
      },
      payload: {
        type: 'agent.result.provisional',
        content: 'So far, so good.',
        confidence: 0.82,
        cost_est: { in_tokens: 412, out_tokens: 128, usd_micros: 911 },
        checksum: 'sha256:7dfde19648fa389ff11a229c73b026f99c557c8cd043c9ef3d0d3dde57087172',
        expiry_ms: 5_000,
        persona_id: 'critic',
        clone_id: 'c2',
        seq: 3,
      },
    },
  },
  {
    name: 'unknown members everywhere',
    frame: {
      ...HEAD,
      ...{ later: { deep: [null, true] }, '10': 'ten', '2': 'two' },
      window: { max_parallel: 1, max_agents: 2 } as Frame['window'] & {},
      payload: { type: 'agent.new_kind', content: { any: 'thing' }, hint: [] } as Payload,
    },
  },
];

const PAYLOADS: readonly Sample[] = [
  carrying('agent.result.final', {
    type: 'agent.result.final',
    content: 'Done.',
    confidence: 1,
    cost_est: { usd_micros: 5 },
  }),
  carrying('agent.question', { type: 'agent.question', content: { text: 'Which one?', options: ['a', 'b'] } }),
  carrying('agent.dispatch', {
    type: 'agent.dispatch',
    content: {
      session_id: 'p-1',
      targets: [{ persona_id: 'critic', clone_id: 'c2' }],
      budget: { tokens: 1_000, usd_micros: 20_000 },
      task: 'Which of these two diffs is safer?',
    },
  }),
  carrying('agent.stream', { type: 'agent.stream', content: { ...lane, seq: 17, data: 'The second' } }),
  carrying('agent.end', { type: 'agent.end', content: { ...lane, seq: 18, stats: { latency_ms: 812.5, tokens: 96 } } }),
  carrying('control.hello', {
    type: 'control.hello',
    content: {
      task: 'review',
      encodings: ['cbor', 'json'],
      features: ['resume'],
      token: 'atp_x',
      interval_s: 15,
      idle_fin_s: 60,
    },
  }),
  carrying('control.capabilities', { type: 'control.capabilities', content: { encodings: ['json'] } }),
  carrying('control.status', {
    type: 'control.status',
    content: {
      status: 'BUSY',
      reason: 'full',
      metrics: { load: 0.97 },
      suggested_window: { max_parallel: 2 },
      retry_after_ms: 500,
    },
  }),
  carrying('control.window_update without content', { type: 'control.window_update' }),
  carrying('control.window_update with acknowledgements', {
    type: 'control.window_update',
    content: { acks: [{ ack_msg_up_to: 6 }, { stream_id: 't-2', msg_seq: 3, ack_up_to: 1, missing: [2, 5] }] },
  }),
  carrying('control.budget_update', { type: 'control.budget_update', content: { tokens: -20, usd_micros: 0 } }),
  carrying('control.route_update', {
    type: 'control.route_update',
    content: { targets: [{ persona_id: 'critic', clone_id: 'c3' }], reason: 'c2 is gone' },
  }),
  carrying('control.ack', {
    type: 'control.ack',
    content: { acks: [{ persona_id: 'p', clone_id: 'c', ack_msg_up_to: 0 }] },
  }),
  carrying('control.resume', { type: 'control.resume', content: { token: 'r-1', acks: [] } }),
  carrying('adapter.capability', {
    type: 'adapter.capability',
    content: {
      ...{ adapter_id: 'a1', adapter_type: 'agent', capabilities: ['tools'], models: ['small'], max_tokens: 128_000 },
      ...{ supported_languages: ['en'], usd_micros_per_mtok: { in: 250_000, out: 2_000_000 }, version: '1.2.0' },
    },
  }),
  carrying('adapter.capability with one price', {
    type: 'adapter.capability',
    content: { adapter_id: 'a1', usd_micros_per_mtok: 150_000 },
  }),
  carrying('adapter.accepted', { type: 'adapter.accepted', content: { adapter_id: 'a1', routes: ['agents/a1'] } }),
  carrying('adapter.estimate_request', {
    type: 'adapter.estimate_request',
    content: {
      ...{
        adapter_id: 'a1',
        targets: [{ persona_id: 'p', clone_id: 'c' }],
        budget: { tokens: 1_000, usd_micros: 5_000 },
      },
      ...{ task: { prompt: 'Hi', model: 'a1', stream: true }, check: true },
    },
  }),
  carrying('agent.dispatch that checks', {
    type: 'agent.dispatch',
    content: { session_id: 's-1', targets: [], task: { prompt: 'Hi' }, check: true },
  }),
  carrying('adapter.estimate', {
    type: 'adapter.estimate',
    content: {
      ...{ in_tokens: 400, out_tokens: 200, usd_micros: 700, p95_tokens: 900, p95_usd: 1_200, confidence: 0.7 },
      variance: { tokens: 2_500, usd: 90.25 },
      tool_cost_breakdown: [{ tool: 'search', usd_micros: 100 }],
      tool_token_estimates: [{ tool: 'search', tokens: 50 }],
      assumptions: ['the prompt is English'],
    },
  }),
  carrying('adapter.health', {
    type: 'adapter.health',
    content: { adapter_id: 'a1', status: 'READY', p50_ms: 120, p95_ms: 480.5, error_rate: 0.01, queue_depth: 3 },
  }),
  carrying('tool.request', { type: 'tool.request', content: { id: 'c1', name: 'search', args: { q: 'ATP' } } }),
  carrying('tool.result', { type: 'tool.result', content: { id: 'c1', result: ['a', 'b'], is_error: false } }),
  carrying('error', {
    type: 'error',
    content: { code: 'EWINDOW', reason: 'The window is full.', retry_after_ms: 250, details: { max_parallel: 4 } },
  }),
];

const CONTENTS: readonly Sample[] = [
  content('no bytes', new Uint8Array(0), ['{"$bytes":""}', '{"\\u0024bytes":""}']),
  content('three bytes', Uint8Array.of(0, 128, 255)),
  content('bytes of other lengths, within others', [
    Uint8Array.of(251),
    { a: Uint8Array.of(1, 2) },
    Uint8Array.of(1, 2, 3, 4),
  ]),
  content('names that sort by length in CBOR and by UTF-16 in JSON', { b: 1, aa: 2, '': 3, ﬁ: 4, '😀': 5, é: 6, z: 7 }),
  content('the name of a prototype', JSON.parse('{"__proto__":{"x":1},"constructor":null}')),
  content('text with escapes', 'quote " slash / back \\ line \n zero \u0000 del \u007f separator \u2028 half 𝄞', [
    '"quote \\" slash \\/ back \\\\ line \\n zero \\u0000 del \\u007f separator \\u2028 half \\ud834\\udd1e"',
  ]),
  content(
    'integers at the edges of their sizes',
    [0, 23, 24, 255, 256, 65_535, 65_536, 4_294_967_295, 4_294_967_296, 9_007_199_254_740_991],
  ),
  content('negative integers', [-1, -24, -25, -256, -257, -4_294_967_296, -9_007_199_254_740_991]),
  content('integers in other spellings', [1, 100, 0], ['[1.0,1e2,-0]', '[10e-1,1E+2,0.0]']),
  content('floats in two, four and eight bytes', [
    0.5,
    -1.5,
    2 ** -24,
    65_503.5,
    2 ** -149,
    3.1415927410125732,
    0.1,
    5e-324,
    -4.1,
  ]),
  content('a 24-byte text and a 256-byte text', ['x'.repeat(24), 'y'.repeat(256)]),
  content('depth', JSON.parse('['.repeat(62) + ']'.repeat(62))),
];

export const SAMPLES: readonly Sample[] = [...ENVELOPES, ...PAYLOADS, ...CONTENTS];
