import { type Frame, type FrameError, isFrameError } from '../../src/index.ts';

export const BARE: Frame = { v: 1, session_id: 's', stream_id: 't', msg_seq: 0 };

/** The fault with which `run` refuses, and its place; fails the test when it does not refuse, or throws anything else. */
export function refusal(run: () => unknown): Pick<FrameError, 'fault' | 'offset' | 'path'> {
  let value: unknown;
  try {
    value = run();
  } catch (error) {
    if (!isFrameError(error)) throw error;
    const { fault, offset, path } = error;
    return { fault, offset, path };
  }
  throw new Error(`accepted: ${JSON.stringify(value)}`);
}

export function bytesOf(hex: string): Uint8Array {
  return Uint8Array.from(hex.replaceAll(/\s/g, '').match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}

export function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}
