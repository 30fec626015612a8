import { isJsonObject, type JsonObject } from '@atp-router/kernel';
import { configSchemas } from '../admin/mask.ts';
import { flag, int, list, num, orNull, record, ref, text, words } from './schema.ts';

const KEY_STATES = ['active', 'disabled', 'revoked'] as const;
const SCOPES = ['key', 'model', 'provider', 'tenant'] as const;

const journal: JsonObject = record(
  {
    epoch: int('Number of the journal file.'),
    seq: int('Number of the last record in it.'),
    file_bytes: int('Its length.'),
    failure: text('Why it cannot be written; new calls are refused then.'),
  },
  ['failure'],
);

const control: JsonObject = {
  Status: record(
    {
      node_id: text('Name of this process in the journal.'),
      version: text('Version of the router.'),
      uptime_s: int('Seconds since the start.'),
      generation: int('Number of the configuration in force; rises with every change.'),
      config_hash: text('SHA-256 of that configuration without its secrets.'),
      listening: text('Address.'),
      draining: flag('It is shutting down.'),
      calls_in_flight: int('Calls that run now.'),
      journal,
      store: record({
        type: words('Where the tables are.', ['sqlite', 'postgres']),
        lag_blocks: int('Journal blocks that are not yet in the tables.'),
      }),
      cluster: record(
        {
          role: words('`leader`: it holds the limits of all machines. `relay`: another one does.', ['leader', 'relay']),
          leader: orNull(text('The machine that holds them; `null`: none is known.')),
          epoch: int('Rises with each change of who holds them.'),
          is_recovering: flag('It holds them, and grants nothing until it knows what workers of all machines have.'),
          is_up: flag('The server of `cluster.url` is connected.'),
          elections_total: int('Changes of who holds them that this process saw.'),
          sent_total: int('Messages to other machines.'),
          received_total: int('Messages from other machines.'),
          lost_total: int('Messages that could not be sent; what they said is said again.'),
          round_trip_ms: orNull(num('The latest question to that server until its answer, in milliseconds.')),
        },
        [],
        'Only where limits are shared with other machines.',
      ),
      simulated: flag('Every provider is simulated: all answers are invented.'),
      processes: list(
        ref('ProcessStatus'),
        'Of a router that is several: the owner, whose view the rest is, and workers.',
      ),
    },
    ['cluster', 'processes'],
  ),
  ProcessStatus: record(
    {
      process: text('`owner`, or `worker:` and its number.'),
      answers: flag('It has answered in time; else nothing else is known of it.'),
      node_id: text('Its name in the journal.'),
      uptime_s: int('Seconds since its start.'),
      draining: flag('It is shutting down.'),
      calls_in_flight: int('Calls that run there.'),
      lag_blocks: int('Blocks of its journal that are not yet in the tables.'),
      journal,
    },
    ['node_id', 'uptime_s', 'draining', 'calls_in_flight', 'lag_blocks', 'journal'],
  ),
  ConfigView: record({
    generation: int('Its number.'),
    config_hash: text('Its SHA-256 without secrets.'),
    config: { type: 'object', description: 'As in the configuration file, with all defaults; secrets are `***`.' },
    restart_needed: list({ type: 'string' }, 'Changed keys that take effect only at the next start.'),
  }),
  ReloadReport: record(
    {
      result: words('`rejected`: nothing was changed.', ['applied', 'unchanged', 'rejected']),
      file: text('The file that was rejected.'),
      problems: list(ref('Problem')),
      restart_needed: list({ type: 'string' }, 'Changed keys that take effect only at the next start.'),
    },
    ['file'],
  ),
  Problem: record(
    {
      line: int('Line of the file, from 1.'),
      column: int('Column, from 1.'),
      path: text('Key in the file.'),
      message: text('What is wrong.'),
      expected: text('What would be right.'),
      got: text('What stands there; never a secret.'),
      suggestion: text('What was likely meant.'),
    },
    ['got', 'suggestion'],
    'One fault of the configuration file.',
  ),
  KillInput: record(
    {
      scope: words('What kind of thing.', SCOPES),
      id: text('Its id; `<tenant>/<key id>` for a key.'),
      on: flag('True stops, false lifts the stop.'),
      reason: text('Shown to the clients whose streams end. Needed to stop.', { maxLength: 500 }),
    },
    ['reason'],
  ),
  KillResult: record({
    scope: words('As sent.', SCOPES),
    id: text('As sent.'),
    on: flag('As sent.'),
    stopped_calls: int('Calls that were running and have been ended.'),
  }),
  Kill: record({
    scope: words('What kind of thing is stopped.', SCOPES),
    id: text('Its id.'),
    reason: text('As given.'),
    by: text('Id of the admin key.'),
    since_ms: int('When, ms since the epoch.'),
  }),
};

