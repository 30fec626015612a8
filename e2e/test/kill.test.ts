import { expect, test } from 'vitest';
import { startRig } from '../src/harness.ts';
import { JOURNAL_POINTS, PROJECTION_POINTS } from '../src/kill/points.ts';
import { runKills } from '../src/kill/run.ts';
import { textAnswer } from '../src/upstream/script.ts';

/** Every named point once, three signals in the middle of traffic, and crashes while it settles the crash before. */
const KILLS = 17;

test('kill -9: nothing lost, nothing doubled, nothing left reserved; the upstream’s own log is the oracle', async () => {
  const report = await runKills(1, KILLS);
  expect(report.problems).toEqual([]);
  for (const point of [...JOURNAL_POINTS, ...PROJECTION_POINTS]) expect(report.points[point]).toBeGreaterThan(0);
  expect(report.interrupted).toBeGreaterThan(KILLS);
  // How many clients leave in time depends on the machine; without any the test would prove nothing.
  expect(report.cancelled).toBeGreaterThan(KILLS / 2);
  expect(report.hedged).toBeGreaterThan(KILLS);
  expect(report.repeats).toBeGreaterThan(KILLS);
}, 300_000);

/** Tokens between two progress records. */
const INTERVAL = 256;
const PIECES = 20;
const PIECE_TOKENS = 50;

test.each(['/v1/chat/completions', '/v1/messages'])(
  'what a client got before a crash is counted to within one interval (%s)',
  async (path) => {
    const rig = await startRig();
    const pieces = Array.from({ length: PIECES }, (_, i) => `<${i}>`.padEnd(PIECE_TOKENS * 4, 'x'));
    const script = await rig.upstream.script({
      answer: textAnswer(...pieces),
      gates: pieces.slice(1).map((_, i) => `<${i + 1}>`),
    });
    const body = {
      model: 'm-chat',
      stream: true,
      max_tokens: 4_000,
      messages: [{ role: 'user', content: script.mark }],
    };
    const answer = await rig.router.ask(path, body);
    const request = await rig.upstream.next(script);
    // One piece at a time, each read before the next is sent: each has its own turn in the router.
    for (let i = 0; i < PIECES - 1; i += 1) {
      if (i > 0) request.step();
      await answer.until(new RegExp(`<${i}>`));
    }
    await rig.router.child.kill();
    await rig.restart();
    const ended = rig.router.books().ended.get(answer.header('x-atp-request-id') ?? '');
    const relayed = (PIECES - 1) * PIECE_TOKENS;
    expect(ended).toMatchObject({ outcome: 'interrupted', attempts: [{ usage_source: 'counted' }] });
    expect(ended?.usage.out_tokens).toBeGreaterThan(relayed - INTERVAL - PIECE_TOKENS);
    expect(ended?.usage.out_tokens).toBeLessThanOrEqual(relayed);
    expect(ended?.cost_usd_nanos).toBeGreaterThan((relayed - INTERVAL - PIECE_TOKENS) * 2_000);
    expect(await rig.router.outstanding()).toEqual([]);
    await rig.close();
  },
);
