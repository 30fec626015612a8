import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { atp } from './support/terminal.ts';
import { CONFIG, Workplace } from './support/workplace.ts';

// Every command that asks a running router, against a real one in this process. The tests share it and go in order.

const at = new Workplace();
const { cwd } = at;
const fine = at.fine.bind(at);
const data = at.data.bind(at);
const run = at.run.bind(at);

beforeAll(() => at.start());
afterAll(() => at.close());

describe('keys', () => {
  test('are made, shown once, listed without the key, and work', async () => {
    const made = await data('keys', 'create', '--tenant', 'acme', '--id', 'ci');
    expect(made).toMatchObject({ id: 'ci', tenant: 'acme' });
    at.key = String(made['key']);
    const list = await fine('keys', 'list', '--tenant', 'acme');
    expect(list).toMatch(/^TENANT +KEY +STARTS WITH +STATE +SOURCE\nacme +ci +atp_.{4} +active +admin\n$/);
    expect(JSON.stringify(await data('keys', 'list'))).not.toContain(at.key);
    expect(await fine('ask', 'Say hi.', '--model', 'small')).toContain('[simulated]');
    expect(await fine('keys', 'create', '--tenant', 'acme')).toMatch(/It is shown only now:\n\n {2}atp_[a-z2-7]{32}\n/);
  });

  test('are disabled, enabled and revoked', async () => {
    expect(await fine('keys', 'disable', 'ci', '--tenant', 'acme')).toBe('acme/ci is disabled.\n');
    const refused = await run(['ask', 'x', '--model', 'small']);
    expect(refused.code).toBe(4);
    expect(refused.err).toBe('atp: The API key "ci" is disabled. Ask an operator to enable it.\n');
    expect(await fine('keys', 'enable', 'ci', '--tenant', 'acme')).toBe('acme/ci is enabled.\n');
    await fine('keys', 'create', '--tenant', 'acme', '--id', 'old');
    expect(await fine('keys', 'revoke', 'old', '--tenant', 'acme')).toBe('acme/old is revoked.\n');
    expect((await run(['keys', 'enable', 'old', '--tenant', 'acme'])).code).toBe(1);
  });

  test('of the admin API', async () => {
    const { key } = await data('keys', 'create', '--admin', '--id', 'ops');
    expect(await fine('status', '--admin-key', String(key))).toContain('0.0.0-test');
    expect(await fine('keys', 'revoke', 'ops', '--admin')).toBe('@admin/ops is revoked.\n');
    expect((await run(['status', '--admin-key', String(key)])).code).toBe(4);
  });

  test('of a tenant do not open the admin API', async () => {
    const { code, err } = await run(['status', '--admin-key', at.key]);
    expect(code).toBe(4);
    expect(err).toContain('This key belongs to a tenant');
  });
});

describe('entities', () => {
  test('a model is put from YAML, used, and deleted', async () => {
    writeFileSync(
      join(cwd, 'model.yaml'),
      'id: extra\nprovider: up\ncontext: 5000\nprice: { in_usd_per_mtok: 1, out_usd_per_mtok: 2 }\n',
    );
    expect(await fine('models', 'put', 'model.yaml')).toBe('model extra is in force.\n');
    expect(await fine('models', 'list')).toMatch(/extra +up +extra +5000 +admin +active/);
    expect(await data('models', 'get', 'extra')).toMatchObject({ id: 'extra', context: 5000 });
    expect(await fine('ask', 'x', '--model', 'extra')).toContain('[simulated]');
    expect(await fine('models', 'delete', 'extra')).toBe('model extra is deleted.\n');
    expect((await run(['models', 'get', 'extra'])).code).toBe(1);
  });

  test('several at once, from standard input', async () => {
    const { code, out } = await run(['tenants', 'put', '-'], '[{ id: a, qos_max: gold }, { id: b }]');
    expect({ code, out }).toEqual({ code: 0, out: 'tenant a is in force.\ntenant b is in force.\n' });
    expect(await fine('tenants', 'list')).toMatch(/a +gold +reject +- +admin/);
    for (const id of ['a', 'b']) await fine('tenants', 'delete', id);
  });

  test('references stay references on their way', async () => {
    const provider = '{ id: more, type: openai, base_url: "http://127.0.0.1:9/v1", api_key: "${UP_KEY}" }';
    expect((await run(['providers', 'put', '-'], provider)).code).toBe(0);
    const shown = await fine('providers', 'get', 'more', '--json');
    expect(shown).not.toContain('sk-from-env');
    await fine('providers', 'delete', 'more');
  });

  test.each([
    ['{ id: x', 1, 'a "{" or "[" is not closed'],
    ['just words', 1, 'holds neither a mapping nor a list'],
    ['{ context: 5 }', 1, 'has no "id"'],
    ['{ id: x, provider: nowhere, context: 5 }', 2, 'no provider has the id "nowhere"'],
    ['{ id: small, provider: up, context: 5 }', 2, 'comes from the configuration file'],
  ])('%s is refused', async (text, kind, says) => {
    const { code, err } = await run(['models', 'put', '-'], text);
    expect(code).toBe(kind === 1 ? 2 : 1);
    expect(err).toContain(says);
  });
});

