import { availableParallelism } from 'node:os';
import { spawnSync } from 'node:child_process';
import { provider, PROVIDER_IDS, type RouterConfig, secretOf, standardConfig, tenant } from '../config.ts';
import { type Rig, startRig } from '../harness.ts';
import { type Answered, send } from '../http.ts';
import { verifyJournal } from '@atp-router/adapters';
import { join } from 'node:path';
import { total } from '../metrics.ts';
import { textAnswer } from '../upstream/script.ts';
import type { Marked, Upstream } from '../upstream/upstream.ts';
import type { Part } from './part.ts';

const STREAMS = 8_000;
const SHORT_STREAMS = 400;
/** A tenant may have 1000 calls in flight. */
const TENANT_CALLS_MAX = 900;
/** Connections that are opened at the same time: a burst beyond the listen queue tests the kernel and not the router. */
const OPENING_MAX = 200;
/** After the gate each stream says so much more. */
const WORDS = 5;
const PACE_MS = 500;

export interface StreamsReport {
  readonly streams: number;
  /** Read from the router while all of them were open. */
  readonly open_at_once: number;
  readonly rss_mib: number;
  readonly problems: readonly string[];
}

function configOf(upstream: Upstream, tenants: number): RouterConfig {
  const wide = { max_connections: 65_535, max_concurrency: 65_535, idle_timeout_ms: 600_000 };
  return standardConfig(upstream, {
    providers: PROVIDER_IDS.map((id) => provider(upstream, id, wide)),
    tenants: Array.from({ length: tenants }, (_, i) =>
      tenant(`t${i}`, { window: { max_parallel: 1_000, max_tokens: 10_000_000 } }),
    ),
    limits: { idle_ms: 600_000 },
    telemetry: { log_level: 'error' },
  });
}

/** Opens so many streams, holds all of them open, then lets them end. Each has to end properly and be settled. */
export async function runStreams(streams: number, pin: boolean): Promise<StreamsReport> {
  const tenants = Math.ceil(streams / TENANT_CALLS_MAX);
  const rig = await startRig((upstream) => configOf(upstream, tenants), {}, ['quiet']);
  const problems: string[] = [];
  try {
    if (pin) pinToOneCore(rig.router.child.pid);
    const pieces = Array.from({ length: WORDS }, (_, i) => ` word${i}`);
    const script = await rig.upstream.script({
      answer: textAnswer('Begin', ...pieces),
      gates: [' word0'],
      pace_ms: PACE_MS,
    });
    const open = await openAll(rig, script, streams, tenants);
    const metrics = await rig.router.metrics();
    const open_at_once = total(metrics, 'atp_calls_in_flight');
    const rss_mib = rig.router.rss_mib();
    if (open_at_once !== streams) problems.push(`${open_at_once} calls are in flight, ${streams} were opened`);
    await rig.upstream.release(script);
    const texts = await Promise.all(open.map((answer) => answer.text()));
    const whole = texts.filter(
      (text, i) => text.includes(` word${WORDS - 1}`) && text.includes('[DONE]') && open[i]?.complete,
    );
    if (whole.length !== streams) problems.push(`${streams - whole.length} streams did not end properly`);
    problems.push(...(await rig.router.outstanding()));
    const journal = verifyJournal(join(rig.router.data_dir, 'journal'));
    if (journal.calls_ended !== streams) problems.push(`${journal.calls_ended} usage records for ${streams} streams`);
    return { streams, open_at_once, rss_mib, problems };
  } finally {
    await rig.close();
  }
}

/** All threads of a process to the first core, with the tool of util-linux. */
function pinToOneCore(pid: number): void {
  const [tool, ...args] = ['taskset', '-a', '-cp', '0', String(pid)] as const;
  const { status } = spawnSync(tool, args);
  if (status !== 0) throw new Error(`${tool} could not pin the router to one core`);
}

/** Resolves when every stream has said its first word. */
async function openAll(rig: Rig, script: Marked, streams: number, tenants: number): Promise<Answered[]> {
  const open: Answered[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < streams) {
      const i = next;
      next += 1;
      const key = secretOf(`t${i % tenants}`);
      const body = { model: 'm-chat', stream: true, messages: [{ role: 'user', content: script.mark }] };
      const answer = await send({ port: rig.router.port, path: '/v1/chat/completions', key, body }).answer;
      await answer.until(/Begin/);
      open.push(answer);
    }
  };
  await Promise.all(Array.from({ length: Math.min(OPENING_MAX, streams) }, worker));
  return open;
}

/** Thousands of streams at once through a router that has one core. */
export const streams: Part = async ({ short, say }) => {
  const wanted = short ? SHORT_STREAMS : STREAMS;
  // Each stream has a socket on both sides of the router.
  say(`${wanted} streams`);
  const pin = availableParallelism() > 1;
  const report = await runStreams(wanted, pin);
  return {
    facts: [
      ['streams', String(report.streams)],
      ['open at once, by the router’s own gauge', String(report.open_at_once)],
      ['router pinned to one core', pin ? 'yes' : 'no need: the machine has one'],
      ['memory of the router with all open', `${report.rss_mib} MiB`],
    ],
    problems: report.problems,
  };
};
