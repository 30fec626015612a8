import { encodeJson, type WireErrorContent } from '@atp-router/wire';
import { idleDispatch } from '../probe/frames.ts';
import { assert } from '../probe/outcome.ts';
import type { Answered, Peer } from '../probe/peer.ts';
import type { OpenOptions, Probe } from '../probe/probe.ts';
import type { Judge } from '../sentence.ts';

/** A frame that opens stream 1, as an object that a judge spoils. */
export type Plain = Record<string, unknown> & { readonly payload: Record<string, unknown> };

export function plain(peer: Peer): Plain {
  const frame = peer.frame({ msg_seq: 0, payload: idleDispatch(peer.session_id) });
  return JSON.parse(encodeJson(frame)) as Plain;
}

type Spoil = (frame: Plain, peer: Peer) => object | string | Uint8Array;

/** Sends a message in a session of its own, and says what the server did with it. */
async function tried(probe: Probe, spoil: Spoil, options: OpenOptions): Promise<Answered> {
  const peer = await probe.open(options);
  const spoilt = spoil(plain(peer), peer);
  if (spoilt instanceof Uint8Array) peer.bytes(spoilt);
  else peer.text(typeof spoilt === 'string' ? spoilt : JSON.stringify(spoilt));
  return peer.verdict('1', 0, '3');
}

/** A frame that must be refused with `EPROTO`. Gives the error. */
export async function refuses(
  probe: Probe,
  what: string,
  spoil: Spoil,
  options: OpenOptions = {},
): Promise<WireErrorContent> {
  const answered = await tried(probe, spoil, options);
  const expected = `${what} refused with RST and EPROTO`;
  assert(answered.type === 'refused', expected, () => described(answered));
  const { error } = answered;
  assert(error?.code === 'EPROTO', expected, () => described(answered));
  return error;
}

/** A message that must be taken: it is acknowledged. */
export async function takes(probe: Probe, what: string, make: Spoil, options: OpenOptions = {}): Promise<void> {
  const answered = await tried(probe, make, options);
  assert(answered.type === 'taken', `${what} taken and acknowledged`, () => described(answered));
}

export function described(answered: Answered): string {
  switch (answered.type) {
    case 'refused':
      return `RST with ${JSON.stringify(answered.error ?? 'no error')}`;
    case 'taken':
      return 'an acknowledgement';
    case 'closed':
      return `the connection closed with ${answered.code}, and no RST`;
    case 'nothing':
      return 'neither RST nor acknowledgement';
  }
}

const TRIES = 100;
const TRY_MS = 50;

/** A stream is closed: `repeat` sends its first message again, which is acknowledged with its own number. */
export async function closed(peer: Peer, repeat: () => void): Promise<void> {
  // The server may still be saving what closed the stream.
  for (let i = 0; i < TRIES; i += 1) {
    repeat();
    const acked = await peer.maybe(({ payload }) => JSON.stringify(payload ?? {}).includes('"credit":0'), TRY_MS);
    if (acked !== undefined) return;
  }
  assert(false, 'an acknowledgement with ack_msg_up_to 0 and credit 0', 'none');
}

/** All of these, at the same time. */
export function each(...judges: readonly Judge[]): Judge {
  return async (probe) => {
    await Promise.all(judges.map((judge) => judge(probe)));
  };
}

export const refusing =
  (what: string, spoil: Spoil, options: OpenOptions = {}): Judge =>
  async (probe) =>
    void (await refuses(probe, what, spoil, options));

export const taking =
  (what: string, make: Spoil, options: OpenOptions = {}): Judge =>
  (probe) =>
    takes(probe, what, make, options);

/** With other members in the payload. */
export function payloadOf(frame: Plain, more: object): object {
  return { ...frame, payload: { ...frame.payload, ...more } };
}

/** With another content, and any type. */
export function saying(frame: Plain, type: string, content?: unknown): object {
  return { ...frame, payload: { type, ...(content !== undefined && { content }) } };
}
