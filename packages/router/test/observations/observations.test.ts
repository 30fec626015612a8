import { mkdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { seededRng } from '@atp-router/kernel';
import { describe, expect, test, vi } from 'vitest';
import { hashOf, TENANT_KEY } from '../admin/harness.ts';
import { call } from '../admin/http.ts';
import { OTHER_KEY, type Says } from '../auto/crew.ts';
import { idOf, over, type Row, rowsOf, watched } from './watched.ts';

const knows: Says = (model) => `The answer of ${model} is A.`;
const PLANTED = [
  ...['mia.meier@mail.example.org', '4111 1111 1111 1111', 'DE89 3704 0044 0532 0130 00', '+49 30 12345678'],
  ...['192.0.2.17', '2001:db8::17', '123-45-6789', 'ghp_0123456789abcdefghijklmnopqrstuvwxyz'],
];

async function metric(url: string, name: string): Promise<string | undefined> {
  const { text } = await call(`${url}/metrics`);
  return text.split('\n').find((line) => line.startsWith(name));
}

describe('an observation', () => {
  test('is kept of calls of auto, single and streamed, and of named models; of its tenant only', async () => {
    const one = await watched(knows);
    const first = await one.ask('Which letter?', {}, { 'x-atp-task-type': 'letters' });
    await one.ask('Which letter, streamed?', { stream: true });
    await one.ask('Which letter of dear?', { model: 'dear' });
    await one.askOther('Not to be kept');
    await one.did('/observations/close');
    const rows = rowsOf(await one.got('/observations?words=true'));
    expect(rows.map(({ prompt }) => prompt)).toEqual([
      ...['Which letter?', 'Which letter, streamed?', 'Which letter of dear?'],
    ]);
    const decided = one.decided(idOf(first));
    const { chance, spread } = decided.candidates.find(({ model }) => model === decided.lesson.taken) ?? {};
    expect(rows[0]).toMatchObject({
      ...{ tenant: 'acme', request_id: idOf(first), task_type: 'letters', topic: 'letters' },
      ...{ model: decided.lesson.taken, answer: `The answer of ${decided.lesson.taken} is A.` },
      ...{ in_tokens: 100, out_tokens: 20, chance, spread, removed: {}, is_cut: false, score: null },
      cost_usd_micros: Number(first.headers['x-atp-cost-usd-micros']),
    });
    expect(rows[2]).toMatchObject({ model: 'dear', chance: null, spread: null });
    expect(await metric(one.running.url, 'atp_observations_kept_total{kind="observation"}')).toMatch(/ 3$/);
    expect(rowsOf(await one.got('/observations/segments'))).toMatchObject([{ is_open: false, observations: 3 }]);
  });

  test('is kept of a cascade, with the answer that was taken', async () => {
    const one = await watched((model) => `The answer is ${model === 'cheap' ? 'B' : 'A'}.`, { plans: 'cascade' });
    const reply = await one.ask('A or B?');
    const found = await vi.waitFor(() => one.got(`/observations/${idOf(reply)}`), { timeout: 20_000, interval: 50 });
    expect(found).toMatchObject({ model: reply.headers['x-atp-model'], prompt: 'A or B?' });
    expect(String(found['answer'])).toMatch(/The answer is [AB]\./);
  });

  test('is of nobody without both: the operator, and the entry of the tenant', async () => {
    const one = await watched(knows, {}, { observations: undefined });
    await one.ask('Which letter?');
    const none = await watched(knows, {}, { observations: { sample: 0 } });
    await none.ask('Which letter?');
    for (const { did, got } of [one, none]) {
      await did('/observations/close');
      expect(await got('/observations')).toEqual({ data: [], next_cursor: null });
      expect(rowsOf(await got('/observations/segments'))).toEqual([]);
    }
  });

  test('has nothing of what is personal or secret, in no byte of its files, sealed or not', async () => {
    const one = await watched(() => `Yes: ${PLANTED.join(', ')}.`);
    for (const planted of PLANTED) await one.ask(`What of ${planted}, please?`);
    await one.did('/observations/close');
    const { raw, plain, files } = await one.bytes();
    expect(files.length).toBe(1);
    for (const planted of PLANTED) {
      expect(raw.includes(planted)).toBe(false);
      expect(plain.includes(planted)).toBe(false);
    }
    expect(plain).toContain('What of [email], please?');
    // Without the key not even what is kept can be read.
    expect(raw.includes('What of')).toBe(false);
    const rows = rowsOf(await one.got('/observations'));
    expect(rows.length).toBe(PLANTED.length);
    expect(rows[0]?.['removed']).toEqual({ email: 2, card: 1, iban: 1, phone: 1, ip: 2, ssn: 1, secret: 1 });
  });

  test('has the same hash as another of the same prompt, which is not that of any hash without the key', async () => {
    const one = await watched(knows);
    for (const prompt of ['mail mia@example.org', 'mail mia@example.org', 'mail ben@example.org'])
      await one.ask(prompt);
    await one.did('/observations/close');
    const rows = rowsOf(await one.got('/observations?words=true'));
    expect(new Set(rows.map(({ prompt }) => prompt)).size).toBe(1);
    const [a, b, c] = rows.map((row) => row['prompt_hash']);
    expect(a).toBe(b);
    expect(a).not.toBe(c);
  });
});

describe('files of observations', () => {
  test('are begun anew when they are full, outlive a restart, and are read page by page', async () => {
    const small = { observations: { segment_bytes: 65_536 } };
    const rng = seededRng(1);
    const noise = (): string => Array.from({ length: 9_000 }, () => rng.next().toString(36).slice(2, 7)).join(' ');
    const one = await watched(knows, {}, small);
    for (let n = 0; n < 5; n += 1) await one.ask(`${n} ${noise()}`);
    await one.did('/observations/close');
    const before = rowsOf(await one.got('/observations/segments'));
    expect(before.length).toBeGreaterThan(1);
    const again = over(await one.again());
    await again.ask('one more');
    await again.did('/observations/close');
    const rows = rowsOf(await again.got('/observations?words=true'));
    expect(rows.map(({ prompt }) => String(prompt).slice(0, 2))).toEqual(['0 ', '1 ', '2 ', '3 ', '4 ', 'on']);
    expect(rows.slice(0, 5).every(({ is_cut }) => is_cut)).toBe(true);
    const pages: Row[] = [];
    for (let cursor = ''; ; ) {
      const page = await again.got(`/observations?limit=2${cursor === '' ? '' : `&cursor=${cursor}`}`);
      pages.push(...rowsOf(page));
      if (page['next_cursor'] === null) break;
      cursor = String(page['next_cursor']);
    }
    expect(pages.map(({ id }) => id)).toEqual(rows.map(({ id }) => id));
  });

  test('with a torn end are read up to there; another version is refused and counted', async () => {
    const one = await watched(knows);
    await one.ask('the first');
    await one.did('/observations/close');
    await one.ask('the second');
    await one.did('/observations/close');
    const dir = join(one.running.router.manager.config.data_dir, 'observations');
    const { files } = await one.bytes();
    const last = join(dir, files.at(-1) ?? '');
    const whole = readFileSync(last, 'latin1');
    // A further block of which a crash left a part.
    writeFileSync(last, `${whole}${whole.split('\n')[1]?.slice(0, 40)}`);
    const later = 'node-later-0000000000001-1.atpo';
    writeFileSync(join(dir, later), '{"format":"atp-observations","v":2}\nwhatever\n');
    expect(rowsOf(await one.got('/observations?words=true')).map(({ prompt }) => prompt)).toEqual([
      ...['the first', 'the second'],
    ]);
    const segments = rowsOf(await one.got('/observations/segments'));
    expect(segments.map((row) => [row['is_torn'], row['refused']])).toEqual([
      [true, 1],
      [false, 0],
      [true, 0],
    ]);
    expect(await metric(one.running.url, 'atp_observations_refused_total{reason="version"}')).toMatch(/ 1$/);
    expect(await metric(one.running.url, 'atp_observations_refused_total{reason="torn"}')).toMatch(/ 1$/);
    truncateSync(last, 10);
    expect(rowsOf(await one.got('/observations?words=true')).map(({ prompt }) => prompt)).toEqual(['the first']);
  });

  test('that cannot be written cost what was to be in them, and no call', async () => {
    const one = await watched(knows);
    const { data_dir } = one.running.router.manager.config;
    mkdirSync(join(data_dir, 'x'));
    writeFileSync(join(data_dir, 'observations'), 'in the way');
    const reply = await one.ask('Which letter?');
    expect(reply.status).toBe(200);
    await one.did('/observations/close').catch(() => undefined);
    expect(await metric(one.running.url, 'atp_observations_dropped_total{reason="disk"}')).toMatch(/ 1$/);
  });
});

describe('erasure', () => {
  test('takes all of a tenant out of all files, or one request, words on it included', async () => {
    const both = [
      { id: 'acme', observe: true, keys: [{ id: 'k1', hash: hashOf(TENANT_KEY) }] },
      { id: 'other', observe: true, keys: [{ id: 'k2', hash: hashOf(OTHER_KEY) }] },
    ];
    const one = await watched(knows, {}, { tenants: both });
    const first = await one.ask('of acme, to stay for now');
    await one.give({ request_id: idOf(first), score: 1 });
    const second = await one.ask('of acme, to go first');
    await one.askOther('of the other');
    expect(await one.did('/observations/erase', { request_id: idOf(second) })).toEqual({
      ...{ observations: 1, words: 0, segments: 1, unreadable: 0 },
    });
    expect((await one.bytes()).plain).not.toContain('to go first');
    expect(await one.did('/observations/erase', { tenant: 'acme' })).toMatchObject({
      observations: 1,
      words: 1,
      segments: 1,
    });
    const { plain } = await one.bytes();
    expect(plain).toContain('of the other');
    expect(plain).not.toContain('acme');
    // What a crash has left of an erasure goes with the next; of what cannot be read it is said that it is left.
    const dir = join(one.running.router.manager.config.data_dir, 'observations');
    writeFileSync(join(dir, 'node-1-0000000000001-1.atpo.tmp'), 'half a file');
    writeFileSync(join(dir, 'node-1-0000000000001-1.atpo'), 'no file of observations');
    expect(await one.did('/observations/erase', { tenant: 'acme' })).toMatchObject({ segments: 0, unreadable: 1 });
    rmSync(join(dir, 'node-1-0000000000001-1.atpo'));
    expect(await one.did('/observations/erase', { tenant: 'other' })).toMatchObject({ observations: 1 });
    expect((await one.bytes()).files).toEqual([]);
    for (const body of [{}, { tenant: 'acme', request_id: 'x' }]) {
      await expect(one.did('/observations/erase', body)).rejects.toThrow('Say either');
    }
  });
});

describe('labels', () => {
  test('are asked for where least is known, join what they are of, and take it out of the queue', async () => {
    const one = await watched(knows);
    const ids: string[] = [];
    for (const [n, type] of ['sums', 'sums', 'sums', 'prose'].entries()) {
      ids.push(idOf(await one.ask(`${type} ${n}`, {}, { 'x-atp-task-type': type })));
    }
    await one.did('/observations/close');
    const queue = async (more = ''): Promise<readonly Row[]> =>
      rowsOf(await one.got(`/observations/queue?limit=4${more}`));
    const topics = (await queue()).map((row) => String(row['topic']));
    expect(topics.slice(0, 2).sort()).toEqual(['prose', 'sums']);
    expect(topics.slice(2)).toEqual(['sums', 'sums']);
    // A client says a word, and an operator another.
    await one.give({ request_id: ids[0], score: 0 });
    const label = { request_id: ids[3], score: 1 };
    expect(await one.did('/observations/label', label)).toMatchObject({ ...label, is_learned: true });
    await one.did('/observations/close');
    expect((await queue()).map((row) => row['request_id']).sort()).toEqual([ids[1], ids[2]].sort());
    expect(await queue('&topic=prose')).toEqual([]);
    const scores = rowsOf(await one.got('/observations')).map((row) => row['score']);
    expect(scores).toEqual([0, null, null, 1]);
    expect(await one.got('/observations/kpis?labels_min=1')).toMatchObject({
      ...{ observations: 4, labels: 2, covered_topics: 1, covered_traffic: 1, promotions: [] },
    });
    expect(await metric(one.running.url, 'atp_observations_labels{topic="sums"}')).toMatch(/ 1$/);
    await expect(one.did('/observations/label', { request_id: 'call_none', score: 1 })).rejects.toThrow('not_found');
    await expect(one.did('/observations/label', { request_id: ids[1], score: 2 })).rejects.toThrow('0 to 1');
  });

  test('of a named model are kept, though routing learns nothing of them', async () => {
    const one = await watched(knows);
    const request_id = idOf(await one.ask('Which letter?', { model: 'dear' }));
    await one.did('/observations/close');
    expect(await one.did('/observations/label', { request_id, score: 0.5 })).toMatchObject({ is_learned: false });
    expect(rowsOf(await one.got('/observations'))).toMatchObject([{ request_id, score: 0.5 }]);
  });
});
