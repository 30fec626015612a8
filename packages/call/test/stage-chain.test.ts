import { AtpError } from '@atp-router/kernel';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type CallStage,
  type ChainResult,
  type ChunkVerdict,
  type Stage,
  type StageAttempt,
  StageChain,
  type StageClaim,
  type StageRun,
  type StageSummary,
} from '../src/index.ts';

const CALL = { call_id: 'c', tenant: 'a', endpoint: 'chat', model: 'm', qos: 'gold', stream: true };
const OK: StageSummary = {
  ...{ outcome: 'ok', error: undefined, won: true },
  ...{ in_tokens: 1, out_tokens: 2, cost_usd_micros: 3, latency_ms: 4 },
};
const LOST: StageSummary = { ...OK, outcome: 'cancelled', won: false };
const NO: AtpError = new AtpError('policy_denied', 'no');

const attempt = (n: number): StageAttempt => ({
  n,
  turn: 1,
  kind: n === 1 ? 'primary' : 'hedge',
  model: 'm',
  provider: 'p',
});

/** Here a chunk is a string, and its size is its length. */
function stage(
  id: string,
  run: (attempt: StageAttempt) => StageRun<string>,
  claim: Partial<StageClaim> = {},
): TestStage {
  return of(id, { openRun: run }, claim);
}

function of(id: string, call: CallStage<string, string>, claim: Partial<StageClaim> = {}): TestStage {
  return { id, claims: () => ({ request: false, body: 'rewrite', ...claim }), open: () => call };
}

type TestStage = Stage<string, string>;

function chain(stages: readonly TestStage[], told: string[] = [], hold_back_bytes = 100): StageChain<string, string> {
  return new StageChain({
    ...{ stages, call: CALL, hold_back_bytes },
    size: (chunk) => chunk.length,
    onAbort: (id, error) => void told.push(`${id} ${error.code}`),
  });
}

/** Holds all it sees until a chunk that ends with a full stop. */
const holding = (): StageRun<string> => ({ onChunk: (chunk) => ({ kind: chunk.endsWith('.') ? 'pass' : 'hold' }) });

const out = (...chunks: string[]): ChainResult<string> => ({ kind: 'out', chunks });

describe('runs', () => {
  it('have a hold-back of their own: what one attempt left behind is not in the answer of the next', () => {
    const all = chain([stage('guard', holding)]);
    const first = all.openRun(attempt(1));
    expect(first.onChunk('secret')).toEqual(out());
    expect(first.onEnd({ ...OK, outcome: 'error', won: false, error: 'upstream_error' })).toEqual(out());
    expect(first.held_bytes).toBe(0);
    const second = all.openRun(attempt(2));
    expect(second.onChunk('hello')).toEqual(out());
    expect(second.onChunk('there.')).toEqual(out('hello', 'there.'));
    expect(second.onEnd(OK)).toEqual(out());
  });

  it('go on side by side, each within its own bound', () => {
    const all = chain([stage('guard', holding)], [], 6);
    const [one, two] = [all.openRun(attempt(1)), all.openRun(attempt(2))];
    expect([one.onChunk('aaaaaa'), two.onChunk('bbbbbb')]).toEqual([out(), out()]);
    expect(one.onChunk('a')).toMatchObject({ kind: 'abort', stage: 'guard' });
    expect(two.onChunk('.')).toEqual(out('bbbbbb', '.'));
  });

  it('never mix what they hold, however they interleave', () => {
    const step = fc.record({ run: fc.nat(2), ends: fc.boolean() });
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 30 }),
        fc.infiniteStream(fc.constantFrom('hold', 'pass')),
        (steps, verdicts) => {
          const draw = (): ChunkVerdict<string> => ({ kind: verdicts.next().value as 'hold' | 'pass' });
          const all = chain([stage('a', () => ({ onChunk: draw })), stage('b', () => ({ onChunk: draw }))], [], 1_000);
          const runs = [1, 2, 3].map((n) => ({ run: all.openRun(attempt(n)), sent: '', got: '', over: false }));
          const take = (one: (typeof runs)[number] | undefined, result: ChainResult<string>): void => {
            if (one !== undefined && result.kind === 'out') one.got += result.chunks.join('');
          };
          steps.forEach(({ run: at, ends }, i) => {
            const one = runs[at];
            if (one === undefined || one.over) return;
            if (ends) take(one, one.run.onEnd(OK));
            else take(one, one.run.onChunk(`${at}:${i} `));
            one.over = ends;
            if (!ends) one.sent += `${at}:${i} `;
          });
          for (const one of runs) {
            take(one, one.run.onEnd(OK));
            expect([one.got, one.run.held_bytes]).toEqual([one.sent, 0]);
          }
        },
      ),
      { seed: 1 },
    );
  });

  it('are opened only for stages that claim the body, with the attempt that they are for', () => {
    const opened: number[] = [];
    const open = ({ n }: StageAttempt): StageRun<string> => {
      opened.push(n);
      return {};
    };
    const all = chain([
      stage('reads', open, { request: true, body: 'none' }),
      stage('observes', open, { body: 'observe' }),
      stage('rewrites', open),
      stage('nothing', open, { body: 'none' }),
    ]);
    expect([all.claimsRequest, all.rewritesBody, all.seesBody]).toEqual([true, true, true]);
    all.openRun(attempt(7));
    expect(opened).toEqual([7, 7]);
  });
});

