import { type Rng, randomInt, seededRng } from '@atp-router/kernel';
import { CONTENT_OPTIONAL, CONTENTS, PAYLOAD_TYPES } from '../fields/content-fields.ts';
import { FRAME, PAYLOAD } from '../fields/frame-fields.ts';
import type { Shape, Spec } from '../fields/spec.ts';
import { type Frame, isFragment } from '../frame.ts';
import { toBase64Url } from '../json/base64url.ts';
import { INT_MAX } from '../limits.ts';
import type { Payload } from '../payloads.ts';
import type { WireValue } from '../value.ts';

// Frames for tests, made from seeds and from the same tables as the schema: every known field turns up, and so do unknown
// ones with the names that have bitten others.

/** Names that an object treats in its own way, or that sort differently by bytes and by code units. */
const ODD_NAMES: readonly string[] = [
  '__proto__',
  'constructor',
  'toString',
  '',
  '0',
  '10',
  '2',
  'ü',
  'ﬀ',
  '😀',
  'a"b\\c',
  'x\u0000y',
];
const ODD_TEXTS: readonly string[] = [
  '',
  ' ',
  'ä ☃ 😀',
  '\u2028\u0000\u001b[0m',
  '\\ud800',
  '"',
  '$bytes',
  '𝄞'.repeat(30),
  'x'.repeat(300),
];
const ODD_NUMBERS: readonly number[] = [
  0,
  1,
  -1,
  23,
  24,
  -24,
  -25,
  255,
  256,
  65_535,
  65_536,
  2 ** 32 - 1,
  2 ** 32,
  INT_MAX,
  -INT_MAX,
];
const ODD_FLOATS: readonly number[] = [
  0.5,
  -0.1,
  1.5,
  0.1,
  1 / 3,
  2 ** -24,
  5e-324,
  65_503.5,
  3.1415927410125732,
  -4.1,
];

/** A valid frame: equal seeds give equal frames. */
export function sampleFrame(seed: number): Frame {
  return new Sampler(seededRng(seed)).frame();
}

/** A value as it may stand in `payload.content`. */
export function sampleValue(seed: number): WireValue {
  return new Sampler(seededRng(seed)).value(4);
}

export function sampleBytes(rng: Rng, length: number): Uint8Array {
  return Uint8Array.from({ length }, () => randomInt(rng, 0, 255));
}

class Sampler {
  readonly #rng: Rng;

  constructor(rng: Rng) {
    this.#rng = rng;
  }

