import type { JsonObject } from '@atp-router/kernel';
import { CALL_ENDPOINTS } from '../http/shapes.ts';
import { flag, int, list, num, orNull, record, ref, text, words } from './schema.ts';

const OUTCOMES = ['ok', 'error', 'cancelled', 'interrupted'] as const;

const LANE_ROLES = [
  'member',
  'challenger',
  'escalation',
  'judge',
  'verifier',
  'ack',
  'arbiter',
  'embed',
  'filter',
  'fallback',
] as const;

const tokens: JsonObject = {
  in_tokens: int('Prompt tokens, cached ones included.'),
  out_tokens: int('Answer tokens, reasoning included.'),
  cached_in_tokens: int('Prompt tokens read from the cache.'),
  cache_write_tokens: int('Prompt tokens written to the cache.'),
  reasoning_tokens: int('Reasoning tokens.'),
};

const cost: JsonObject = { cost_usd_micros: int('Cost in millionths of a US dollar.') };

const tools: JsonObject = {
  tools_usd_micros: int('The part of the cost that tools at the provider took; absent when they took none.'),
};

const footprint: JsonObject = {
  energy_joules: num('Energy of all that was used, in joules; absent where it is not known.'),
  co2e_mg: num('What that emitted, in milligrams of CO2e; absent where it is not known.'),
};

const place: JsonObject = {
  node_id: text('Process that ran it.'),
  epoch: int('Journal file of its record.'),
  seq: int('Number of its record there.'),
};

const ending: JsonObject = {
  outcome: words('How it ended.', OUTCOMES),
  error: orNull(text('Code of the catalogue when it is not `ok`.')),
  usage_source: words('Who counted the tokens.', ['reported', 'counted', 'none']),
  latency_ms: int('From start to end.'),
  ttfb_ms: orNull(int('To the first byte of the upstream.')),
};

const usage: JsonObject = {
  UsageSums: record({
    group_by: list(words('A dimension.', ['tenant', 'model', 'day']), 'The dimensions that the rows tell apart.'),
    data: list(ref('UsageSum')),
    truncated: flag('There are more rows than one answer holds; the oldest days are missing.'),
  }),
  UsageSum: record(
    {
      tenant: text('When grouped by it.'),
      model: text('When grouped by it.'),
      day: text('UTC day, `YYYY-MM-DD`, when grouped by it.'),
      calls: int('Calls.'),
      errors: int('Those that did not end well.'),
      attempts: int('Attempts, which calls may have several of.'),
      ...tokens,
      ...cost,
      energy_joules: num('Energy of attempts in joules, as far as it is known.'),
      co2e_mg: num('What that emitted, in milligrams of CO2e, as far as it is known.'),
      calls_without_energy: int('Calls that used something, and of which the energy is not known as a whole.'),
      calls_without_co2e: int('Calls that used something, and of which the CO2e is not known as a whole.'),
    },
    ['tenant', 'model', 'day'],
  ),
  UsageRecord: record(
    {
      call_id: text('Id of the call, as in `x-atp-request-id`.'),
      ...place,
      tenant: text('Who pays.'),
      key_id: text('With which key.'),
      endpoint: text('Shape of the request.'),
      requested_model: text('Name that the client wrote.'),
      model: text('Model of the last attempt.'),
      provider: orNull(text('Provider of the last attempt.')),
      policy: orNull(text('Policy that applied.')),
      agent: orNull(text('Agent that was named.')),
      qos: text('Service tier.'),
      task_type: orNull(text('As sent.')),
      stream: flag('Streamed.'),
      trace_id: orNull(text('W3C trace id.')),
      day: text('UTC day that the call is charged to.'),
      started_ms: int('Start, ms since the epoch.'),
      ended_ms: int('End, ms since the epoch.'),
      status: int('HTTP status of the answer.'),
      attempts: int('Number of attempts.'),
      ...ending,
      ...tokens,
      ...cost,
      ...tools,
      ...footprint,
    },
    ['tools_usd_micros', 'energy_joules', 'co2e_mg'],
  ),
  AttemptRecord: record(
    {
      call_id: text('Id of the call.'),
      ...place,
      n: int('Number within the call, from 1.'),
      turn: int('Upstream turn within the call, from 1.'),
      kind: words('Why it was made.', ['primary', 'retry', 'fallback', 'hedge']),
      model: text('Model.'),
      provider: text('Provider.'),
      lane: orNull(int('Lane of a fan-out, from 0; null for a call that asks one at a time.')),
      role: orNull(words('As what it was asked there.', LANE_ROLES)),
      source: orNull(text('Persona, agent or model that was asked there.')),
      upstream_status: orNull(int('HTTP status of the provider.')),
      ...ending,
      ...tokens,
      ...cost,
      ...tools,
      ...footprint,
      region: text('Where its model runs; absent where its energy is not known.'),
    },
    ['tools_usd_micros', 'energy_joules', 'co2e_mg', 'region'],
  ),
  Call: {
    anyOf: [
      record({ state: words('In flight.', ['running']), call: ref('RunningCall') }),
      record({ state: words('Over.', ['ended']), call: ref('UsageRecord'), attempts: list(ref('AttemptRecord')) }),
    ],
  },
};

