import { type Frame, hasFlag, type WireObject } from '@atp-router/wire';
import type { SessionEffect, SessionHeld, SessionInput, SessionSnapshot } from '../../src/index.ts';
import type { Machine } from '../../src/testing/index.ts';

/** A mistake that a session could make, put between it and its shell: it sees what goes in and what comes out. */
export interface Fault {
  readonly name: string;
  /** First history to look at: for what shows in few. */
  readonly from_seed?: number;
  readonly input?: (input: SessionInput) => SessionInput;
  /** What comes out instead of an effect. `state` is the fault's own, for as long as the session lives. */
  readonly effect?: (effect: SessionEffect, state: FaultState) => readonly SessionEffect[];
  /** What it says that it has, instead of what it is asked to save. */
  readonly snapshot?: (snapshot: SessionSnapshot) => SessionSnapshot;
  readonly admits?: (frame: Frame) => boolean;
  /** What it says that it holds, in place of that. */
  readonly held?: Partial<SessionHeld>;
  /** Instead of the deadline, in milliseconds from now. */
  readonly deadline_ms?: (deadline_ms: number | undefined, now_ms: number) => number | undefined;
}

export interface FaultState {
  readonly life: number;
  count: number;
  readonly seen: Map<string, SessionEffect>;
}

type Send = Extract<SessionEffect, { type: 'send' }>;

export function faulty(fault: Fault, machine: Machine, life: number): Machine {
  const state: FaultState = { life, count: 0, seen: new Map() };
  let now_ms = 0;
  const through = (effects: readonly SessionEffect[]): readonly SessionEffect[] =>
    fault.effect === undefined ? effects : effects.flatMap((effect) => fault.effect?.(effect, state) ?? []);
  return {
    handle: (input, at_ms) => {
      now_ms = at_ms;
      return through(machine.handle(fault.input?.(input) ?? input, at_ms));
    },
    take: () => through(machine.take()),
    get deadline_ms() {
      const { deadline_ms } = machine;
      return fault.deadline_ms === undefined ? deadline_ms : fault.deadline_ms(deadline_ms, now_ms);
    },
    get next_stream_id() {
      return machine.next_stream_id;
    },
    nextSeq: (lane) => machine.nextSeq(lane),
    snapshot: () => fault.snapshot?.(machine.snapshot()) ?? machine.snapshot(),
    admits: (frame) => fault.admits?.(frame) ?? machine.admits(frame),
    held: () => ({ ...machine.held(), ...fault.held }),
  };
}

const messageKey = ({ stream_id, msg_seq, frag_seq, payload }: Frame): string =>
  JSON.stringify([stream_id, payload?.persona_id, payload?.clone_id, msg_seq, frag_seq]);

/** A change of the frames that are no control frames. */
function onMessages(
  change: (effect: Send, state: FaultState) => readonly SessionEffect[],
): NonNullable<Fault['effect']> {
  return (effect, state) =>
    effect.type === 'send' && !hasFlag(effect.frame, 'CTRL') ? change(effect, state) : [effect];
}

/** A change of every acknowledgement that leaves. */
function onAcks(change: (ack: WireObject) => WireObject): NonNullable<Fault['effect']> {
  return (effect) => {
    if (effect.type !== 'send') return [effect];
    const content = effect.frame.payload?.content as { readonly acks?: readonly WireObject[] } | undefined;
    if (content?.acks === undefined || effect.frame.payload === undefined) return [effect];
    const payload = { ...effect.frame.payload, content: { ...content, acks: content.acks.map(change) } };
    return [{ type: 'send', frame: { ...effect.frame, payload } }];
  };
}

/** A change of every acknowledgement that comes in. */
function onAcksRead(change: (ack: WireObject) => WireObject): NonNullable<Fault['input']> {
  return (input) => {
    if (input.type !== 'frame' || !hasFlag(input.frame, 'CTRL') || input.frame.payload === undefined) return input;
    const content = input.frame.payload.content as { readonly acks?: readonly WireObject[] } | undefined;
    if (content?.acks === undefined) return input;
    const payload = { ...input.frame.payload, content: { ...content, acks: content.acks.map(change) } };
    return { ...input, frame: { ...input.frame, payload } };
  };
}

