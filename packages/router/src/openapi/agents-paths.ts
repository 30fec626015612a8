import type { JsonObject } from '@atp-router/kernel';
import { AGENT_STATES } from '@atp-router/adapters';
import { adminOperation } from './operation.ts';
import { flag, int, list, num, orNull, record, ref, text, words } from './schema.ts';

const PATH = '/connected-agents';

/** Agents that dial in, as operators see them. */
export const AGENTS_PATHS: JsonObject = {
  [`/admin/v1${PATH}`]: {
    get: adminOperation(PATH, {
      ...{ id: 'listConnectedAgents', tag: 'agents', summary: 'Agents that have dialled in.' },
      answer: record({
        total: int('How many there are; the first thousand are shown.'),
        data: list(ref('ConnectedAgent')),
        truncated: flag('There are more than one answer holds.'),
      }),
    }),
  },
  [`/admin/v1${PATH}/check`]: {
    post: adminOperation(`${PATH}/check`, {
      ...{ id: 'checkConnectedAgents', tag: 'agents', summary: 'Ask agents for an estimate and one word, now.' },
      description:
        'Says sentence by sentence of `docs/protocol/atp-agents.md` how they keep to the protocol. Billed to nobody. An agent that passes is routed to again.',
      body: ref('AgentCheckInput'),
      answer: record({
        ok: flag('All that were asked passed.'),
        total: int('How many there are; the first 64 are asked.'),
        data: list(ref('AgentCheck')),
      }),
      example: { adapter_id: 'echo' },
    }),
  },
};

export const AGENTS_TAGS: readonly JsonObject[] = [{ name: 'agents', description: 'Agents that dial in.' }];

const WINDOW = record(
  { max_parallel: int('Streams.'), max_tokens: int('Tokens.'), max_usd_micros: int('Micro-dollars.') },
  ['max_parallel', 'max_tokens', 'max_usd_micros'],
);

export const AGENTS_SCHEMAS: JsonObject = {
  ConnectedAgent: record({
    id: text('Of this instance, in this process.'),
    adapter_id: text('Its name; several instances may have the same.'),
    tenant: text('Tenant of the key that it came with.'),
    key_id: text('That key.'),
    routes: list({ type: 'string' }, 'Names of models by which calls reach it; empty: no provider takes it any more.'),
    state: words('The first thing that keeps work from it, or `ready`.', [...AGENT_STATES]),
    connected: flag('Its session has a connection.'),
    adapter_type: text('Kind, in its own words.'),
    capabilities: list({ type: 'string' }, 'What it can do, in its own words.'),
    version: text('Its version, or empty.'),
    max_tokens: orNull(int('Most tokens of one call.')),
    usd_micros_per_mtok: orNull(record({ in: int('Read.'), out: int('Written.') })),
    since_ms: int('When it was taken, ms since the epoch.'),
    status: words('What it said last.', ['READY', 'BUSY', 'PAUSE', 'DRAINING']),
    suggested_window: WINDOW,
    window: orNull(int('Tasks that it may have at a time, narrowed by trouble. Null: as many as its session takes.')),
    in_flight: record({ dispatches: int('Tasks.'), tokens: int('Their tokens.'), usd_micros: int('Their cost.') }),
    health: orNull(
      record({
        status: text('In its own words; `degraded` and `down` keep work from it.'),
        at_ms: int('When it said so.'),
        p50_ms: orNull(num('Median latency.')),
        p95_ms: orNull(num('95th percentile.')),
        error_rate: orNull(num('Share that failed.')),
        queue_depth: orNull(int('Tasks that wait.')),
      }),
    ),
    compliance: record({
      is_compliant: flag('It is routed to.'),
      reason: orNull(text('The last rule that it broke.')),
      strikes: list(
        record({ fault: text('Which.'), sentence: text('Of docs/protocol/atp-agents.md.'), at_ms: int('When.') }),
      ),
    }),
  }),
  AgentCheckInput: record(
    { adapter_id: text('Only agents of this name.'), tenant: text('Only agents of this tenant.') },
    ['adapter_id', 'tenant'],
  ),
  AgentCheck: record({
    id: text('The instance.'),
    adapter_id: text('Its name.'),
    tenant: text('Its tenant.'),
    ok: flag('It kept to every sentence, and answered.'),
    latency_ms: int('How long that took.'),
    sentences: list(
      record(
        {
          sentence: text('Of docs/protocol/atp-agents.md.'),
          says: text('What it asks for.'),
          outcome: words('What came of it.', ['passed', 'failed', 'skipped']),
          detail: text('More of it.'),
        },
        ['detail'],
      ),
    ),
  }),
};
