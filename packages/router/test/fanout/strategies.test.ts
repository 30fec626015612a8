import { setImmediate } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { balanced } from './books.ts';
import { comesOutAgain } from './recorded.ts';
import { consensusOf, idOf, type Panel, panel } from './scripted.ts';

const THREE = { mode: 'diverse', agents: ['a', 'b', 'c'] };

interface Outcome {
  readonly running: Panel;
  readonly text: string;
  readonly said: Readonly<Record<string, unknown>>;
  readonly json: unknown;
}

/** One call under a policy: its lanes answer, then whoever is asked about their answers. */
async function run(
  consensus: object,
  answers: Readonly<Record<string, string>>,
  more: object = {},
  further: (running: Panel) => Promise<void> = () => Promise.resolve(),
): Promise<Outcome> {
  const running = await panel([{ id: 'panel', fanout: THREE, consensus, ...more }]);
  const reply = running.chat({ model: 'policy:panel', messages: [{ role: 'user', content: TASK }] });
  await running.answerAll(answers);
  await further(running);
  const { status, json, text } = await reply;
  expect([status, text]).toEqual([200, expect.anything()]);
  await balanced(running, [idOf(json)]);
  await comesOutAgain(running, idOf(json));
  const content = (json as { choices: { message: { content: string } }[] }).choices[0]?.message.content ?? '';
  return { running, text: content, said: consensusOf(json), json };
}

const TASK = ['Review it.', '```ts src/pay.ts', 'export const pay = (n) => charge(n);', 'pay(-1);', '```'].join('\n');

function findings(...claims: readonly (readonly [string, string, number, string?])[]): string {
  return JSON.stringify({
    findings: claims.map(([claim, severity, line, quote]) => ({
      ...{ type: 'bug', file: 'src/pay.ts', span: { start_line: line, end_line: line }, claim, severity },
      evidence: [{ file: 'src/pay.ts', span: { start_line: line, end_line: line }, ...(quote && { quote }) }],
    })),
  });
}

const NEGATIVE = ['pay accepts a negative amount', 'high', 2, 'pay(-1)'] as const;
const INVENTED = ['the key of the vault is printed', 'low', 90, 'print(key)'] as const;

describe('findings', () => {
  test('union keeps each finding once, with all who made it', async () => {
    const { said } = await run(
      { strategy: 'union' },
      { a: findings(NEGATIVE), b: findings(NEGATIVE), c: findings(['charge is not awaited', 'medium', 1]) },
    );
    const found = said['findings'] as { claim: string; provenance: { source: string }[] }[];
    expect(found.map(({ claim, provenance }) => [claim, provenance.map(({ source }) => source)])).toEqual([
      [NEGATIVE[0], ['a', 'b']],
      ['charge is not awaited', ['c']],
    ]);
  });

  test('weighted merge keeps what most of the weight has found', async () => {
    const { said } = await run(
      { strategy: 'weighted_merge' },
      { a: findings(NEGATIVE), b: findings(NEGATIVE, INVENTED), c: findings(NEGATIVE) },
    );
    expect((said['findings'] as { claim: string }[]).map(({ claim }) => claim)).toEqual([NEGATIVE[0]]);
  });

  test('evidence prefers the answer whose citations are there', async () => {
    const { said } = await run(
      { strategy: 'evidence' },
      { a: findings(INVENTED), b: findings(NEGATIVE), c: findings(INVENTED) },
    );
    expect((said['findings'] as { claim: string }[]).map(({ claim }) => claim)).toContain(NEGATIVE[0]);
    expect(JSON.stringify(said['findings'])).not.toContain(INVENTED[0]);
  });

  test('two phases: what is critical needs a second ACK, and is left out without one', async () => {
    const critical = ['pay accepts a negative amount', 'critical', 2, 'pay(-1)'] as const;
    const more = ['anybody may call charge', 'critical', 1] as const;
    const { said, running } = await run(
      { strategy: 'two_phase', judge: 'e' },
      { a: findings(critical, more), b: findings(), c: findings() },
      {},
      async ({ up }) => {
        const ask = await up.next('e');
        expect(JSON.stringify(ask.messages)).toContain('ACK or NACK');
        ask.answer('1: ACK\n2: NACK');
      },
    );
    expect((said['findings'] as object[]).length).toBe(1);
    expect(running.up.asked).toHaveLength(4);
  });
});

