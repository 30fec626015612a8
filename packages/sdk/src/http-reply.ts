import type { ReplyLike } from './runtime.ts';

/** The body of a reply. Throws when it is larger than `bytes_max`. */
export async function bytesOf({ body }: ReplyLike, bytes_max: number): Promise<Uint8Array<ArrayBuffer>> {
  const pieces: Uint8Array[] = [];
  let length = 0;
  const reader = body?.getReader();
  for (;;) {
    const { value } = (await reader?.read()) ?? {};
    if (value === undefined) break;
    length += value.length;
    if (length > bytes_max) {
      await reader?.cancel();
      throw new RangeError(`A reply is larger than ${bytes_max} bytes.`);
    }
    pieces.push(value);
  }
  const whole = new Uint8Array(length);
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}

/** What a reply that refuses says: a router's own words, or its status where something on the way has answered. */
export function refusalOf(status: number, body: Uint8Array): string {
  try {
    const { error } = JSON.parse(new TextDecoder().decode(body)) as { readonly error?: { readonly message?: unknown } };
    if (typeof error?.message === 'string') return error.message;
  } catch {
    // Whatever it is, it says nothing to a program.
  }
  return `The answer has the status ${status}.`;
}

/** The words of what was thrown, with those of its cause: those of `fetch` alone do not say why. */
export function wordsOf(thrown: unknown): string {
  if (!(thrown instanceof Error)) return String(thrown);
  return thrown.cause instanceof Error ? `${thrown.message}: ${thrown.cause.message}` : thrown.message;
}
