import { cpSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { dataDir, hashOf, startForTest, TENANT_KEY } from '../admin/harness.ts';
import { collector } from '../observe/collector.ts';
import { scrape } from '../observe/scrape.ts';
import { startProcesses } from '../processes/support/processes.ts';
import { until } from '../shared/support/time.ts';
import { comesOutAgain, recorded } from './recorded.ts';
import { idOf, type Panel, panel, scripted } from './scripted.ts';

const THREE = { mode: 'diverse', agents: ['a', 'b', 'c'] };
const DIVERSE = { id: 'panel', fanout: THREE, consensus: { strategy: 'majority', answer: 'number' } };
const ASK = { model: 'policy:panel', messages: [{ role: 'user', content: 'six times seven?' }] };
const ANSWERS = { a: 'It is 42, of course.', b: 'It is 41.', c: 'The answer: 42' };

/** The newest session on record, for calls whose clients do not learn their id. */
async function newest({ admin }: Panel): Promise<string> {
  const list = async (): Promise<{ call_id: string }[]> =>
    (await admin('GET', '/consensus?limit=1')).json['data'] as unknown as { call_id: string }[];
  await until(async () => (await list()).length === 1);
  return (await list())[0]?.call_id ?? '';
}

describe('a session of a fan-out', () => {
  test('is on record with who said what, when and why, and comes out again', async () => {
    const running = await panel([DIVERSE]);
    const reply = running.chat(ASK);
    (await running.up.next('b')).answer(ANSWERS.b);
    await running.answerAll({ a: ANSWERS.a, c: ANSWERS.c });
    const id = idOf((await reply).json);
    expect(await recorded(running, id)).toMatchObject({
      ...{ call_id: id, tenant: 'acme', policy: 'panel', strategy: 'majority', mode: 'diverse', outcome: 'ok' },
      ...{ chosen_lane: 0, arbiter: { used: false, refused_by_cap: false }, answers: 'kept', cost_usd_micros: 60 },
      lanes: [
        { lane: 0, role: 'member', source: 'a', model: 'a', state: 'finalized', tokens: 15, cost_usd_micros: 20 },
        { lane: 1, source: 'b', state: 'finalized', share: 0 },
        { lane: 2, source: 'c', state: 'finalized' },
      ],
      session: {
        lanes: [{ text: ANSWERS.a }, { text: ANSWERS.b }, { text: ANSWERS.c }],
        result: { text: ANSWERS.a, lane: 0, is_cut: false },
      },
      heatmap: { lanes: [{ lane: 0 }, { lane: 1 }, { lane: 2 }] },
    });
    const { json: page } = await running.admin('GET', '/consensus?tenant=acme&policy=panel&outcome=ok');
    expect(page).toMatchObject({ data: [{ call_id: id }], next_cursor: null });
    expect((await running.admin('GET', '/consensus?strategy=union')).json).toMatchObject({ data: [] });
    const { json: call } = await running.admin('GET', `/calls/${id}`);
    const marks = (call['attempts'] as unknown as { lane: number; source: string }[]).map(({ lane, source }) => [
      lane,
      source,
    ]);
    expect(marks.sort()).toEqual([
      [0, 'a'],
      [1, 'b'],
      [2, 'c'],
    ]);

    expect(await comesOutAgain(running, id)).toMatchObject({
      strategy: 'majority',
      result: { text: ANSWERS.a },
      doubts: [],
    });
    // The first to answer was b, which is in the record of what happened.
    const { json: first } = await running.admin('GET', `/consensus/${id}/replay?strategy=first_win`);
    expect(first).toMatchObject({ recorded_strategy: 'majority', same: false, result: { lane: 1, text: ANSWERS.b } });
    // A judge was never asked: it stays without an answer, and the majority stands.
    const { json: judged } = await running.admin('GET', `/consensus/${id}/replay?strategy=judge`);
    expect(judged).toMatchObject({ strategy: 'judge', unanswered: [expect.any(String)], result: { lane: 0 } });
    expect((await running.admin('GET', `/consensus/${id}/replay?strategy=oracle`)).status).toBe(400);
    expect((await running.admin('GET', '/consensus/call_nobody')).status).toBe(404);
  });

  test('says which lanes were not needed, and counts them', async () => {
    const fanout = { mode: 'speculative', agents: ['a', 'b', 'c'] };
    const running = await panel([{ id: 'panel', fanout, consensus: { strategy: 'first_win' } }]);
    const reply = running.chat(ASK);
    await Promise.all([running.up.next('a'), running.up.next('c')]);
    (await running.up.next('b')).answer('It is 42.');
    const id = idOf((await reply).json);
    expect(await recorded(running, id)).toMatchObject({
      ...{ strategy: 'first_win', chosen_lane: 1 },
      lanes: [
        { state: 'cancelled', reason: 'early_exit' },
        { state: 'finalized', share: 1 },
        { state: 'cancelled', reason: 'early_exit' },
      ],
    });
    await comesOutAgain(running, id);
    const scraped = await scrape(running);
    const sessions = { strategy: 'first_win', mode: 'speculative', outcome: 'ok' };
    expect(scraped.sum('atp_consensus_sessions_total', sessions)).toBe(1);
    expect(scraped.sum('atp_consensus_early_exits_total')).toBe(1);
    expect(scraped.sum('atp_consensus_lanes_saved_total')).toBe(2);
    expect(scraped.sum('atp_consensus_lanes_total', { role: 'member', state: 'cancelled' })).toBe(2);
    expect(scraped.sum('atp_consensus_phase_seconds_count', { phase: 'reconcile' })).toBe(1);
  });

  test('that failed, or whose client left, says so and has no result', async () => {
    // The head of the stream comes with the first sign of life.
    const running = await panel([DIVERSE], { limits: { keep_alive_ms: 100 } });
    const failing = running.chat(ASK);
    for (const model of ['a', 'b', 'c']) (await running.up.next(model)).fail(400, 'the zebra is refused');
    expect((await failing).status).toBe(400);
    const id = await newest(running);
    const failed = await recorded(running, id);
    expect(failed).toMatchObject({
      ...{ outcome: 'error', error: 'upstream_rejected', agreement: null, confidence: null, decision: [] },
      lanes: [{ state: 'failed', error: 'upstream_rejected' }, { state: 'failed' }, { state: 'failed' }],
      session: { result: null },
    });
    await comesOutAgain(running, id);
    const { session: _, ...clear } = failed;
    expect(JSON.stringify(clear)).not.toContain('zebra');

    const stream = await running.chatStream(ASK);
    (await running.up.next('a')).begin('It');
    stream.close();
    await until(async () => (await running.admin('GET', '/consensus?outcome=cancelled')).text.includes('call_'));
    const { json } = await running.admin('GET', '/consensus?outcome=cancelled');
    expect(json['data']).toMatchObject([{ outcome: 'cancelled', agreement: null }]);
  });
});

describe('what is kept of it', () => {
  const findings = (claim: string, severity: string, line: number): string =>
    JSON.stringify({
      findings: [{ type: 'bug', file: 'src/zebra.ts', span: { start_line: line, end_line: line }, claim, severity }],
    });
  const QUOTING = [
    'majority',
    'union',
    'weighted_merge',
    'evidence',
    'two_phase',
    'judge',
    'arbiter',
    'streaming_merge',
  ];

  /** Everything below a folder, as bytes. */
  function bytesBelow(dir: string): string {
    const names = readdirSync(dir, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
    return names.map((entry) => readFileSync(join(entry.parentPath, entry.name)).toString('latin1')).join('');
  }

  test('is in clear nowhere: neither what was asked nor what was said, whatever the strategy makes of it', async () => {
    const dir = dataDir();
    const policies = QUOTING.map((strategy) => ({
      ...{ id: strategy, fanout: THREE, arbiter: { agent: 'e', max_usd: 0.01 } },
      consensus: { strategy, ...(strategy === 'judge' || strategy === 'two_phase' ? { judge: 'e' } : {}) },
    }));
    const running = await panel(policies, { data_dir: dir });
    for (const strategy of QUOTING) {
      const reply = running.chat({
        model: `policy:${strategy}`,
        messages: [{ role: 'user', content: 'Is the zebra safe?' }],
      });
      // Whoever is asked beyond the members.
      let over = false;
      const others = (async () => {
        while (!over)
          (await running.up.next('e')).answer('1: NACK zebra\nCHOICE: A zebra. The zebra is striped. A zebra is grey.');
      })();
      await running.answerAll({
        a: findings('the zebra is striped', 'critical', 2),
        b: findings('the zebra is spotted', 'low', 90),
        c: findings('no zebra is there', 'high', 5),
      });
      const { status, json } = await reply;
      over = true;
      void others;
      expect([strategy, status]).toEqual([strategy, 200]);
      const { session, heatmap: _, ...clear } = await recorded(running, idOf(json));
      expect(JSON.stringify(session)).toContain('zebra');
      expect(JSON.stringify(clear)).not.toContain('zebra');
    }
    await running.stop();
    const stored = bytesBelow(dir);
    expect(stored).toContain('consensus.ended');
    expect(stored).not.toContain('zebra');
  });

  test('is numbers only where the operator says so', async () => {
    const running = await panel([DIVERSE], { consensus: { keep_answers: false } });
    const reply = running.chat(ASK);
    await running.answerAll(ANSWERS);
    const id = idOf((await reply).json);
    expect(await recorded(running, id)).toMatchObject({
      outcome: 'ok',
      answers: 'not_kept',
      session: null,
      heatmap: null,
    });
    const { status, text } = await running.admin('GET', `/consensus/${id}/replay`);
    expect([status, text]).toEqual([409, expect.stringContaining('consensus.keep_answers')]);
  });
});

test('a router that dies in the middle leaves a call that is settled, and no session that says otherwise', async () => {
  const dir = dataDir();
  const running = await panel([DIVERSE], { data_dir: dir });
  const reply = running.chat(ASK);
  const [a] = await Promise.all([running.up.next('a'), running.up.next('b'), running.up.next('c')]);
  a.answer(ANSWERS.a);
  // As the disk is at a kill: what has been written, without who holds it.
  await until(() => Promise.resolve(running.up.asked.length === 3));
  const crashed = dataDir();
  cpSync(dir, crashed, { recursive: true, filter: (name) => !/lock\.(db|json)$/.test(name) });
  await running.answerAll({});
  const after = await startForTest({ ...sections('http://127.0.0.1:9/v1'), data_dir: crashed });
  const { json: usage } = await after.admin('GET', '/usage/records');
  const [call] = usage['data'] as unknown as { call_id: string; outcome: string }[];
  expect(call).toMatchObject({ outcome: 'interrupted', policy: 'panel' });
  const { json } = await after.admin('GET', `/calls/${call?.call_id}`);
  const attempts = json['attempts'] as unknown as { source: string; outcome: string }[];
  expect(attempts.map(({ source }) => source).sort()).toEqual(['a', 'b', 'c']);
  expect((await after.admin('GET', `/consensus/${call?.call_id}`)).status).toBe(404);
  expect((await after.admin('GET', '/consensus')).json).toMatchObject({ data: [] });
  await running.stop();
  await reply.catch(() => undefined);
});

test('its spans are a workflow below the call, with each agent as an invocation above its attempts', async () => {
  const { endpoint, spans } = await collector();
  const running = await panel([DIVERSE], { telemetry: { otlp: { endpoint, sample_ratio: 1 } } });
  const reply = running.chat(ASK);
  await running.answerAll(ANSWERS);
  await reply;
  await running.stop();
  const call = spans.find(({ kind }) => kind === 2);
  const workflow = spans.find(({ name }) => name === 'invoke_workflow panel');
  expect(workflow).toMatchObject({ parentSpanId: call?.spanId, attributes: { 'atp.consensus.strategy': 'majority' } });
  const below = (id: string | undefined): string[] =>
    spans.filter((one) => one.parentSpanId === id).map(({ name }) => name);
  expect(below(workflow?.spanId).sort()).toEqual([
    ...['consensus.dispatch', 'consensus.reconcile', 'invoke_agent a', 'invoke_agent b', 'invoke_agent c'],
  ]);
  for (const model of ['a', 'b', 'c']) {
    const lane = spans.find(({ name }) => name === `invoke_agent ${model}`);
    expect(lane?.attributes).toMatchObject({ 'gen_ai.agent.name': model, 'atp.consensus.role': 'member' });
    expect(below(lane?.spanId)).toEqual([`chat ${model}`]);
  }
});

test('where a router is several processes, its owner shows the sessions of all', async () => {
  const up = await scripted();
  const { workers } = await startProcesses(2, sections(up.base_url));
  const [first, second] = workers;
  if (first === undefined || second === undefined) throw new Error('no workers');
  const reply = first.chat(ASK);
  await Promise.all(Object.entries(ANSWERS).map(async ([model, text]) => (await up.next(model)).answer(text)));
  const { status, json } = await reply;
  expect(status).toBe(200);
  // What comes to any worker goes on to the owner.
  await until(async () => (await second.admin('GET', `/consensus/${idOf(json)}`)).status === 200);
  const session = await recorded(second, idOf(json));
  expect(session).toMatchObject({ answers: 'kept', session: { result: { text: ANSWERS.a } } });
  expect(String(session['node_id'])).toMatch(/\.w1$/);
  await comesOutAgain(second, idOf(json));
});

/** The sections of a configuration whose policy asks three models of one upstream. */
function sections(base_url: string): Record<string, unknown> {
  return {
    providers: [{ id: 'up', type: 'openai', base_url, api_key: 'k', retry: { max_attempts: 1 } }],
    models: ['a', 'b', 'c', 'e'].map((id) => ({
      ...{ id, provider: 'up', context: 128_000 },
      price: { in_usd_per_mtok: 1, out_usd_per_mtok: 2 },
    })),
    tenants: [{ id: 'acme', qos_max: 'gold', keys: [{ id: 'k1', hash: hashOf(TENANT_KEY) }] }],
    policies: [DIVERSE],
  };
}