describe('providers check', () => {
  test('asks through the router', async () => {
    expect(await fine('providers', 'check', 'up')).toMatch(/^up: ok in \d+ ms/);
    const { data: rows } = await data('providers', 'check');
    expect(rows).toMatchObject([
      { provider: 'silent', ok: true },
      { provider: 'up', ok: true },
    ]);
    expect((await run(['providers', 'check', 'nope'])).code).toBe(1);
  });

  test('asks from here, and fails when a provider does', async () => {
    writeFileSync(
      join(cwd, 'dead.yaml'),
      'providers: [{ id: dead, type: openai, base_url: "http://127.0.0.1:9/v1", allow_any_model: true }]\n',
    );
    const { code, out } = await run(['providers', 'check', '--config', 'dead.yaml']);
    expect(code).toBe(1);
    expect(out).toMatch(/^dead: failed after \d+ ms: /);
  });

  test('runs the suite of providers', async () => {
    writeFileSync(join(cwd, 'sim.yaml'), CONFIG);
    const out = await fine('providers', 'check', 'up', '--config', 'sim.yaml', '--deep');
    expect(out).toMatch(/\nplain +passed\n/);
    expect(out).toMatch(/\ntools +skipped +the model has no tools\n/);
    expect(out).not.toContain('failed');
  });
});

describe('calls', () => {
  test('an answer, whole and streamed, as text and as JSON', async () => {
    const text = await fine('ask', 'Say hi.', '--model', 'small');
    expect(await fine('ask', 'Say hi.', '--model', 'small', '--stream')).toBe(text);
    expect((await run(['ask', '-', '--model', 'small'], 'Say hi.')).out).toBe(text);
    expect(await data('ask', 'Say hi.', '--model', 'small')).toMatchObject({ object: 'chat.completion' });
    const lines = (await fine('ask', 'Say hi.', '--model', 'small', '--stream', '--json')).trim().split('\n');
    const last = JSON.parse(lines.at(-1) ?? '') as Record<string, unknown>;
    expect(last['object']).toBe('chat.completion.chunk');
    expect((await fine('ask', 'Say hi.', '--model', 'small', '--max-tokens', '2')).length).toBeLessThan(text.length);
  });

  test('an error is in the words of the router', async () => {
    const { code, err } = await run(['ask', 'x', '--model', 'nope']);
    expect(code).toBe(1);
    expect(err).toMatch(/^atp: .*nope/);
    expect((await atp(['ask', 'x'], { env: { ATP_URL: at.url } })).code).toBe(4);
  });

  test('usage and single calls', async () => {
    expect(await fine('usage', '--group-by', 'tenant')).toMatch(/^TENANT +CALLS .*COST\nacme +\d+ .*\$0\.0\d+\n$/);
    expect(await fine('usage', '--csv', '--group-by', 'model')).toMatch(
      /^model,calls,.*cost_usd_micros,energy_joules,co2e_mg,calls_without_energy,calls_without_co2e\r?\n/,
    );
    const { data: rows } = await data('calls', 'list', '--limit', '2');
    const [first] = rows as { call_id: string }[];
    expect(await fine('calls', 'list')).toMatch(/^CALL +TENANT +MODEL/);
    expect(await fine('calls', 'list', '--limit', '1')).toMatch(/\nmore: --cursor \S+\n$/);
    expect(await data('calls', 'get', first?.call_id ?? '')).toMatchObject({ state: 'ended' });
    expect((await run(['usage', '--from', '2026-02-02', '--to', '2026-02-01'])).code).toBe(1);
  });

  test('an estimate is for the tenant that is named', async () => {
    expect(await data('estimate', 'Say hi.', '--model', 'small', '--tenant', 'acme')).toMatchObject({ tenant: 'acme' });
    expect((await run(['estimate', 'Say hi.', '--tenant', 'nope'])).err).toContain('nope');
  });

  test('an estimate sends nothing', async () => {
    expect(await fine('estimate', 'Say hi.', '--model', 'small')).toMatch(/plan\.primary\.model +small/);
    const body = JSON.stringify({ model: 'small', messages: [{ role: 'user', content: 'x' }] });
    const { code, out } = await run(['estimate', '--body', '-', '--json'], body);
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ tenant: 'acme', candidates: [{ model: 'small' }] });
    expect((await run(['estimate', '--body', '-'], 'not json')).code).toBe(2);
  });
});