  frame(): Frame {
    const frame = this.#object(FRAME) as unknown as Frame;
    const { payload, sig, ...rest } = frame;
    const signed = sig === undefined ? {} : { sig, nonce: this.#name(), ts: randomInt(this.#rng, 0, 2e12), kid: 'k1' };
    if (payload === undefined) return { ...rest, ...signed };
    return { ...rest, ...signed, payload: isFragment(frame) ? this.#piece(payload) : this.#payload() };
  }

  #payload(): Payload {
    const { content: _content, type: _type, ...rest } = this.#object(PAYLOAD) as unknown as Payload;
    const type = this.#maybe(0.2) ? this.#name() : this.#pick(PAYLOAD_TYPES);
    const shape = Object.hasOwn(CONTENTS, type) ? CONTENTS[type as keyof typeof CONTENTS] : undefined;
    const expiry = type === 'agent.result.provisional' ? { expiry_ms: 1_000 } : {};
    if (shape === undefined) return { type, ...rest, ...expiry, ...(this.#maybe(0.8) && { content: this.value(3) }) };
    if (CONTENT_OPTIONAL.has(type) && this.#maybe(0.3)) return { type, ...rest };
    return { ...rest, type, content: this.#object(shape) as WireValue };
  }

  #piece(payload: Payload): Payload {
    const content = this.#maybe(0.5) ? this.#text(40) : sampleBytes(this.#rng, randomInt(this.#rng, 0, 40));
    return { ...payload, content, checksum: `sha256:${'0123456789abcdef'.repeat(4)}` };
  }

  /** An object of a shape, members in random order, some of them unknown. */
  #object({ fields }: Shape): Record<string, unknown> {
    const known = Object.entries(fields).filter(([, { required }]) => required || this.#maybe(0.4));
    const members = known.map(([name, { spec }]): [string, unknown] => [name, this.#spec(spec)]);
    if (this.#maybe(0.2)) {
      for (const name of [this.#pick(ODD_NAMES), this.#name()]) {
        if (!Object.hasOwn(fields, name)) members.push([name, this.value(2)]);
      }
    }
    return Object.fromEntries(this.#maybe(0.5) ? this.#shuffled(members) : members);
  }

  #spec(spec: Spec): unknown {
    switch (spec.kind) {
      case 'int':
        return this.#int(spec.min, spec.max);
      case 'number':
        return Math.min(Math.max(this.#number(), spec.min), spec.max);
      case 'text':
        return spec.pattern === undefined ? this.#text(spec.max).padEnd(spec.min, 'x') : this.#matching(spec.max);
      case 'word':
        return this.#pick(spec.values);
      case 'flag':
        return this.#maybe(0.5);
      case 'list':
        return Array.from({ length: randomInt(this.#rng, 0, Math.min(3, spec.max)) }, () => this.#spec(spec.of));
      case 'record':
        return Object.fromEntries([this.#pick(ODD_NAMES), 'b', 'aa'].map((name) => [name, this.#spec(spec.of)]));
      case 'object':
        return this.#object(spec.shape);
      case 'either':
        return this.#spec(this.#pick(spec.of));
      case 'any':
        return this.value(2);
      case 'free_object':
        return this.#freeObject(2);
    }
  }

  /** For the two patterns that there are: a digest and a signature. */
  #matching(length: number): string {
    const bytes = sampleBytes(this.#rng, 32);
    if (length === 43) return toBase64Url(bytes);
    return `sha256:${[...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('')}`;
  }

  value(depth: number): WireValue {
    const kind = randomInt(this.#rng, 0, depth > 0 ? 8 : 5);
    if (kind === 0) return this.#text(400);
    if (kind === 1) return this.#int(-INT_MAX, INT_MAX);
    if (kind === 2) return this.#number();
    if (kind === 3) return this.#pick([true, false, null]);
    if (kind === 4) return sampleBytes(this.#rng, randomInt(this.#rng, 0, 70));
    if (kind === 5) return this.#name();
    if (kind === 6) return Array.from({ length: randomInt(this.#rng, 0, 5) }, () => this.value(depth - 1));
    return this.#freeObject(depth);
  }

  #freeObject(depth: number): { [name: string]: WireValue } {
    const names = Array.from({ length: randomInt(this.#rng, 0, 5) }, () =>
      this.#maybe(0.3) ? this.#pick(ODD_NAMES) : this.#name(),
    );
    return Object.fromEntries(names.map((name) => [name, this.value(depth - 1)]));
  }

  #int(min: number, max: number): number {
    const odd = this.#pick(ODD_NUMBERS);
    if (this.#maybe(0.7) && odd >= min && odd <= max) return odd;
    return Math.min(max, min + Math.floor(this.#rng.next() * (max - min)));
  }

  #number(): number {
    return this.#maybe(0.5) ? this.#pick(ODD_FLOATS) : this.#maybe(0.5) ? this.#rng.next() : this.#pick(ODD_NUMBERS);
  }

  #text(max: number): string {
    return [...(this.#maybe(0.5) ? this.#pick(ODD_TEXTS) : this.#name())].slice(0, max).join('');
  }

  #name(): string {
    const letters = Array.from({ length: randomInt(this.#rng, 1, 12) }, () => randomInt(this.#rng, 97, 122));
    return String.fromCharCode(...letters);
  }

  #maybe(share: number): boolean {
    return this.#rng.next() < share;
  }

  #pick<T>(from: readonly T[]): T {
    return from[randomInt(this.#rng, 0, from.length - 1)] as T;
  }

  #shuffled<T>(list: readonly T[]): T[] {
    return list
      .map((item) => ({ item, at: this.#rng.next() }))
      .sort((left, right) => left.at - right.at)
      .map(({ item }) => item);
  }
}