const keys: JsonObject = {
  KeyInput: record(
    {
      tenant: text('Tenant that it is for.'),
      admin: flag('True for a key of the admin API, in place of `tenant`.'),
      id: text('Its name; made up when absent.'),
    },
    ['tenant', 'admin', 'id'],
  ),
  NewKey: record({
    id: text('Its name.'),
    tenant: text('Tenant, or `@admin`.'),
    key: text('The key. Shown only here.'),
    hash: text('`sha256:` and its hash, as the configuration file takes it.'),
    display: text('Its beginning, to recognise it in lists.'),
  }),
  Key: record({
    id: text('Its name.'),
    tenant: text('Tenant, or `@admin`.'),
    state: words('Only an active key lets anybody in.', KEY_STATES),
    display: orNull(text('Its beginning; null for keys of the file, of which only the hash is known.')),
    source: words('Where it is declared.', ['file', 'admin']),
  }),
  Deleted: record({ id: text('Its id.'), deleted: flag('Always true.') }),
};

const checks: JsonObject = {
  ProviderCheck: record(
    {
      ok: flag('It listed its models with the configured key.'),
      latency_ms: int('How long that took.'),
      models: list({ type: 'string' }, 'What it offers to this key.'),
      error: record(
        {
          code: text('Code of the catalogue.'),
          message: text('What went wrong.'),
          status: int('HTTP status of the provider.'),
        },
        ['status'],
      ),
    },
    ['models', 'error'],
  ),
  Event: {
    type: 'object',
    description: 'An event of the catalogue. Fields depend on the type; keys are shown without their hash.',
    properties: {
      v: int('Version of the event catalogue.'),
      ts_ms: int('When, ms since the epoch.'),
      type: text('Type of the event.'),
      node_id: text('Process of it, where a router is several.'),
    },
    required: ['v', 'ts_ms', 'type'],
  },
};

/** What the configuration file takes as an entry, as this API takes and shows it. */
function entity(schema: unknown, hidden: readonly string[]): { readonly input: JsonObject; readonly view: JsonObject } {
  const node = isJsonObject(schema) ? schema : {};
  const properties = isJsonObject(node['properties']) ? node['properties'] : {};
  const sent = Object.fromEntries(Object.entries(properties).filter(([name]) => !hidden.includes(name)));
  const where =
    'Where it is declared. Entries of the file are changed there; `discovered`, without a file, are replaced by writing one.';
  const source = words(where, ['file', 'discovered', 'admin']);
  return {
    input: { ...node, properties: sent },
    view: { ...node, properties: { ...properties, source }, required: ['id', 'source'] },
  };
}

function entities(): JsonObject {
  const { tenants, models, providers } = configSchemas();
  const [tenant, model, provider] = [entity(tenants, ['keys']), entity(models, []), entity(providers, [])];
  return {
    ...{ TenantInput: tenant.input, Tenant: tenant.view },
    ...{ ModelInput: model.input, Model: model.view },
    ...{ ProviderInput: provider.input, Provider: provider.view },
  };
}

export function adminSchemas(): JsonObject {
  return { ...control, ...entities(), ...keys, ...checks };
}