test('scores of models are shown by cluster, and of no tenant that there is not', async () => {
  expect(await fine('route', 'scores')).toBe('none\n');
  expect(await data('route', 'scores', '--tenant', 'acme')).toEqual({ data: [] });
  expect(await fine('route', 'clusters')).toMatch(
    /^none\n\nborn 0, merged 0, split 0, retired 0, replaced 0; of 0 prompts/,
  );
  expect(await data('route', 'clusters')).toMatchObject({ data: [], reassigned: { checked: 0, ratio: null } });
  const { code, err } = await run(['route', 'scores', '--tenant', 'nobody']);
  expect([code, err]).toEqual([1, expect.stringContaining('nobody')]);
  expect(await fine('route', 'success')).toBe('answers judged: 0\n\nnone\n');
});

describe('operation', () => {
  test('status and configuration', async () => {
    expect(await data('status')).toMatchObject({ version: '0.0.0-test', simulated: true, listening: at.url });
    expect(await fine('config', 'show')).toMatch(/config\.models\[0\]\.id +small/);
    const { code, err } = await run(['config', 'reload']);
    expect({ code, err }).toEqual({
      code: 1,
      err: 'atp: This router was started without a configuration file, so there is nothing to reload.\n',
    });
  });

  test('a stop refuses calls until it is lifted', async () => {
    expect(await fine('kill', 'on', 'model', 'small', '--reason', 'too chatty')).toBe(
      'model small is stopped; 0 running calls ended.\n',
    );
    expect(await fine('kill', 'list')).toMatch(/model +small +too chatty +local/);
    expect((await run(['ask', 'x', '--model', 'small'])).code).not.toBe(0);
    expect(await fine('kill', 'off', 'model', 'small')).toBe('model small takes calls again.\n');
    expect(await fine('kill', 'list')).toBe('none\n');
    await fine('ask', 'x', '--model', 'small');
  });

  test('a running call is seen, and ended', async () => {
    const opened = firstEvent('call.opened');
    const asked = run(['ask', 'x', '--model', 'silent', '--stream']);
    const { call_id } = await opened;
    expect(await fine('live')).toMatch(new RegExp(`CALLS IN FLIGHT: 1\\nCALL .*\\n${call_id} +acme +silent +silent`));
    expect(await data('calls', 'get', call_id)).toMatchObject({ state: 'running' });
    expect(await fine('calls', 'cancel', call_id)).toBe(`call ${call_id} is cancelled.\n`);
    const { code, err } = await asked;
    expect(code).toBe(1);
    expect(err).toContain('cancelled by an operator');
  });

  test('events are followed, filtered and shown', async () => {
    const lines: string[] = [];
    const env = { ATP_URL: at.url };
    const heard = Promise.withResolvers<void>();
    const following = atp(['events', '--types', 'call.ended'], {
      cwd,
      env,
      onOut(text) {
        lines.push(text);
        heard.resolve();
        return 'closed';
      },
    });
    // The stream is open when its listener is: calls go on until one of them is heard.
    const over = following.then(() => true);
    for (let ended = false; !ended; ended = await Promise.race([over, heard.promise.then(() => true), asking()]));
    // It notices with the next event that nobody reads any more.
    for (let ended = false; !ended; ended = await Promise.race([over, asking()]));
    expect((await following).code).toBe(0);
    expect(lines[0]).toMatch(/^call\.ended ts_ms=\d+ .*tenant=acme .*outcome=ok/);
    expect((await run(['events', '--types', 'nonsense'])).code).toBe(1);
  });
});

async function asking(): Promise<boolean> {
  await fine('ask', 'x', '--model', 'small');
  return false;
}

function firstEvent(type: 'call.opened'): Promise<{ readonly call_id: string }> {
  return new Promise((resolve) => {
    const stop = at.router?.bus.listen((event) => {
      if (event.type !== type) return;
      stop?.();
      resolve(event);
    });
  });
}
