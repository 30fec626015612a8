import { model, PROVIDER_IDS, type RouterConfig, standardConfig } from '../config.ts';
import { type Rig, startRig } from '../harness.ts';
import { type Answered, send } from '../http.ts';
import { readJournal } from '../journal.ts';
import { type Sequence, textAnswer } from '../upstream/script.ts';
import type { Upstream, UpstreamRequest } from '../upstream/upstream.ts';
import type { Evidence } from './check.ts';
import { KILL_PRICE } from './price.ts';
import { asked, type ClientRecord, SERVED } from './workload.ts';

/** 70 tokens each, so that eight of them make two progress records. */
const PIECES = Array.from({ length: 9 }, (_, i) => `<${i}>`.padEnd(280, 'x'));
const LAST = '<8>';
const LONG = { ...textAnswer(...PIECES), usage: SERVED };
const SHORT = { ...textAnswer('short'), usage: SERVED };

function configOf(upstream: Upstream): RouterConfig {
  return standardConfig(upstream, {
    models: PROVIDER_IDS.map((id) => model(`m-${id}`, id, { price: KILL_PRICE })),
    policies: [{ id: 'hedged', fallback: ['m-chat', 'm-anthropic'], hedge_after_ms: 1 }],
  });
}

/**
 * A run that is led step by step, so that it is the same each time: an answer, a retry, a race, a client that left in the
 * middle, and a crash with one stream under way, one call without an answer yet and one in its second attempt.
 */
export async function recordSample(): Promise<Evidence> {
  const rig = await startRig(configOf);
  const clients: ClientRecord[] = [];
  const run = new Sample(rig, clients);
  try {
    await run.answered('answered', 'm-chat', [{ answer: LONG }]);
    await run.answered('retried', 'm-gemini', [{ status: 503 }, { answer: SHORT }]);
    await run.raced();
    await run.left();
    await run.begun('streaming', 'm-chat', [{ answer: LONG, gates: [LAST] }], /<7>/);
    await run.begun('silent', 'm-responses', [{ answer: SHORT, gates: [0] }]);
    await run.begun('retrying', 'm-ollama', [{ status: 503 }, { answer: SHORT, gates: [0] }]);
    await rig.router.child.kill();
    await rig.restart();
    const left = await rig.router.outstanding();
    if (left.length > 0) throw new Error(left.join('\n'));
    return { log: rig.upstream.log(), records: readJournal(rig.router.data_dir), clients };
  } finally {
    await rig.close();
  }
}

class Sample {
  readonly #rig: Rig;
  readonly #clients: ClientRecord[];

  constructor(rig: Rig, clients: ClientRecord[]) {
    this.#rig = rig;
    this.#clients = clients;
  }

  async answered(req: string, name: string, sequence: Sequence): Promise<void> {
    const script = await this.#rig.upstream.script(...sequence);
    const { record, answer } = this.#ask(req, name, script.mark);
    record.answer = await (await answer).text();
  }

  /** The first attempt never answers, so the one beside it wins. */
  async raced(): Promise<void> {
    const { upstream } = this.#rig;
    const script = await upstream.scriptBy({ chat: [{ gates: [0] }], anthropic: [{ answer: SHORT, gates: [0] }] });
    const { record, answer } = this.#ask('raced', 'policy:hedged', script.mark);
    const requests = [await upstream.next(script), await upstream.next(script)];
    requests.find(({ seen }) => seen.provider === 'anthropic')?.step();
    record.answer = await (await answer).text();
  }

  async left(): Promise<void> {
    const { upstream } = this.#rig;
    const script = await upstream.script({ answer: LONG, gates: [LAST] });
    const { answer } = this.#ask('left', 'm-anthropic', script.mark, 'midway');
    const answered = await answer;
    await answered.until(/<7>/);
    answered.leave();
    await (await upstream.next(script)).closed;
  }

  /** Goes on until the client has read so far, or until the upstream has been asked for the last of the sequence. */
  async begun(req: string, name: string, sequence: Sequence, read?: RegExp): Promise<void> {
    const script = await this.#rig.upstream.script(...sequence);
    const { answer } = this.#ask(req, name, script.mark);
    const requests: UpstreamRequest[] = [];
    while (requests.length < sequence.length) requests.push(await this.#rig.upstream.next(script));
    if (read !== undefined) await (await answer).until(read);
  }

  #ask(
    req: string,
    name: string,
    mark: string,
    leaves?: ClientRecord['leaves'],
  ): { record: ClientRecord; answer: Promise<Answered> } {
    const messages = [{ role: 'user', content: `${mark} req:${req} ` }];
    const body = JSON.stringify({ model: name, stream: true, max_tokens: 4_000, messages });
    const record: ClientRecord = { req, path: '/v1/chat/completions', body, key: undefined, leaves };
    this.#clients.push(record);
    return { record, answer: send(asked(this.#rig.router.port, record)).answer };
  }
}
