import type { Frame, FragmentPolicy } from '@atp-router/wire';

/** A message, and how large its pieces may be. */
export interface Cut {
  readonly name: string;
  readonly frame: Frame;
  readonly text_bytes: number;
  readonly binary_bytes: number;
}

const HEAD = { v: 1, session_id: 's-1', stream_id: 't-1', msg_seq: 7 } as const;

export const CUTS: readonly Cut[] = [
  {
    name: 'text, between characters',
    frame: { ...HEAD, payload: { type: 'agent.result.final', content: 'Twelve ☃ snowmen and a 😀.' } },
    text_bytes: 9,
    binary_bytes: 16,
  },
  {
    name: 'text that fits is not cut',
    frame: { ...HEAD, payload: { type: 'agent.result.final', content: '123456789' } },
    text_bytes: 9,
    binary_bytes: 16,
  },
  {
    name: 'bytes, with all that the first fragment keeps',
    frame: {
      ...HEAD,
      flags: ['ECN'],
      qos: 'gold',
      ttl: 3,
      meta: { risk: 'low' },
      payload: {
        type: 'agent.log',
        content: Uint8Array.from({ length: 40 }, (_, i) => i * 6),
        confidence: 0.5,
        persona_id: 'p',
        clone_id: 'c',
        seq: 4,
      },
    },
    text_bytes: 9,
    binary_bytes: 16,
  },
  {
    name: 'an object, as JSON text',
    frame: {
      ...HEAD,
      payload: {
        type: 'tool.result',
        content: { id: 'call-1', result: { rows: [1, 2, 3], raw: Uint8Array.of(1, 2, 3) } },
      },
    },
    text_bytes: 24,
    binary_bytes: 48,
  },
];

/** Leaves of trees, as hex, from one to nine. */
export const LEAVES: readonly string[] = ['', '00', '10', '2021', '3031', '40414243', '5051525354555657', '60', 'ff'];

export function policyOf({ text_bytes, binary_bytes }: Cut): FragmentPolicy {
  const sizes = { text_bytes, binary_bytes };
  return { gold: sizes, silver: sizes, bronze: sizes };
}
