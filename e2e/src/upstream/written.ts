import type { Answer } from './script.ts';
import { joined } from './shapes/shape.ts';

/** From here on a UTF-16 unit is three quarters of a token, before it one. */
const LATIN_END = 0x250;

/** The byte model by which the router counts answers, written down a second time: an error there must not be repeated here. */
function quartersOf(text: string): number {
  let quarters = 0;
  for (let i = 0; i < text.length; i += 1) quarters += text.charCodeAt(i) < LATIN_END ? 1 : 3;
  return quarters;
}

/**
 * Output tokens that a peer can have counted once each of the frames has left, those before it included. A streamed piece
 * is in a frame of its own and stands there as a JSON string. Arguments of tools are not counted: no kill run asks for any.
 */
export function writtenTokens(answer: Answer, frames: readonly string[]): number[] {
  const pieces = answer.choices.flatMap((choice) => [...(choice.thinking ?? []), ...(choice.text ?? [])]);
  let quarters = 0;
  let next = 0;
  return frames.map((frame) => {
    const piece = pieces[next];
    if (piece !== undefined && frame.includes(JSON.stringify(piece))) {
      quarters += quartersOf(piece);
      next += 1;
    }
    return Math.ceil(quarters / 4);
  });
}

/** The same for an answer that leaves in one piece. */
export function wholeTokens(answer: Answer): number {
  const text = answer.choices.map((choice) => joined(choice.thinking) + joined(choice.text)).join('');
  return Math.ceil(quartersOf(text) / 4);
}
