import { aliasTable, hashedEmbedder, ScoreTable, type StreamView, strategyOf, Vectors } from '@atp-router/consensus';
import { seededRng } from '@atp-router/kernel';
import { median } from '../stats.ts';
import { answersOf, viewOf } from './views.ts';

const CHUNK_CHARS = 24;

export interface StreamRow {
  readonly name: string;
  readonly chunks: number;
  readonly told: number;
  readonly median_us: number;
  readonly p99_us: number;
  readonly slowest_us: number;
  /** Mean CPU time of the thread for a chunk. */
  readonly cpu_us: number;
}

/** What lanes say, sentence by sentence; `other` sets them in other type, so that no lane is word for word another. */
function textsOf(lanes: number, chars: number, is_other: boolean): string[] {
  const sentences = Array.from(
    { length: Math.ceil(chars / 48) },
    (_, i) => `The entry ${i} of the cache is never cleared again.`,
  );
  return Array.from({ length: lanes }, (_, lane) =>
    sentences.map((text, i) => (is_other && (i + lane) % 2 === 1 ? `**${text.toUpperCase()}**` : text)).join(' '),
  );
}

/** The longest beginning that all have: what could be told without looking at sentences. */
function commonPrefix({ texts: parts }: StreamView): string {
  const [first = { text: '' }] = parts;
  let length = Math.min(...parts.map(({ text }) => text.length));
  for (const { text } of parts) {
    let at = 0;
    while (at < length && text.charCodeAt(at) === first.text.charCodeAt(at)) at += 1;
    length = at;
  }
  return first.text.slice(0, length);
}

/** As a session has them: the strategy of one session, asked with each piece. */
function subjects(): readonly { readonly name: string; readonly tell: (view: StreamView) => string }[] {
  const { stream } = strategyOf('streaming_merge', {
    vectors: new Vectors(hashedEmbedder()),
    aliases: aliasTable(),
    scores: new ScoreTable(),
    cluster: undefined,
  });
  if (stream === undefined) throw new Error('a streaming merge streams');
  return [
    { name: 'streaming merge', tell: stream },
    {
      name: 'common prefix',
      tell: (view) => {
        const prefix = commonPrefix(view);
        return prefix.length > view.settled.length ? prefix : view.settled;
      },
    },
  ];
}

/** Pieces of all lanes in a drawn order; both subjects are given the same pieces, one after the other. */
export function measureStreams(lanes: number, chars: number, is_other: boolean): StreamRow[] {
  const full = textsOf(lanes, chars, is_other);
  const { plan, standing } = viewOf('streaming_merge', answersOf({ lanes, findings: 0 }, 1), 0);
  return subjects().map(({ name, tell }) => {
    const rng = seededRng(1);
    const texts = full.map((_, lane) => ({ lane, source: `s${lane}`, text: '', is_complete: false }));
    const times: number[] = [];
    let settled = '';
    const before = process.threadCpuUsage();
    for (let left = lanes; left > 0; ) {
      const lane = Math.floor(rng.next() * lanes);
      const [one, whole] = [texts[lane], full[lane] ?? ''];
      if (one === undefined || one.is_complete) continue;
      // Put together piece by piece, as a lane does.
      one.text += whole.slice(one.text.length, one.text.length + CHUNK_CHARS);
      one.is_complete = one.text.length === whole.length;
      if (one.is_complete) left -= 1;
      const started = process.hrtime.bigint();
      settled = tell({ plan, standing, settled, texts });
      times.push(Number(process.hrtime.bigint() - started) / 1e3);
    }
    const { user, system } = process.threadCpuUsage(before);
    const sorted = times.sort((a, b) => a - b);
    const at = (share: number): number => sorted[Math.floor(share * (sorted.length - 1))] ?? Number.NaN;
    return {
      ...{ name, chunks: sorted.length, told: settled.length, cpu_us: (user + system) / sorted.length },
      ...{ median_us: median(sorted), p99_us: at(0.99), slowest_us: at(1) },
    };
  });
}