const amounts = record({ calls: int('Calls.'), tokens: int('Tokens.'), usd_micros: int('Micro-dollars.') });
const limit = (description: string): JsonObject => orNull(int(`${description} Null: not limited.`));

const live: JsonObject = {
  Live: record({
    calls_total: int('Calls in flight.'),
    calls: list(ref('RunningCall'), 'At most 1000 of them.'),
    tenants_total: int('Tenants.'),
    tenants: list(ref('TenantWindow'), 'At most 1000 of them.'),
    providers: list(ref('ProviderState'), 'At most 1000 of them.'),
    targets_total: int('Models.'),
    targets: list(ref('TargetState'), 'At most 1000 of them.'),
  }),
  ProviderState: record({
    provider: text('Id.'),
    killed: flag('Switched off by an operator.'),
    in_flight: int('Attempts that have a place at this provider.'),
    waiting: int('Attempts that wait for one.'),
  }),
  RunningCall: record({
    call_id: text('Id of the call.'),
    tenant: text('Who pays.'),
    key_id: text('With which key.'),
    endpoint: text('Shape of the request.'),
    requested_model: text('Name that the client wrote.'),
    model: orNull(text('Model of the newest attempt; null while the call waits.')),
    provider: orNull(text('Its provider.')),
    qos: text('Service tier.'),
    stream: flag('Streamed.'),
    attempts: int('Attempts so far.'),
    started_ms: int('Start, ms since the epoch.'),
    age_ms: int('How long it runs.'),
    in_tokens: int('Prompt tokens, estimated until they are reported.'),
    out_tokens: int('Answer tokens counted so far.'),
  }),
  TenantWindow: record(
    {
      tenant: text('Id.'),
      killed: flag('Switched off by an operator.'),
      day: text('UTC day that `used` and the budgets speak of.'),
      limits: record({
        max_parallel: limit('Calls in flight.'),
        max_tokens: limit('Tokens in flight.'),
        max_usd_micros: limit('Micro-dollars in flight.'),
        usd_micros_per_day: limit('Micro-dollars of a day.'),
        tokens_per_day: limit('Tokens of a day.'),
        calls_per_day: limit('Calls of a day.'),
      }),
      outstanding: amounts,
      used: amounts,
      remaining: record({
        window_calls: limit('Calls that may start now.'),
        window_tokens: limit('Tokens that may be reserved now.'),
        window_usd_micros: limit('Micro-dollars that may be reserved now.'),
        budget_usd_micros: limit('Micro-dollars left today; negative is a debt.'),
        budget_tokens: limit('Tokens left today.'),
        budget_calls: limit('Calls left today.'),
      }),
      debt: amounts,
    },
    ['day', 'limits', 'outstanding', 'used', 'remaining', 'debt'],
  ),
  TargetState: record({
    model: text('Model.'),
    provider: text('Provider.'),
    target: text('`<provider>/<upstream model>`.'),
    killed: flag('Switched off by an operator.'),
    breaker: words('Circuit breaker.', ['closed', 'half_open', 'open']),
    ready: flag('Fast and reliable enough to be tried first.'),
    samples: int('Attempts in the readiness window.'),
    error_rate: orNull(num('Share of failures there.')),
    p95_ms: orNull(num('95th percentile of the time to the first byte there.')),
    in_flight: int('Attempts in flight.'),
    waiting: int('Attempts that wait for a place.'),
    accuracy: record({ input: orNull(ref('Accuracy')), total: orNull(ref('Accuracy')) }),
  }),
  Accuracy: record(
    {
      samples: int('Calls of the last seven days.'),
      mape: num('Mean absolute error of the token estimate, as a share.'),
      under_rate: num('Share of calls that used over 1.2 × their estimate.'),
      p95_overage: num('95th percentile of use over estimate.'),
    },
    [],
    'How far estimates of tokens were off.',
  ),
};

