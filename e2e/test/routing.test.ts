import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ADMIN_SECRET, model, secretOf, standardConfig, tenant } from '../src/config.ts';
import { type Rig, startRig } from '../src/harness.ts';
import { type Answered, type Asked, send } from '../src/http.ts';
import { type Behaviour, textAnswer } from '../src/upstream/script.ts';

const OK: Behaviour = { answer: textAnswer('fine') };

let rig: Rig;
beforeAll(async () => {
  rig = await startRig((upstream) => {
    const base = standardConfig(upstream);
    return {
      ...base,
      models: [
        ...base.models,
        model('public', 'chat', { upstream_model: 'public', data_scopes: ['public'] }),
        model('internal', 'anthropic', { upstream_model: 'claude-internal', data_scopes: ['public', 'internal'] }),
        model('text-only', 'chat', { upstream_model: 'text-only', capabilities: ['chat'] }),
        model('short', 'chat', { upstream_model: 'short', context: 50 }),
      ],
      agents: [{ id: 'sailor', model: 'm-chat', system_prompt: 'Speak like a sailor.', qos: 'gold' }],
      policies: [
        { id: 'scoped', fallback: ['public', 'internal'] },
        { id: 'hedged', fallback: ['m-chat-1', 'm-anthropic-1'], hedge_after_ms: 1 },
        { id: 'review', match: { task_type: 'code_review' }, fallback: ['m-gemini'] },
      ],
      tenants: [
        tenant('acme', { data_scopes: ['public', 'internal'] }),
        tenant('guest', { qos_max: 'bronze', models: ['m-chat'] }),
      ],
    };
  });
});
afterAll(async () => {
  expect(await rig.router.outstanding()).toEqual([]);
  await rig.close();
});

function asked(name: string, mark: string, over: Partial<Asked> & { stream?: boolean; more?: object } = {}): Asked {
  const { stream = false, more = {}, ...rest } = over;
  const body = { model: name, stream, messages: [{ role: 'user', content: mark }], ...more };
  return { port: rig.router.port, path: '/v1/chat/completions', key: secretOf('acme'), body, ...rest };
}

const call = (...args: Parameters<typeof asked>): Promise<Answered> => send(asked(...args)).answer;

async function codeOf(answer: Answered): Promise<unknown> {
  return ((await answer.json())['error'] as Record<string, unknown>)['code'];
}

describe('data scopes', () => {
  test('hold on fallback: a model that may not see the data is never asked, whatever fails before it', async () => {
    const script = await rig.upstream.scriptBy({ chat: [{ status: 500 }], anthropic: [{ status: 500 }] });
    const headers = { 'x-atp-data-scope': 'internal' };
    const answer = await call('policy:scoped', script.mark, { headers });
    expect(answer.status).toBe(502);
    const providers = (await rig.upstream.untaken(script)).map((request) => request.seen.provider);
    expect(new Set(providers)).toEqual(new Set(['anthropic']));
  });

  test('labels that a model covers let it answer', async () => {
    const script = await rig.upstream.script(OK);
    const answer = await call('policy:scoped', script.mark, { headers: { 'x-atp-data-scope': 'public' } });
    expect(answer.header('x-atp-model')).toBe('public');
  });

  test('without a label the request may carry whatever its tenant may send', async () => {
    const script = await rig.upstream.script(OK);
    const answer = await call('policy:scoped', script.mark);
    expect(answer.header('x-atp-model')).toBe('internal');
    const refused = await call('public', script.mark);
    expect(refused.status).toBe(403);
    expect(await codeOf(refused)).toBe('policy_denied');
  });
});

