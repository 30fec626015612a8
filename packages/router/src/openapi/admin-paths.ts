import type { JsonObject } from '@atp-router/kernel';
import { EVENT_TYPES } from '../admin/events.ts';
import { type AdminOperation, adminOperation } from './operation.ts';
import { flag, int, list, pageOf, record, ref, text, words } from './schema.ts';

const BASE = '/admin/v1';

type Methods = Readonly<Partial<Record<'get' | 'post' | 'put' | 'delete', AdminOperation>>>;

export function at(path: string, methods: Methods): JsonObject {
  const operations = Object.entries(methods).map(([method, spec]) => [method, adminOperation(path, spec)]);
  return { [BASE + path]: Object.fromEntries(operations) as JsonObject };
}

export const PAGE: Readonly<Record<'limit' | 'cursor', JsonObject>> = {
  limit: int('Entries of one page.', { minimum: 1, maximum: 1_000, default: 100 }),
  cursor: text('`next_cursor` of the page before.'),
};

export const RANGE: Readonly<Record<'tenant' | 'model' | 'from' | 'to', JsonObject>> = {
  tenant: text('Only this tenant.'),
  model: text('Only this model.'),
  from: text('First UTC day, `YYYY-MM-DD`.', { format: 'date' }),
  to: text('Last UTC day, `YYYY-MM-DD`.', { format: 'date' }),
};

/** Paths of tenants, models or providers, which differ in names only. */
function entity(name: 'Tenant' | 'Model' | 'Provider', list: string, advice: string): JsonObject {
  const one = name.toLowerCase();
  const tag = list;
  const [input, view] = [ref(`${name}Input`), ref(name)];
  return {
    ...at(`/${list}`, {
      get: { id: `adminList${name}s`, tag, summary: `List ${list}.`, query: PAGE, answer: pageOf(view) },
      post: {
        id: `adminCreate${name}`,
        tag,
        summary: `Make a ${one}.`,
        description: advice,
        body: input,
        answer: view,
        status: 201,
      },
    }),
    ...at(`/${list}/{id}`, {
      get: { id: `adminGet${name}`, tag, summary: `Show a ${one}.`, answer: view },
      put: {
        ...{
          id: `adminPut${name}`,
          tag,
          summary: `Replace a ${one}, or make it.`,
          body: input,
          answer: view,
          also: 201,
        },
        description: `${advice} The \`id\` of the body may be left out. What the configuration file declares is changed there: 409.`,
      },
      delete: {
        ...{ id: `adminDelete${name}`, tag, summary: `Delete a ${one}.`, answer: ref('Deleted') },
        description: 'What is still in use, or comes from the configuration file, is not deleted: 409.',
      },
    }),
  };
}

const entities: JsonObject = {
  ...entity('Tenant', 'tenants', 'Keys are made with `POST /admin/v1/keys`.'),
  ...entity('Model', 'models', 'Takes effect at once, for new calls.'),
  ...entity('Provider', 'providers', 'Secrets are named, not sent: `${ENV_VARIABLE}` or `${file:path}`.'),
  ...at('/providers/{id}/check', {
    post: {
      ...{ id: 'checkProvider', tag: 'providers', summary: 'Ask the provider for its models, now.' },
      ...{ answer: ref('ProviderCheck') },
    },
  }),
};

const keys: JsonObject = {
  ...at('/keys', {
    get: {
      ...{ id: 'listKeys', tag: 'keys', summary: 'List keys.', answer: pageOf(ref('Key')) },
      query: { tenant: text('Only keys of this tenant; `@admin` for keys of the admin API.'), ...PAGE },
    },
    post: {
      ...{
        id: 'createKey',
        tag: 'keys',
        summary: 'Make a key.',
        body: ref('KeyInput'),
        answer: ref('NewKey'),
        status: 201,
      },
      description: 'The key itself is in this answer and nowhere else. Only its hash is kept.',
      example: { tenant: 'acme', id: 'ci' },
    },
  }),
  ...at('/keys/{tenant}/{id}', {
    delete: { id: 'revokeKey', tag: 'keys', summary: 'Revoke a key for good.', answer: ref('Key') },
  }),
  ...at('/keys/{tenant}/{id}/disable', {
    post: { id: 'disableKey', tag: 'keys', summary: 'Disable a key until it is enabled.', answer: ref('Key') },
  }),
  ...at('/keys/{tenant}/{id}/enable', {
    post: { id: 'enableKey', tag: 'keys', summary: 'Enable a disabled key.', answer: ref('Key') },
  }),
};