const toolCost = list(
  record({ tool: text('Tool.'), usd_micros: int('Micro-dollars.') }),
  'Tools that cost money by themselves.',
);
const toolTokens = list(record({ tool: text('Tool.'), tokens: int('Tokens.') }), 'Tools that add tokens.');
const target = record({ model: text('Model.'), provider: text('Provider.') });

const estimate: JsonObject = {
  EstimateInput: record(
    {
      endpoint: words('Shape of `body`.', CALL_ENDPOINTS),
      body: { type: 'object', description: 'The request as it would be sent.' },
      tenant: text('Who would send it. May be absent when there is one tenant.'),
      qos: words('As `x-atp-qos`.', ['gold', 'silver', 'bronze']),
      task_type: text('As `x-atp-task-type`.'),
      data_scope: list({ type: 'string' }, 'As `x-atp-data-scope`.'),
    },
    ['tenant', 'qos', 'task_type', 'data_scope'],
  ),
  EstimateAnswer: record({
    tenant: text('Who was asked for.'),
    qos: words('The tier that the call would get.', ['gold', 'silver', 'bronze']),
    policy: orNull(text('Policy that applies.')),
    agent: orNull(text('Agent that was named.')),
    max_attempts: int('Most attempts of the call.'),
    plan: record(
      {
        primary: target,
        escalation: list(target, 'Tried in this order when the primary fails.'),
        why: list({ type: 'string' }, 'How the plan came about.'),
        expected_cost_usd_micros: list({ type: 'integer' }, 'Lower and upper bound.'),
        expected_p95_ms: num('Of the primary.'),
      },
      ['expected_p95_ms'],
    ),
    choices: int('Answers asked for (`n`).'),
    candidates: list(ref('Candidate'), 'In the order of the plan.'),
  }),
  Candidate: record({
    model: text('Model.'),
    provider: text('Provider.'),
    target: text('`<provider>/<upstream model>`.'),
    simulated: flag('Its answers are invented.'),
    priced: flag('False: cost is taken as 0.'),
    estimate: ref('Estimate'),
    effective: record(
      { tokens: int('Tokens.'), usd_micros: int('Micro-dollars.') },
      [],
      'The estimate with the safety margin of the tier: mean + k·√variance, k = 2 for gold, 1 for silver, 0.5 for bronze.',
    ),
  }),
  Estimate: record(
    {
      in_tokens: int('Prompt tokens.'),
      out_tokens: int('Answer tokens.'),
      usd_micros: int('Cost in micro-dollars.'),
      p95_tokens: int('95th percentile of all tokens.'),
      p95_usd: int('95th percentile of the cost, micro-dollars.'),
      variance: record({ tokens: num('Tokens².'), usd: num('Micro-dollars².') }),
      confidence: num('0, a guess, to 1, many observations.'),
      tool_cost_breakdown: toolCost,
      tool_token_estimates: toolTokens,
      assumptions: list({ type: 'string' }, 'What was supposed rather than known.'),
    },
    ['p95_tokens', 'p95_usd'],
  ),
};

export const OBSERVE_SCHEMAS: JsonObject = { ...usage, ...live, ...estimate };