describe('answers', () => {
  const ANSWERS = { a: 'The answer is 1.', b: 'The answer is 2.', c: 'The answer is 3.' };

  test('a champion answers, and its challengers are compared with it', async () => {
    const fanout = {
      mode: 'diverse',
      agents: ['a', { model: 'b', challenger: true }, { model: 'c', challenger: true }],
    };
    const { text, said } = await run(
      { strategy: 'champion', answer: 'number' },
      { a: '1', b: '2', c: '2' },
      { fanout },
    );
    expect(text).toBe('1');
    expect(JSON.stringify(said['why'])).toContain('all together would have given the answer of lane 1');
  });

  test('a judge picks one', async () => {
    const { text } = await run({ strategy: 'judge', judge: 'e' }, ANSWERS, {}, async ({ up }) => {
      const ask = await up.next('e');
      const prompt = JSON.stringify(ask.messages);
      const letter = /Answer ([A-C]):\\n\| The answer is 2/.exec(prompt)?.[1];
      ask.answer(`It adds up.\nCHOICE: ${letter}`);
    });
    expect(text).toBe('The answer is 2.');
  });

  test('a verifier scores each, and the best is taken', async () => {
    const { text, running } = await run(
      { strategy: 'judge', judge: 'e', judge_mode: 'verify' },
      ANSWERS,
      {},
      async ({ up }) => {
        for (let i = 0; i < 3; i += 1) {
          const ask = await up.next('e');
          ask.answer(`SCORE: ${JSON.stringify(ask.messages).includes('The answer is 3') ? 9 : 2}`);
        }
      },
    );
    expect(text).toBe('The answer is 3.');
    expect(running.up.asked).toHaveLength(6);
  });

  const ARBITER = { arbiter: { agent: 'e', max_usd: 0.01 } };
  const PLAIN = { a: 'Lisbon is the capital.', b: 'It lies at the Tagus.', c: 'Lisbon is the capital.' };

  test('an arbiter writes one answer, and what nobody has said is taken out of it', async () => {
    const { text, said, json } = await run({ strategy: 'arbiter' }, PLAIN, ARBITER, async ({ up }) => {
      (await up.next('e')).answer('Lisbon is the capital. It lies at the Tagus. It has 7 hills.');
    });
    expect(text).toContain('Lisbon is the capital.');
    expect(text).not.toContain('7 hills');
    expect(said).toMatchObject({ strategy: 'arbiter' });
    // With the lanes it is what the call has cost: 10 tokens of a prompt at 1, 5 of an answer at 2 a million, each.
    const asked = { role: 'arbiter', source: 'e', model: 'e', tokens: 15, cost_usd_micros: 20 };
    expect(said).toMatchObject({ asked_further: [asked] });
    const lanes = said['lanes'] as { cost_usd_micros: number }[];
    const sum = lanes.reduce((all, lane) => all + lane.cost_usd_micros, asked.cost_usd_micros);
    expect((json as { atp: unknown }).atp).toMatchObject({ cost_usd_micros: sum });
  });

  test('an arbiter that costs more than its cap is not asked', async () => {
    const { text, running } = await run({ strategy: 'arbiter' }, PLAIN, { arbiter: { agent: 'e', max_usd: 0.00001 } });
    expect(running.up.asked.map(({ model }) => model).sort()).toEqual(['a', 'b', 'c']);
    expect(Object.values(PLAIN)).toContain(text);
  });

  test('an arbiter whose upstream does not keep to its length ends at its cap', async () => {
    const max_usd = 0.002;
    const { running, json } = await run(
      { strategy: 'arbiter' },
      PLAIN,
      { arbiter: { agent: 'e', max_usd } },
      async ({ up }) => {
        const endless = await up.next('e');
        endless.begin('Lisbon is the capital. ');
        while (!endless.is_gone) {
          endless.more('It lies at the Tagus. ');
          await setImmediate();
        }
      },
    );
    const attempts = await balanced(running, [idOf(json)]);
    const arbiter = attempts.find(({ model }) => model === 'e');
    expect(arbiter?.cost_usd_micros).toBeGreaterThan(max_usd * 0.9e6);
    expect(arbiter?.cost_usd_micros).toBeLessThan(max_usd * 1.1e6);
  });

  test('an arbiter that fails has had its one try, and the first answer is the result', async () => {
    const { text, running } = await run({ strategy: 'arbiter' }, PLAIN, ARBITER, async ({ up }) => {
      (await up.next('e')).fail(503);
    });
    expect(running.up.asked.filter(({ model }) => model === 'e')).toHaveLength(1);
    expect(Object.values(PLAIN)).toContain(text);
  });

  test('adaptive chooses one, and says which', async () => {
    const { text, said } = await run({ strategy: 'adaptive', answer: 'number' }, { a: '4', b: '4', c: '5' });
    expect(text).toBe('4');
    expect(JSON.stringify(said['why'])).toContain('majority was chosen');
  });

  test('self-consistency stops asking once the majority is safe', async () => {
    const fanout = { mode: 'clone', agents: ['a'], clones: 8, width: 3 };
    const running = await panel([
      { id: 'panel', fanout, consensus: { strategy: 'self_consistency', answer: 'number', risk: 0.2 } },
    ]);
    const reply = running.chat({ model: 'policy:panel' });
    const done = reply.then(() => 'done' as const);
    for (let asked: unknown = 'more'; asked !== 'done'; ) {
      asked = await Promise.race([done, running.up.next('a').then((one) => one.answer('5'))]);
    }
    const { json } = await reply;
    expect(json).toMatchObject({ choices: [{ message: { content: '5' } }] });
    expect(running.up.asked.length).toBeLessThan(8);
  });
});

