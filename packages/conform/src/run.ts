import type { Level, Outcome, Report, Result, Target } from './model.ts';
import { Failed, Skipped } from './probe/outcome.ts';
import { Probe } from './probe/probe.ts';
import { Transcript } from './probe/transcript.ts';
import type { Sentence } from './sentence.ts';
import { SENTENCES } from './sentences.ts';

export interface RunOptions {
  /** Sentences of this level only. Default: all. */
  readonly level?: Level;
  /** These sentences only. */
  readonly only?: readonly string[];
  /** Judges at a time. */
  readonly concurrency?: number;
  readonly onResult?: (result: Result) => void;
}

/** Enough to hide waiting, and few enough that a small server keeps up. */
const CONCURRENCY = 8;
/** A judge that waits longer than all its waits together is stuck. */
const JUDGE_MS = 150_000;

/** Judges a server sentence by sentence. What fails is in the report; throws only for a target that is none. */
export async function runConformance(target: Target, options: RunOptions = {}): Promise<Report> {
  assertTarget(target);
  const { level, only, concurrency = CONCURRENCY, onResult } = options;
  const wanted = SENTENCES.filter((one) => level === undefined || one.level === level).filter(
    ({ id }) => only === undefined || only.includes(id),
  );
  const results: Result[] = new Array<Result>(wanted.length);
  let next = 0;
  const work = async (): Promise<void> => {
    for (let at = next; at < wanted.length; at = next) {
      next += 1;
      const result = await judgeSentence(wanted[at] as Sentence, target);
      results[at] = result;
      onResult?.(result);
    }
  };
  await Promise.all(Array.from({ length: Math.min(concurrency, wanted.length) }, work));
  const count = (verdict: Outcome['verdict']): number => results.filter((one) => one.verdict === verdict).length;
  return {
    ...{ url: target.url, protocol: 'atp', edition: 1 },
    ...{ passed: count('passed'), failed: count('failed'), skipped: count('skipped') },
    ...{ not_observable: count('not_observable'), results },
  };
}

/** Judges one sentence. Never rejects: what the judge throws is its verdict. */
export async function judgeSentence(sentence: Sentence, target: Target): Promise<Result> {
  const { id, level, title } = sentence;
  const start_ms = performance.now();
  const done = (outcome: Outcome): Result => {
    return { id, level, title, duration_ms: Math.round(performance.now() - start_ms), ...outcome };
  };
  if ('not_observable' in sentence) return done({ verdict: 'not_observable', reason: sentence.not_observable });
  const secrets = [
    ...[target.key, target.agent_key, target.other_key].map((key) => key ?? ''),
    ...(target.signing ?? []).map(({ secret }) => Buffer.from(secret).toString('base64url')),
  ];
  const transcript = new Transcript(secrets);
  const probe = new Probe(target, transcript);
  try {
    await bounded(sentence.judge(probe));
    return done({ verdict: 'passed' });
  } catch (error) {
    if (error instanceof Skipped) return done({ verdict: 'skipped', reason: error.message });
    const { expected, seen } = error instanceof Failed ? error : unforeseen(error);
    const lines = transcript.lines();
    return done({
      verdict: 'failed',
      expected: transcript.clean(expected),
      seen: transcript.clean(seen),
      transcript: lines,
    });
  } finally {
    probe.end();
  }
}

function unforeseen(error: unknown): { readonly expected: string; readonly seen: string } {
  const what = error instanceof Error ? error.message : 'something that is no error';
  return { expected: 'an exchange that can be judged', seen: `the judge failed: ${what}` };
}

async function bounded(judging: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Failed('a verdict in time', `none in ${JUDGE_MS} ms`)), JUDGE_MS);
  });
  try {
    await Promise.race([judging, late]);
  } finally {
    clearTimeout(timer);
  }
}

function assertTarget({ url, key, agent_key, other_key }: Target): void {
  const parsed = URL.parse(url);
  if (parsed === null || !/^wss?:$/.test(parsed.protocol))
    throw new TypeError('the address is no ws:// or wss:// address');
  // It goes into a header as it is.
  const is_bad = [key, agent_key, other_key].some((one) => one !== undefined && !/^[\x21-\x7e]+$/.test(one));
  if (is_bad) throw new TypeError('a key has characters that no key has');
}
