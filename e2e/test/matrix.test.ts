import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { PROVIDER_IDS } from '../src/config.ts';
import { type Rig, startRig } from '../src/harness.ts';
import { answerTo, readAnswer, readStream } from '../src/matrix/answers.ts';
import { type Cell, matrix } from '../src/matrix/cells.ts';
import { EVIDENCE } from '../src/matrix/evidence.ts';
import { INGRESS_IDS, PATHS } from '../src/matrix/ingress.ts';
import { renderMatrix } from '../src/matrix/render.ts';
import { requestOf } from '../src/matrix/requests.ts';
import type { Answered } from '../src/http.ts';
import type { Answer } from '../src/upstream/script.ts';
import type { UpstreamRequest } from '../src/upstream/upstream.ts';

let rig: Rig;
beforeAll(async () => {
  rig = await startRig();
});
afterAll(async () => {
  expect(await rig.router.outstanding()).toEqual([]);
  await rig.close();
});

interface Ran {
  readonly answer: Answered;
  readonly sent: Answer;
  readonly seen: readonly UpstreamRequest[];
}

/** Sends the cell's request; the upstream's view of it is there when it was asked. */
async function run({ ingress, provider, feature }: Cell, model: string = `m-${provider}`): Promise<Ran> {
  const sent = answerTo(feature, 2);
  const script = await rig.upstream.script({ answer: sent });
  const said = requestOf(ingress, feature, script.mark);
  if ('unsaid' in said) throw new Error(said.unsaid);
  const answer = await rig.router.ask(PATHS[ingress], { model, ...said.body });
  return { answer, sent, seen: await rig.upstream.untaken(script) };
}

/** The client got what the upstream answered. */
async function checkAnswer(cell: Cell, answer: Answered, sent: Answer): Promise<void> {
  const { ingress, feature } = cell;
  const text = await answer.text();
  const [choice] = sent.choices;
  const wanted = (choice?.text ?? []).join('');
  if (feature === 'streaming' || feature === 'stream_usage') {
    const read = readStream(ingress, text);
    expect(read.text).toBe(wanted);
    if (feature === 'stream_usage') expect(read.out_tokens).toBe(sent.usage?.out_tokens);
    return;
  }
  const read = readAnswer(ingress, JSON.parse(text) as Record<string, unknown>);
  expect(read.texts).toEqual(sent.choices.map((one) => (one.text ?? []).join('')));
  expect(read.calls).toEqual((choice?.tools ?? []).map((tool) => `${tool.name}(${tool.args.join('')})`));
  expect(read.finish).toBe(choice?.finish);
  expect(read.out_tokens).toBe(sent.usage?.out_tokens);
  if (choice?.logprobs === true) expect(read.logprob_tokens).toEqual(choice.text);
}

async function check(cell: Cell): Promise<void> {
  const { promise, provider, feature } = cell;
  const { answer, sent, seen } = await run(cell);
  if (promise.kind === 'refused') {
    expect(answer.status).toBe(400);
    const text = await answer.text();
    expect(text).toContain('cannot be expressed for a');
    expect(text).toContain(JSON.stringify(promise.reason).slice(1, -1));
    expect(seen).toEqual([]);
    const dropped = await run(cell, `m-${provider}-drop`);
    expect(dropped.answer.status).toBe(200);
    expect(dropped.answer.header('x-atp-ignored')).toContain(promise.listed);
    return;
  }
  expect([answer.status, answer.status === 200 ? '' : await answer.text()]).toEqual([200, '']);
  const [request] = seen;
  expect(request?.seen.provider).toBe(provider);
  const evidence = EVIDENCE[provider][feature];
  const used = evidence?.(request?.json ?? {}, request?.seen.path ?? '') ?? false;
  expect([used, used ? '' : request?.seen.body]).toEqual([promise.kind !== 'ignored', expect.anything()]);
  const ignored = (answer.header('x-atp-ignored') ?? '').split(', ');
  if (promise.kind === 'ignored') expect(ignored).toContain(promise.listed);
  else expect(ignored).toEqual([(promise.kind === 'said' ? promise.also_listed : undefined) ?? '']);
  await checkAnswer(cell, answer, sent);
}

describe.each(INGRESS_IDS)('%s clients', (ingress) => {
  describe.each(PROVIDER_IDS)('%s provider', (provider) => {
    const cells = matrix().filter((cell) => cell.ingress === ingress && cell.provider === provider);
    const asked = cells.filter((cell) => cell.promise.kind !== 'unsaid');
    test.each(asked.map((cell) => [cell.feature, cell.promise.kind, cell] as const))('%s: %s', (_f, _k, cell) =>
      check(cell),
    );
  });
});

test('the published matrix says what the tables say', () => {
  const published = readFileSync(new URL('../../docs/protocol/matrix.md', import.meta.url), 'utf8');
  expect(published).toBe(renderMatrix());
});
