import type { SessionCounts, SessionEffect } from '@atp-router/session';
import {
  type Acknowledgement,
  type Frame,
  hasFlag,
  isFragment,
  isWireCode,
  PAYLOAD_TYPES,
  type Window,
} from '@atp-router/wire';
import { type Counter, type Histogram, Lazy } from './instruments.ts';
import type { MetricRegistry } from './registry.ts';

export type Way = 'in' | 'out';

/** What the sessions of a process are now, and what the machines of all that there were have counted. */
export interface SessionGauges {
  readonly connected: number;
  readonly waiting: number;
  readonly streams: number;
  readonly lanes: number;
  readonly held_messages: number;
  readonly held_bytes: number;
  readonly counts: Readonly<SessionCounts>;
}

const FRAGMENTS: readonly number[] = [2, 4, 8, 16, 32, 64, 128, 256, 512, 1_024];
const SECONDS: readonly number[] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
const KNOWN: ReadonlySet<string> = new Set(PAYLOAD_TYPES);
const OTHER = 'other';

/** Metrics of ATP sessions, from their frames and effects. Hot: each frame costs a few additions. */
export class SessionSeries {
  readonly #frames: Readonly<Record<Way, Lazy<Counter>>>;
  readonly #errors: Readonly<Record<Way, Lazy<Counter>>>;
  readonly #acks: Readonly<Record<Way, Counter>>;
  readonly #nacks: Readonly<Record<Way, Counter>>;
  readonly #messages: Readonly<Record<Way, Lazy<Counter>>>;
  readonly #fragments: Readonly<Record<Way, Histogram>>;
  readonly #assembly: Histogram;
  readonly #acknowledged: Histogram;
  readonly #windows: Readonly<Record<Way, Lazy<Counter>>>;
  readonly #buffer: Lazy<Counter>;
  readonly #sessions: Lazy<Counter>;
  readonly #refused: Lazy<Counter>;