describe('capabilities and context', () => {
  test('a model without tools is not sent tools', async () => {
    const tools = [{ type: 'function', function: { name: 'f', parameters: { type: 'object' } } }];
    const answer = await call('text-only', 'hi', { more: { tools } });
    expect(answer.status).toBe(400);
    expect(await answer.text()).toContain('it lacks tools');
  });

  test('a prompt that does not fit the context is refused before it costs anything', async () => {
    const script = await rig.upstream.script(OK);
    const answer = await call('short', `${script.mark} ${'word '.repeat(300)}`);
    expect(answer.status).toBe(413);
    expect(await codeOf(answer)).toBe('prompt_too_large');
    expect(await rig.upstream.untaken(script)).toEqual([]);
  });

  test('names that a tenant may not use', async () => {
    const refused = await call('m-gemini', 'hi', { key: secretOf('guest') });
    expect(refused.status).toBe(403);
    expect((await call('m-chat', 'hi', { key: secretOf('guest') })).status).toBe(200);
  });
});

describe('names', () => {
  test('an agent puts its prompt before the client’s', async () => {
    for (const path of ['/v1/chat/completions', '/v1/messages']) {
      const script = await rig.upstream.script(OK);
      const answer = await call('sailor', script.mark, { path, more: { max_tokens: 30 } });
      expect(answer.status).toBe(200);
      await answer.text();
      const { json } = await rig.upstream.next(script);
      expect((json['messages'] as { content: unknown }[])[0]).toMatchObject({
        role: 'system',
        content: expect.stringContaining('Speak like a sailor.') as unknown,
      });
      const ended = rig.router.books().ended.get(answer.header('x-atp-request-id') ?? '');
      expect(ended).toMatchObject({ agent: 'sailor', qos: 'gold', requested_model: 'sailor' });
    }
  });

  test('auto follows the policy that matches the task', async () => {
    const script = await rig.upstream.script(OK);
    const answer = await call('auto', script.mark, { headers: { 'x-atp-task-type': 'code_review' } });
    expect(answer.header('x-atp-model')).toBe('m-gemini');
    const other = await call('auto', script.mark);
    expect(other.status).toBe(200);
    expect(other.header('x-atp-model')).toBeDefined();
  });
});

describe('hedges', () => {
  test('a slow first attempt is overtaken, left at once, and both are in the record', async () => {
    const script = await rig.upstream.scriptBy({ chat: [{ ...OK, gates: [0] }], anthropic: [OK] });
    for (const stream of [false, true]) {
      const answer = await call('policy:hedged', script.mark, { stream });
      expect(answer.status).toBe(200);
      expect(answer.header('x-atp-model')).toBe('m-anthropic-1');
      await answer.text();
      const ended = rig.router.books().ended.get(answer.header('x-atp-request-id') ?? '');
      expect(ended?.attempts.map((a) => `${a.kind} ${a.outcome}`).sort()).toEqual(['hedge ok', 'primary cancelled']);
    }
    const slow = (await rig.upstream.untaken(script)).filter((request) => request.seen.provider === 'chat');
    expect(slow).toHaveLength(2);
    for (const request of slow) expect(await request.closed).toMatchObject({ by: 'peer' });
  });

  test('when both fail the call fails', async () => {
    const script = await rig.upstream.script({ status: 500 });
    const answer = await call('policy:hedged', script.mark);
    expect(answer.status).toBe(502);
    expect(await codeOf(answer)).toBe('upstream_error');
  });
});

describe('deadlines', () => {
  test('before the first byte', async () => {
    const script = await rig.upstream.script({ gates: [0] });
    const answer = call('m-chat', script.mark, { headers: { 'x-atp-deadline-ms': '100' } });
    const request = await rig.upstream.next(script);
    expect((await answer).status).toBe(504);
    expect(await codeOf(await answer)).toBe('deadline_exceeded');
    expect(await request.closed).toMatchObject({ by: 'peer' });
  });

  test('in the middle of a stream', async () => {
    const script = await rig.upstream.script({ answer: textAnswer('One', ' two'), gates: [' two'] });
    const answer = await call('m-chat', script.mark, { stream: true, headers: { 'x-atp-deadline-ms': '300' } });
    const text = await answer.text();
    expect(text).toContain('One');
    expect(text).toContain('deadline_exceeded');
    expect(text).not.toContain('[DONE]');
  });
});