test('streaming merge tells what lanes agree on before they have ended', async () => {
  const running = await panel([{ id: 'panel', fanout: THREE, consensus: { strategy: 'streaming_merge' } }]);
  const opening = running.chatStream({ model: 'policy:panel' });
  const lanes = await Promise.all(['a', 'b', 'c'].map((model) => running.up.next(model)));
  for (const lane of lanes) lane.begin('Lisbon is the capital. ');
  const open = await opening;
  const { data } = await open.next(({ data: text }) => text.includes('Lisbon'));
  expect(data).toContain('Lisbon is the capital.');
  for (const [i, lane] of lanes.entries()) {
    lane.more(i === 2 ? 'It is old.' : 'It lies at the Tagus.');
    lane.end();
  }
  const rest = (await open.rest()).map(({ data: text }) => text).join('\n');
  expect(rest).toContain('It lies at the Tagus.');
  expect(rest).not.toContain('It is old.');
});

test('what was told is not told again, where the answer has thoughts in its midst', async () => {
  const running = await panel([{ id: 'panel', fanout: THREE, consensus: { strategy: 'streaming_merge' } }]);
  const opening = running.chatStream({ model: 'policy:panel' });
  const lanes = await Promise.all(['a', 'b', 'c'].map((model) => running.up.next(model)));
  for (const lane of lanes) {
    lane.begin('Lisbon is ');
    lane.think('Is it?');
    lane.more('the capital. ');
  }
  const open = await opening;
  const events = [await open.next(({ data }) => data.includes('capital'))];
  for (const lane of lanes) {
    lane.more('It lies at the Tagus.');
    lane.end();
  }
  events.push(...(await open.rest()));
  const text = events.map(({ data }) => /"content":"([^"]*)"/.exec(data)?.[1] ?? '').join('');
  expect(text.endsWith('the capital. It lies at the Tagus.')).toBe(true);
  expect(text.match(/capital/g)).toHaveLength(1);
});