const number = (value: unknown): number => (typeof value === 'number' ? value : 0);

export const FAULTS: readonly Fault[] = [
  {
    name: 'the sender drops what it sends again',
    effect: onMessages((effect, { seen }) => {
      const key = messageKey(effect.frame);
      if (seen.has(key)) return [];
      seen.set(key, effect);
      return [effect];
    }),
  },
  {
    name: 'the receiver hands on a message twice',
    effect: (effect, state) => {
      if (effect.type !== 'deliver') return [effect];
      state.count += 1;
      return state.count % 5 === 0 ? [effect, effect] : [effect];
    },
  },
  {
    name: 'the receiver hands on again after a restart and does not say so',
    effect: (effect) => [effect.type === 'deliver' ? { ...effect, again: false } : effect],
  },
  {
    name: 'the receiver leaves a message out',
    effect: (effect, state) => {
      if (effect.type !== 'deliver') return [effect];
      state.count += 1;
      return state.count % 5 === 0 ? [] : [effect];
    },
  },
  {
    name: 'the receiver swaps two messages',
    effect: (effect, { seen }) => {
      if (effect.type !== 'deliver') return [effect];
      const held = seen.get('held');
      seen.delete('held');
      if (held !== undefined) return [effect, held];
      if (effect.id.msg_seq % 4 !== 2) return [effect];
      seen.set('held', effect);
      return [];
    },
  },
  {
    name: 'the receiver acknowledges the next message too',
    effect: onAcks((ack) =>
      ack['credit'] === undefined ? ack : { ...ack, ack_msg_up_to: number(ack['ack_msg_up_to']) + 1 },
    ),
  },
  {
    name: 'the receiver forgets the list of failed messages',
    effect: onAcks(({ failed: _failed, ...ack }) => ack),
  },
  {
    name: 'the receiver grants more than it has room for',
    effect: onAcks((ack) => (ack['credit'] === undefined ? ack : { ...ack, credit: number(ack['credit']) + 3 })),
  },
  {
    name: 'the receiver takes credit back',
    effect: onAcks((ack) => (ack['credit'] === undefined ? ack : { ...ack, credit: number(ack['ack_msg_up_to']) })),
  },
  {
    name: 'the sender ignores the credit',
    input: onAcksRead((ack) => (ack['credit'] === undefined ? ack : { ...ack, credit: 4_000 })),
  },
  {
    name: 'the sender numbers two messages alike',
    effect: onMessages((effect) => {
      const { frame } = effect;
      return [frame.msg_seq > 2 ? { type: 'send', frame: { ...frame, msg_seq: frame.msg_seq - 1 } } : effect];
    }),
  },
  {
    name: 'the sender forgets to say that a message failed',
    effect: (effect) => (effect.type === 'failed' && effect.way === 'out' ? [] : [effect]),
  },
  {
    name: 'the sender reports a message twice',
    effect: (effect) => (effect.type === 'acknowledged' ? [effect, effect] : [effect]),
  },
  {
    name: 'the sender takes a failed message for delivered',
    effect: (effect) => [
      effect.type === 'failed' && effect.way === 'out'
        ? { type: 'acknowledged', id: effect.id, sent: { fragments: 1, ms: 0, sends: 1 } }
        : effect,
    ],
  },
  {
    name: 'an abort says of what was sent that it never was',
    effect: (effect) => [
      effect.type === 'failed' && effect.reason === 'reset' ? { ...effect, reason: 'expired' } : effect,
    ],
  },
  {
    name: 'a status that has failed is taken for heard',
    from_seed: 140,
    input: onAcksRead(({ failed, ...ack }) =>
      ack['stream_id'] === '0' || failed === undefined ? ack : { ...ack, failed },
    ),
  },
  {
    name: 'a changed window is not told',
    input: (input) => (input.type === 'window' ? { type: 'crowded', crowded: false } : input),
  },
  {
    name: 'a window is told with every message',
    effect: (effect, state) => {
      if (effect.type !== 'send') return [effect];
      const { frame } = effect;
      if (!hasFlag(frame, 'CTRL')) {
        const window = state.seen.get('window');
        if (window?.type !== 'send') return [effect];
        state.count += 1;
        return [{ type: 'send', frame: { ...window.frame, msg_seq: window.frame.msg_seq + state.count } }, effect];
      }
      const numbered = { type: 'send', frame: { ...frame, msg_seq: frame.msg_seq + state.count } } as const;
      if (frame.window !== undefined && !hasFlag(frame, 'SYN') && !hasFlag(frame, 'HB')) {
        state.seen.set('window', effect);
        state.count = 0;
      }
      return [numbered];
    },
  },
  {
    name: 'every loss is in doubt',
    effect: (effect) => [effect.type === 'failed' && effect.way === 'out' ? { ...effect, reason: 'in_doubt' } : effect],
  },
  {
    name: 'the receiver misses fragments before it knows how many there are',
    effect: onAcks((ack) => (ack['msg_seq'] === undefined ? ack : { ...ack, missing: [number(ack['ack_up_to']) + 1] })),
  },
  {
    name: 'the server takes any token',
    admits: () => true,
    effect: (effect) => [effect],
  },
  {
    name: 'the server gives the same token again and again',
    effect: (effect, { seen }) => {
      const content = effect.type === 'send' ? (effect.frame.payload?.content as WireObject | undefined) : undefined;
      if (effect.type !== 'send' || content?.['resume_token'] === undefined || effect.frame.payload === undefined)
        return [effect];
      const first = (seen.get('answer') ?? effect) as Send;
      seen.set('answer', first);
      const { resume_token } = (first.frame.payload?.content ?? {}) as WireObject;
      const payload = { ...effect.frame.payload, content: { ...content, resume_token } };
      return [{ type: 'send', frame: { ...effect.frame, payload } }];
    },
  },
  {
    name: 'a closed session keeps memory',
    held: { messages: 1, bytes: 1 },
  },
  {
    name: 'the outbox has no limit',
    held: { messages: 1, bytes: 1_000_000 },
  },
  {
    name: 'the lanes of the other end have no limit',
    held: { lanes: 1_000 },
  },
  {
    name: 'a frame may leave out as many messages as it likes',
    held: { gaps: 1_000 },
  },
  {
    name: 'nonces are never forgotten',
    held: { nonces: 100_000 },
  },
  {
    name: 'a timer that is due at once, always',
    deadline_ms: (deadline_ms, now_ms) => (deadline_ms === undefined ? undefined : now_ms),
  },
  {
    name: 'heartbeats thirty times as often',
    effect: (effect, state) => {
      if (effect.type !== 'send' || !hasFlag(effect.frame, 'CTRL')) return [effect];
      const again = hasFlag(effect.frame, 'HB') ? 30 : 1;
      return Array.from({ length: again }, (_, i) => {
        const msg_seq = effect.frame.msg_seq + state.count;
        if (i + 1 < again) state.count += 1;
        return { type: 'send', frame: { ...effect.frame, msg_seq } };
      });
    },
  },
  {
    name: 'a timer that is forgotten',
    deadline_ms: (deadline_ms, now_ms) => (now_ms > 20_000 ? undefined : deadline_ms),
  },
  {
    name: 'the receiver goes on after an abort',
    effect: (effect, { seen }) => {
      if (effect.type === 'deliver') seen.set(effect.id.lane.stream_id, effect);
      if (effect.type !== 'stream_closed') return [effect];
      const last = seen.get(effect.stream_id);
      if (last?.type !== 'deliver') return [effect];
      return [effect, { ...last, id: { ...last.id, msg_seq: last.id.msg_seq + 1 } }];
    },
  },
];