const control: JsonObject = {
  ...at('/status', {
    get: { id: 'getStatus', tag: 'control', summary: 'What this process is.', answer: ref('Status') },
  }),
  ...at('/config', {
    get: {
      ...{
        id: 'getConfig',
        tag: 'control',
        summary: 'The configuration in force, without secrets.',
        answer: ref('ConfigView'),
      },
      description: 'The file and what was made through this API, with all defaults. Secrets are `***`.',
    },
  }),
  ...at('/config/reload', {
    post: { id: 'reloadConfig', tag: 'control', summary: 'Read the file anew, now.', answer: ref('ReloadReport') },
  }),
  ...at('/kill', {
    get: {
      ...{
        id: 'listKills',
        tag: 'control',
        summary: 'What is switched off.',
        answer: record({ data: list(ref('Kill')) }),
      },
    },
    post: {
      ...{ id: 'setKill', tag: 'control', summary: 'Stop a key, model, provider or tenant at once, or lift a stop.' },
      ...{ body: ref('KillInput'), answer: ref('KillResult') },
      description: 'Running streams end with an error, new calls are refused, until it is lifted. Survives a restart.',
      example: { scope: 'model', id: 'gpt-x', on: true, reason: 'wrong answers since 14:00' },
    },
  }),
};

const observe: JsonObject = {
  ...at('/live', {
    get: { id: 'getLive', tag: 'observe', summary: 'Calls in flight, windows and targets, now.', answer: ref('Live') },
  }),
  ...at('/flow', {
    get: {
      ...{ id: 'getFlow', tag: 'observe', summary: 'Tiers, queues, windows and spending, now.', answer: ref('Flow') },
      description: 'What `atp top` shows. Totals count from the start of the process.',
    },
  }),
  ...at('/sessions', {
    get: {
      ...{ id: 'listSessions', tag: 'observe', summary: 'Sessions of the Agent Transport Protocol, now.' },
      query: { tenant: text('Only those of this tenant.') },
      answer: record({
        total: int('Sessions.'),
        data: list(ref('Session'), 'At most 1000 of them.'),
        truncated: flag('There are more than one answer holds; `tenant` asks for those of one.'),
      }),
    },
  }),
  ...at('/sessions/{tenant}/{id}', {
    delete: {
      ...{ id: 'endSession', tag: 'observe', summary: 'End a session.' },
      description:
        'Its streams are aborted, its client is told EPOLICY. It may open another one: revoke its key to keep it out.',
      answer: record({ tenant: text('Whose.'), session_id: text('Which.'), ended: flag('Always true.') }),
    },
  }),
  ...at('/events', {
    get: {
      ...{ id: 'streamEvents', tag: 'observe', summary: 'Events as they happen.', answer: ref('OpenAiError') },
      description:
        'Server-sent events: `event` is the type, `data` the event as JSON. Nothing is replayed. `dropped` tells how many events a reader was too slow for.',
      query: {
        types: text(`Only these, separated by commas: ${EVENT_TYPES.map((type) => `\`${type}\``).join(', ')}.`),
      },
      media: { 'text/event-stream': ref('Event') },
    },
  }),
  ...at('/usage', {
    get: {
      ...{ id: 'getUsage', tag: 'observe', summary: 'What was used, summed up.', answer: ref('UsageSums') },
      description:
        'JSON, or CSV with `format=csv` or `Accept: text/csv`. The newest days stay when there are too many rows.',
      query: {
        ...RANGE,
        group_by: text('Any of `tenant`, `model`, `day`, with commas. Default: all.'),
        format: words('Form of the answer.', ['json', 'csv']),
      },
      media: { 'text/csv': { type: 'string' } },
    },
  }),
  ...at('/usage/records', {
    get: {
      ...{
        id: 'listUsageRecords',
        tag: 'observe',
        summary: 'Usage records, the newest first.',
        answer: pageOf(ref('UsageRecord')),
      },
      query: {
        ...RANGE,
        key_id: text('Only calls with this key.'),
        outcome: words('Only calls that ended so.', ['ok', 'error', 'cancelled', 'interrupted']),
        ...PAGE,
      },
    },
  }),
  ...at('/calls/{id}', {
    get: { id: 'getCall', tag: 'observe', summary: 'One call with its attempts.', answer: ref('Call') },
  }),
  ...at('/calls/{id}/cancel', {
    post: {
      ...{ id: 'cancelCall', tag: 'observe', summary: 'End a call in flight.' },
      answer: record({ call_id: text('The call.'), cancelled: flag('Always true.') }),
    },
  }),
  ...at('/estimate', {
    post: {
      ...{ id: 'estimateCall', tag: 'observe', summary: 'How a request would be routed, and what it would cost.' },
      ...{ body: ref('EstimateInput'), answer: ref('EstimateAnswer') },
      description: 'Nothing is sent and nothing is reserved. Refusals are those that the call would get.',
      example: {
        ...{ endpoint: 'chat.completions', tenant: 'acme' },
        body: { model: 'auto', messages: [{ role: 'user', content: 'Say hello.' }] },
      },
    },
  }),
};

export const ADMIN_PATHS: JsonObject = { ...control, ...entities, ...keys, ...observe };

export const ADMIN_TAGS: readonly JsonObject[] = [
  { name: 'control', description: 'The process, its configuration, and kill switches.' },
  { name: 'tenants', description: 'Who pays: rights, budgets, windows.' },
  { name: 'keys', description: 'Keys of tenants and of the admin API.' },
  { name: 'models', description: 'What clients may name.' },
  { name: 'providers', description: 'Upstream endpoints.' },
  { name: 'observe', description: 'Live state, events, usage, single calls, sessions of fan-outs, estimates.' },
];
