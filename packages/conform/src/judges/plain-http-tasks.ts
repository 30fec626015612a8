import { decodeJson, encodeJson, type Frame, type Payload } from '@atp-router/wire';
import type { EventReader } from '../net/http.ts';
import { dispatch, errorOf, has, helloOf, isMessage } from '../probe/frames.ts';
import { assert } from '../probe/outcome.ts';
import type { Probe } from '../probe/probe.ts';
import type { Sentence } from '../sentence.ts';
import { frames, JSON_TYPE, type Opened, opened, openWith, post } from './plain-http.ts';

/** A lane has credit for 256 messages before the first is acknowledged (S8). */
const ACK_EVERY = 64;
/** More of them than any answer has: a server that says nothing of its stream has to be left. */
const EVENTS_MAX = 10_000;
/** The first within the first message, so that a short answer is cut, too. */
const CUTS = 3;
const GONE = 410;

const shown = (frame: Frame): string => JSON.stringify(frame).slice(0, 300);

/** The answer to one task, as it is put together from events. */
class Answer {
  /** By the number of the message, its fragments. */
  readonly messages: Map<number, Frame[]> = new Map();
  #last_id = 0;
  #acknowledged = -1;
  /** Number of the next control frame. */
  #controls = 1;
  readonly #probe: Probe;
  #connection: Opened;
  #reader: EventReader;

  constructor(probe: Probe, connection: Opened) {
    this.#probe = probe;
    this.#connection = connection;
    this.#reader = probe.events(`${connection.path}/events`);
  }

  /** Leaves the reader: what had come behind the last event that was taken is as if it had been lost. */
  async cut(): Promise<void> {
    this.#reader.cut();
    const last = { 'last-event-id': String(this.#last_id) };
    this.#reader = this.#probe.events(`${this.#connection.path}/events`, last);
    const status = await this.#reader.status(this.#probe.patience_ms);
    assert(status === 200 || status === GONE, 'events behind the last one (200), or 410', String(status));
    if (status === GONE) await this.#resume();
  }

  /** What the server does not keep any more (T24) the session sends again, over another connection. */
  async #resume(): Promise<void> {
    const { session_id, reply } = this.#connection;
    const token = helloOf(decodeJson(reply.body)).resume_token ?? '';
    const acks = this.#acknowledged < 0 ? [] : [{ stream_id: '1', ack_msg_up_to: this.#acknowledged }];
    const resumption = this.#control(['SYN', 'CTRL'], { type: 'control.resume', content: { token, acks } });
    this.#connection = await openWith(this.#probe, session_id, resumption);
    this.#reader = this.#probe.events(`${this.#connection.path}/events`);
    this.#last_id = 0;
  }

  #control(flags: readonly string[], payload: Payload): Frame {
    const { session_id } = this.#connection;
    const msg_seq = this.#controls;
    this.#controls += 1;
    return { v: 1, session_id, stream_id: '0', msg_seq, flags, payload };
  }

  /** Reads one event. Each is to be the next one, whatever reader it comes to. */
  async take(): Promise<Frame> {
    const [event] = await frames(this.#probe, this.#reader, 1);
    assert(event?.id === String(this.#last_id + 1), `event ${this.#last_id + 1}`, `event ${event?.id}`);
    this.#last_id += 1;
    const frame = decodeJson(event.data);
    assert(!has(frame, 'RST'), 'an answer', () => `RST ${JSON.stringify(errorOf(frame) ?? {})}`);
    if (!isMessage(frame) || frame.stream_id !== '1') return frame;
    const pieces = this.messages.get(frame.msg_seq) ?? [];
    pieces[frame.frag_seq ?? 0] = frame;
    this.messages.set(frame.msg_seq, pieces);
    await this.#acknowledge();
    return frame;
  }

  /** All messages are there, from the first to the one with `FIN`. */
  get is_whole(): boolean {
    const whole = this.#whole();
    return whole >= 0 && has(this.messages.get(whole)?.[0] as Frame, 'FIN');
  }

  /** The highest message up to which all are there with all their fragments. */
  #whole(): number {
    let up_to = -1;
    while (isWhole(this.messages.get(up_to + 1))) up_to += 1;
    return up_to;
  }

  async #acknowledge(): Promise<void> {
    const up_to = this.#whole();
    if (up_to < this.#acknowledged + ACK_EVERY) return;
    this.#acknowledged = up_to;
    const acks = [{ stream_id: '1', ack_msg_up_to: up_to, credit: up_to + 256 }];
    const control = this.#control(['ACK', 'CTRL'], { type: 'control.ack', content: { acks } });
    await post(this.#probe, this.#connection, JSON_TYPE, encodeJson(control));
  }
}

function isWhole(pieces: readonly (Frame | undefined)[] | undefined): boolean {
  const last = pieces?.at(-1);
  if (pieces === undefined || last === undefined || has(last, 'MORE')) return false;
  return Array.from(pieces).every((piece) => piece !== undefined);
}

/** A task is sent in a request, and its answer read by several readers, one behind the other. */
async function t29(probe: Probe): Promise<void> {
  const connection = await opened(probe);
  const { session_id } = connection;
  const task: Frame = {
    ...{ v: 1, session_id, stream_id: '1', msg_seq: 0, flags: ['SYN', 'FIN'] },
    payload: dispatch(session_id, probe.task()),
  };
  const { status } = await post(probe, connection, JSON_TYPE, encodeJson(task));
  assert(status === 202, 'a task answered with 202', String(status));
  const answer = new Answer(probe, connection);
  let cuts = 0;
  for (let events = 0; !answer.is_whole && events < EVENTS_MAX; events += 1) {
    const frame = await answer.take();
    if (cuts >= CUTS || !isMessage(frame)) continue;
    cuts += 1;
    await answer.cut();
  }
  const messages = [...answer.messages].toSorted(([one], [other]) => one - other).map(([, [first]]) => first as Frame);
  for (const [i, frame] of messages.entries()) {
    assert(frame.payload?.seq === i, `payload.seq ${i}`, () => shown(frame));
  }
  const last = messages.at(-1);
  assert(last?.payload?.type === 'agent.result.final', 'agent.result.final at the end', () =>
    last === undefined ? 'nothing' : shown(last),
  );
}

export const PLAIN_HTTP_TASKS: readonly Sentence[] = [
  {
    id: 'T29',
    level: 'L1',
    title: 'A task over plain HTTP is answered whole, also by events that are cut and read on',
    judge: t29,
  },
];