  constructor(registry: MetricRegistry) {
    const byWay = (name: string, label: string, help: string): Readonly<Record<Way, Lazy<Counter>>> => {
      const family = registry.counter({ name, help, labels: ['way', label] });
      return {
        in: new Lazy((value) => family.series('in', value)),
        out: new Lazy((value) => family.series('out', value)),
      };
    };
    const plain = (name: string, help: string): Readonly<Record<Way, Counter>> => {
      const family = registry.counter({ name, help, labels: ['way'] });
      return { in: family.series('in'), out: family.series('out') };
    };
    this.#frames = byWay(
      'atp_frames_total',
      'type',
      'Frames of sessions, by the type of their payload or, without one, by their flag.',
    );
    this.#errors = byWay(
      'atp_frame_errors_total',
      'code',
      'Errors that frames told, and frames that could not be read.',
    );
    this.#acks = plain('atp_acks_total', 'Acknowledgements of lanes; those that ride on other frames count, too.');
    this.#nacks = plain('atp_nacks_total', 'Those of them that ask for messages or fragments again.');
    this.#messages = byWay('atp_messages_total', 'outcome', 'Messages of sessions, by what became of them.');
    const fragments = registry.histogram({
      ...{
        name: 'atp_message_fragments',
        help: 'Fragments of messages that were cut.',
        labels: ['way'],
        buckets: FRAGMENTS,
      },
    });
    this.#fragments = { in: fragments.series('in'), out: fragments.series('out') };
    const seconds = (name: string, help: string): Histogram =>
      registry.histogram({ name, help, buckets: SECONDS }).series();
    this.#assembly = seconds(
      'atp_message_assembly_seconds',
      'From the first fragment of a message to the last, time without a connection left out.',
    );
    this.#acknowledged = seconds(
      'atp_message_ack_seconds',
      'From the first sending of a message to its acknowledgement, time without a connection left out.',
    );
    this.#windows = byWay(
      'atp_window_updates_total',
      'change',
      'Changes of what the other end may have outstanding, by their direction.',
    );
    const buffer = registry.counter({
      ...{ name: 'atp_reassembly_operations_total', labels: ['operation'] },
      help: 'What was done with the buffers of incomplete messages.',
    });
    this.#buffer = new Lazy((operation) => buffer.series(operation));
    const sessions = registry.counter({
      name: 'atp_session_events_total',
      help: 'What happened to sessions.',
      labels: ['event'],
    });
    this.#sessions = new Lazy((event) => sessions.series(event));
    const refused = registry.counter({
      name: 'atp_sessions_refused_total',
      help: 'Handshakes that were refused.',
      labels: ['code'],
    });
    this.#refused = new Lazy((code) => refused.series(code));
  }

  frame(way: Way, frame: Frame): void {
    const { payload } = frame;
    this.#frames[way].get(typeOf(frame)).inc();
    if (isFragment(frame) && way === 'in') this.#buffer.get('fragment').inc();
    if (payload === undefined) return;
    const { type, content } = payload;
    if (type === 'error') this.#errors[way].get(codeOf(content)).inc();
    else if (type === 'control.ack' || type === 'control.window_update' || type === 'control.resume')
      this.#onAcks(way, content);
  }

  unreadable(error: unknown): void {
    this.#errors.in.get(codeOf(error)).inc();
  }

  refused(error: unknown): void {
    this.#refused.get(codeOf(error)).inc();
  }

  effect(effect: SessionEffect): void {
    switch (effect.type) {
      case 'deliver':
        this.#messages.in.get('delivered').inc();
        if (effect.assembled === undefined) break;
        this.#fragments.in.observe(effect.assembled.fragments);
        this.#assembly.observe(effect.assembled.ms / 1_000);
        this.#buffer.get('complete').inc();
        break;
      case 'acknowledged':
        this.#messages.out.get('acknowledged').inc();
        if (effect.sent.fragments > 1) this.#fragments.out.observe(effect.sent.fragments);
        this.#acknowledged.observe(effect.sent.ms / 1_000);
        break;
      case 'failed':
        this.#messages[effect.way].get(effect.reason).inc();
        if (effect.way === 'in') this.#buffer.get('give_up').inc();
        break;
      case 'established':
        this.#sessions.get(effect.resumed ? 'resumed' : 'opened').inc();
        break;
      case 'closed':
        this.#sessions.get(effect.error === undefined ? 'finished' : 'aborted').inc();
        break;
      case 'disconnect':
        this.#sessions.get('disconnected').inc();
        break;
      default:
    }
  }

  /** `in`: the other end told it, `out`: this end does. */
  window(way: Way, before: Window, after: Window): void {
    this.#windows[way].get(changeOf(before, after)).inc();
  }

  /** Adds what is read at scrape time; once. */
  live(registry: MetricRegistry, read: () => SessionGauges): void {
    // One walk over all sessions for all series.
    let now = read();
    registry.beforeScrape(() => {
      now = read();
    });
    registry.live({
      ...{ name: 'atp_sessions', type: 'gauge', labels: ['state'] },
      help: 'Sessions, with a connection (`connected`) and without one (`waiting` for a resumption).',
      read: () => {
        const { connected, waiting } = now;
        return [
          { labels: ['connected'], value: connected },
          { labels: ['waiting'], value: waiting },
        ];
      },
    });
    const gauge = (name: string, help: string, of: (gauges: SessionGauges) => number): void =>
      registry.live({ name, help, type: 'gauge', read: () => [{ labels: [], value: of(now) }] });
    gauge('atp_session_streams', 'Streams that are open.', ({ streams }) => streams);
    gauge('atp_session_lanes', 'Lanes of them, of both directions.', ({ lanes }) => lanes);
    gauge(
      'atp_session_held_messages',
      'Messages that are not settled or not complete.',
      ({ held_messages }) => held_messages,
    );
    gauge('atp_session_held_bytes', 'Bytes of them.', ({ held_bytes }) => held_bytes);
    registry.live({
      ...{ name: 'atp_session_anomalies_total', type: 'counter', labels: ['kind'] },
      help: 'Frames that came twice (`duplicates`) or too late (`late`), that had no room (`dropped`), were sent again (`resent`), had a wrong checksum (`damaged`), no good signature (`unauthentic`) or a used nonce (`replayed`).',
      read: () => Object.entries(now.counts).map(([kind, value]) => ({ labels: [kind], value })),
    });
  }

  #onAcks(way: Way, content: unknown): void {
    const { acks = [] } = (content ?? {}) as { readonly acks?: readonly Acknowledgement[] };
    this.#acks[way].inc(acks.length);
    for (const { missing, missing_messages } of acks) {
      if (missing !== undefined || missing_messages !== undefined) this.#nacks[way].inc();
    }
  }
}

function typeOf(frame: Frame): string {
  const type = frame.payload?.type;
  if (type !== undefined) return KNOWN.has(type) ? type : OTHER;
  if (hasFlag(frame, 'HB')) return 'heartbeat';
  if (hasFlag(frame, 'RST')) return 'rst';
  return hasFlag(frame, 'FIN') ? 'fin' : 'empty';
}

function codeOf(content: unknown): string {
  const code = (content as { readonly code?: unknown } | undefined)?.code;
  return typeof code === 'string' && isWireCode(code) ? code : OTHER;
}

function changeOf(before: Window, after: Window): string {
  const moved = (['max_parallel', 'max_tokens', 'max_usd_micros'] as const).map(
    (member) => (after[member] ?? Number.POSITIVE_INFINITY) - (before[member] ?? Number.POSITIVE_INFINITY),
  );
  const grows = moved.some((by) => by > 0);
  const shrinks = moved.some((by) => by < 0);
  if (grows && shrinks) return 'mixed';
  return grows ? 'grown' : shrinks ? 'shrunk' : 'same';
}