describe('the end', () => {
  /** Tells what it is told. */
  const telling = (
    id: string,
    told: string[],
    more: StageRun<string> = {},
    claim: Partial<StageClaim> = {},
  ): TestStage =>
    stage(
      id,
      ({ n }) => ({
        onEnd: ({ outcome, won, error }) => {
          told.push(`${id}${n} ${outcome} ${won ? 'won' : 'lost'} ${error ?? '-'}`);
          return { kind: 'pass' };
        },
        ...more,
      }),
      claim,
    );

  it('is told to each stage of each run once, with who won', () => {
    const told: string[] = [];
    const all = chain([telling('learner', told, {}, { body: 'observe' }), telling('guard', told)]);
    const [one, two] = [all.openRun(attempt(1)), all.openRun(attempt(2))];
    one.onEnd(LOST);
    two.onEnd(OK);
    for (const run of [one, two]) run.onEnd(LOST);
    expect(one.onEnd(OK)).toEqual(out());
    const lost = ['learner1 cancelled lost -', 'guard1 cancelled lost -'];
    expect(told).toEqual([...lost, 'learner2 ok won -', 'guard2 ok won -']);
  });

  it('lets out what is held, and what a stage adds or puts in its place', () => {
    const last = (kind: 'append' | 'replace'): TestStage =>
      stage(kind, () => ({ onChunk: () => ({ kind: 'hold' }), onEnd: () => ({ kind, chunks: ['!'] }) }));
    for (const [kind, expected] of [
      ['append', ['a', '!']],
      ['replace', ['!']],
    ] as const) {
      const run = chain([stage('first', () => ({ onChunk: () => ({ kind: 'hold' }) })), last(kind)]).openRun(
        attempt(1),
      );
      run.onChunk('a');
      expect(run.onEnd(OK)).toEqual(out(...expected));
    }
  });

  it('of a failed attempt asks for no last words', () => {
    const run = chain([
      stage('wordy', () => ({ onChunk: () => ({ kind: 'hold' }), onEnd: () => ({ kind: 'append', chunks: ['!'] }) })),
    ]).openRun(attempt(1));
    run.onChunk('a');
    expect([run.onEnd(LOST), run.held_bytes]).toEqual([out(), 0]);
  });

  it('that a stage refuses is an error to those behind it, and told as an abort', () => {
    const [told, aborts]: [string[], string[]] = [[], []];
    const refusing = stage('refuses', () => ({ onEnd: () => ({ kind: 'abort', error: NO }) }));
    const run = chain([telling('before', told), refusing, telling('behind', told)], aborts).openRun(attempt(1));
    expect(run.onEnd(OK)).toEqual({ kind: 'abort', stage: 'refuses', error: NO });
    expect(told).toEqual(['before1 ok won -', 'behind1 error won policy_denied']);
    expect(aborts).toEqual(['refuses policy_denied']);
  });

  it('reaches everybody when a stage has a fault', () => {
    const broken: StageRun<string> = {
      onEnd: () => {
        throw new Error('a fault');
      },
    };
    const told: string[] = [];
    const all = chain([stage('broken', () => broken), telling('behind', told)]);
    expect(() => all.openRun(attempt(1)).onEnd(OK)).toThrow(AtpError);
    expect(all.openRun(attempt(2)).onEnd(LOST)).toEqual(out());
    expect(told).toEqual(['behind1 error won internal_error', 'behind2 cancelled lost -']);
  });
});

describe('an abort', () => {
  it('of a chunk ends the run, and is told', () => {
    const told: string[] = [];
    const run = chain([stage('guard', () => ({ onChunk: () => ({ kind: 'abort', error: NO }) }))], told).openRun(
      attempt(1),
    );
    expect(run.onChunk('a')).toEqual({ kind: 'abort', stage: 'guard', error: NO });
    expect(told).toEqual(['guard policy_denied']);
  });

  it('of an observer changes nothing', () => {
    const told: string[] = [];
    const observer = stage('observer', () => ({ onChunk: () => ({ kind: 'abort', error: NO }) }), { body: 'observe' });
    expect(chain([observer], told).openRun(attempt(1)).onChunk('a')).toEqual(out('a'));
    expect(told).toEqual([]);
  });
});

describe('the request', () => {
  it('passes those who claim it, in order', () => {
    const adds = (word: string, claim: Partial<StageClaim>): TestStage =>
      of(word, { onRequest: (request) => ({ kind: 'replace', request: `${request} ${word}` }) }, claim);
    const all = chain([
      adds('one', { request: true }),
      adds('two', {}),
      adds('three', { request: true, body: 'none' }),
    ]);
    expect(all.onRequest('zero')).toEqual({ request: 'zero one three' });
  });

  it('is refused by the first who refuses it', () => {
    const told: string[] = [];
    const refuses = (id: string): TestStage =>
      of(id, { onRequest: () => ({ kind: 'abort', error: NO }) }, { request: true, body: 'none' });
    expect(chain([refuses('one'), refuses('two')], told).onRequest('x')).toEqual({ stage: 'one', error: NO });
    expect(told).toEqual(['one policy_denied']);
  });
});