describe('headers', () => {
  test.each([
    ['x-atp-qos', 'platinum'],
    ['x-atp-task-type', 'no spaces please'],
    ['x-atp-data-scope', 'a,,b'],
    ['x-atp-max-usd', '-1'],
    ['x-atp-deadline-ms', '0'],
    ['x-atp-deadline-ms', '1e3'],
  ])('%s: %s is refused by name', async (name, value) => {
    const answer = await call('m-chat', 'hi', { headers: { [name]: value } });
    expect(answer.status).toBe(400);
    const { error } = (await answer.json()) as { error: Record<string, unknown> };
    expect(error).toMatchObject({ code: 'invalid_request', param: name });
  });

  test('what every answer says of itself', async () => {
    const plain = await call('m-chat', 'hi');
    expect(plain.header('x-atp-request-id')).toMatch(/^call_[0-9a-z]+$/);
    expect(plain.header('x-atp-model')).toBe('m-chat');
    expect(plain.header('x-atp-attempts')).toBe('1');
    expect(plain.header('x-atp-cost-usd-micros')).toBe('25');
    expect(plain.header('x-ratelimit-limit-requests')).toBe('64');
    expect(plain.header('x-ratelimit-remaining-requests')).toBe('64');
    const failed = await call('nobody', 'hi');
    expect(failed.header('x-atp-request-id')).toMatch(/^call_/);
    expect(failed.header('x-should-retry')).toBe('false');
  });

  test('tier, task and trace are in the record; the tier is never better than the tenant’s', async () => {
    const trace_id = 'a'.repeat(32);
    const headers = {
      'x-atp-qos': 'gold',
      'x-atp-task-type': 'triage',
      traceparent: `00-${trace_id}-${'b'.repeat(16)}-01`,
    };
    const mine = await call('m-chat', 'hi', { headers });
    const theirs = await call('m-chat', 'hi', { headers, key: secretOf('guest') });
    const record = (answer: Answered): unknown => rig.router.books().ended.get(answer.header('x-atp-request-id') ?? '');
    expect(record(mine)).toMatchObject({ qos: 'gold', task_type: 'triage', trace_id, tenant: 'acme', key_id: 'k1' });
    expect(record(theirs)).toMatchObject({ qos: 'bronze', tenant: 'guest' });
  });

  test('the client’s key is not shown to the provider, and the provider’s not to the client', async () => {
    const script = await rig.upstream.script(OK);
    const answer = await call('m-chat', script.mark, { headers: { cookie: 'session=1', 'x-private': '1' } });
    const { seen } = await rig.upstream.next(script);
    expect(seen.headers['authorization']).toBe('Bearer key-of-chat');
    expect(JSON.stringify(seen.headers)).not.toContain(secretOf('acme'));
    expect(Object.keys(seen.headers)).not.toContain('cookie');
    expect(Object.keys(seen.headers)).not.toContain('x-private');
    expect(JSON.stringify(answer.headers)).not.toContain('key-of-chat');
  });

  test('either header may carry the key', async () => {
    const { key: _key, ...rest } = asked('m-chat', 'hi');
    const by_api_key = await send({ ...rest, headers: { 'x-api-key': secretOf('acme') } }).answer;
    expect(by_api_key.status).toBe(200);
    expect((await send(rest).answer).status).toBe(401);
  });
});

test('a kill switch stops running streams and refuses new calls until it is lifted', async () => {
  const script = await rig.upstream.script({ answer: textAnswer('One', ' two'), gates: [' two'] });
  const answer = await call('m-chat-5', script.mark, { stream: true });
  const request = await rig.upstream.next(script);
  await answer.until(/One/);
  const kill = (on: boolean): Promise<Answered> =>
    rig.router.ask('/admin/v1/kill', { scope: 'model', id: 'm-chat-5', on, reason: 'test' }, { key: ADMIN_SECRET });
  expect((await kill(true)).status).toBe(200);
  const rest = await answer.text();
  expect(rest).toContain('policy_denied');
  expect(rest).not.toContain('[DONE]');
  expect(await request.closed).toMatchObject({ by: 'peer' });
  const refused = await call('m-chat-5', 'hi');
  expect(refused.status).toBe(503);
  expect((await kill(false)).status).toBe(200);
  expect((await call('m-chat-5', 'hi')).status).toBe(200);
});
