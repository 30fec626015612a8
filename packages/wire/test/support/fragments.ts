import { randomInt, type Rng } from '@atp-router/kernel';
import {
  encodeCbor,
  type Frame,
  type FragmentPolicy,
  type Payload,
  type ReassemblyEffect,
  type Reassembler,
  splitFrame,
  type WireValue,
} from '../../src/index.ts';
import { digests } from './digests.ts';
import { BARE } from './frames.ts';

const sizes = { text_bytes: 16, binary_bytes: 32 };
/** Small enough for a sentence to become several fragments. */
export const TINY: FragmentPolicy = { gold: sizes, silver: sizes, bronze: sizes };
export const TEXT = 'Twelve ☃ snowmen walk into a 😀 bar and order ünïcode.';
/** Of a message of the bare frame. */
export const ID = { lane: { stream_id: 't', persona_id: '', clone_id: '' }, msg_seq: 0 };

export function message(content: WireValue, more: Partial<Frame> = {}, payload: Partial<Payload> = {}): Frame {
  return { ...BARE, ...more, payload: { type: 'agent.log', content, ...payload } };
}

export function split(frame: Frame, policy: FragmentPolicy = TINY): readonly Frame[] {
  return splitFrame(frame, digests, policy);
}

export function feed(into: Reassembler, frame: Frame, now_ms = 0): readonly ReassemblyEffect[] {
  return into.handle({ type: 'fragment', frame, frame_bytes: encodeCbor(frame).length, now_ms });
}

export function kinds(effects: readonly ReassemblyEffect[]): string[] {
  return effects.map(({ type }) => type);
}

export function shuffled<T>(rng: Rng, list: readonly T[]): T[] {
  const left = [...list];
  return list.map(() => left.splice(randomInt(rng, 0, left.length - 1), 1)[0] as T);
}
