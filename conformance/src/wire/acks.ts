import {
  type Digests,
  encodeCbor,
  type Frame,
  laneOf,
  type MessageId,
  Reassembler,
  type ReassemblyEffect,
  splitFrame,
} from '@atp-router/wire';
import { CUTS, policyOf } from './fragments.ts';

/** How the fragments of a message arrive: their indexes, in order; `damaged` is one whose piece was changed on the way. */
interface Arrival {
  readonly name: string;
  order(count: number): readonly Step[];
}

type Step = number | { readonly damaged: number };

const upTo = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

const ARRIVALS: readonly Arrival[] = [
  { name: 'in order', order: upTo },
  { name: 'backwards', order: (count) => upTo(count).reverse() },
  { name: 'the last one first, each one twice', order: (count) => [count - 1, ...upTo(count)].flatMap((i) => [i, i]) },
  { name: 'the second one lost, and sent again', order: (count) => [...upTo(count).filter((i) => i !== 1), 1] },
  {
    name: 'the second one damaged, and sent again',
    order: (count) =>
      upTo(count)
        .flatMap((i): readonly Step[] => (i === 1 ? [{ damaged: 1 }] : [i]))
        .concat(1),
  },
];

/** Sequences of acknowledgements: what a receiver says after each fragment. */
export function ackVectors(digests: Digests): readonly object[] {
  return CUTS.flatMap((cut) => {
    const parts = splitFrame(cut.frame, digests, policyOf(cut));
    return parts.length < 3 ? [] : ARRIVALS.map((arrival) => sequence(cut.name, arrival, parts, digests));
  });
}

function sequence(message: string, { name, order }: Arrival, parts: readonly Frame[], digests: Digests): object {
  const reassembler = new Reassembler(digests);
  const [first] = parts;
  if (first === undefined) throw new Error(`${message}: no fragments`);
  const id: MessageId = { lane: laneOf(first), msg_seq: first.msg_seq };
  const steps = order(parts.length).map((step) => {
    const index = typeof step === 'number' ? step : step.damaged;
    const frame = typeof step === 'number' ? parts[index] : damaged(parts[index]);
    if (frame === undefined) throw new Error(`${message}: no fragment ${index}`);
    const frame_bytes = encodeCbor(frame).length;
    const effects = reassembler.handle({ type: 'fragment', frame, frame_bytes, now_ms: 0 });
    return {
      frag_seq: index,
      ...(typeof step !== 'number' && { damaged_cbor_hex: Buffer.from(encodeCbor(frame)).toString('hex') }),
      outcome: effects.at(-1)?.type ?? 'nothing',
      ...acknowledged(reassembler, id, effects),
    };
  });
  if (steps.filter(({ outcome }) => outcome === 'complete').length !== 1)
    throw new Error(`${message}, ${name}: not complete once`);
  return { message, arrival: name, steps };
}

/** The same frame with the first byte or character of its piece changed. */
function damaged(frame: Frame | undefined): Frame | undefined {
  const { payload } = frame ?? {};
  const content = payload?.content;
  if (frame === undefined || payload === undefined) return undefined;
  if (content instanceof Uint8Array) {
    return { ...frame, payload: { ...payload, content: content.map((byte, i) => (i === 0 ? byte ^ 1 : byte)) } };
  }
  return { ...frame, payload: { ...payload, content: `~${[...String(content)].slice(1).join('')}` } };
}

/** Of an open message: what an acknowledgement says. `missing` is there once the last fragment is (W57), or for a bad one (W58). */
function acknowledged(reassembler: Reassembler, id: MessageId, effects: readonly ReassemblyEffect[]): object {
  const ack_up_to = reassembler.ackUpTo(id);
  const bad = effects.flatMap((effect) => (effect.type === 'bad_fragment' ? [effect.frag_seq] : []));
  const missing = reassembler.missing(id) ?? (bad.length > 0 ? bad : undefined);
  return {
    ...(ack_up_to !== undefined && ack_up_to >= 0 && { ack_up_to }),
    ...(missing !== undefined && { missing }),
  };
}
