import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { randomInt, type Rng, seededRng } from '@atp-router/kernel';
import { Ajv2020 } from 'ajv/dist/2020.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  canonicalJson,
  decodeCbor,
  decodeJson,
  encodeCbor,
  encodeJson,
  frameSchema,
  isFrameError,
} from '../src/index.ts';
import { sampleFrame } from '../src/testing/index.ts';

const validate = new Ajv2020({ strict: false, allErrors: false }).compile(frameSchema());

/** The verdict of the decoder on a value that JSON can hold: the fault, or nothing. */
function verdict(value: unknown): string | undefined {
  try {
    decodeJson(JSON.stringify(value));
    return undefined;
  } catch (error) {
    if (!isFrameError(error)) throw error;
    return error.fault;
  }
}

const JUNK: readonly unknown[] = [
  ...[
    null,
    true,
    '',
    'x',
    'x'.repeat(129),
    '😀'.repeat(128),
    'x'.repeat(2_000),
    0,
    -1,
    1,
    0.5,
    1.5,
    256,
    2 ** 53,
    -(2 ** 53),
    1e7 + 1,
  ],
  ...[
    [],
    [''],
    ['x'],
    [1],
    {},
    { $bytes: 'AAAA' },
    { $bytes: 'AA==' },
    { $bytes: 'AB' },
    { $bytes: 'AAAA', x: 1 },
    { x: { $bytes: 1 } },
  ],
  ...[
    ['MORE'],
    ['FRAG'],
    ['FRAG', 'LAST'],
    'gold',
    'error',
    'agent.dispatch',
    'control.window_update',
    'agent.result.provisional',
  ],
  ...[{ code: 'EPROTO', reason: '' }, { acks: [] }, { in: 1, out: 1 }, { in: 1 }, { root: 'x', bytes: 0 }],
];

/** The value with one node put in the place of another, taken out, or put in. */
function broken(rng: Rng, value: unknown): unknown {
  const copy: unknown = structuredClone(value);
  const places: { readonly of: Record<string, unknown>; readonly name: string }[] = [];
  const visit = (node: unknown): void => {
    if (typeof node !== 'object' || node === null) return;
    for (const name of Object.keys(node)) {
      places.push({ of: node as Record<string, unknown>, name });
      visit((node as Record<string, unknown>)[name]);
    }
  };
  visit(copy);
  const place = places[randomInt(rng, 0, places.length - 1)];
  if (place === undefined) return copy;
  const junk = structuredClone(JUNK[randomInt(rng, 0, JUNK.length - 1)]);
  if (rng.next() < 0.25 && !Array.isArray(place.of)) delete place.of[place.name];
  else if (rng.next() < 0.9) place.of[place.name] = junk;
  else place.of['$bytes'] = 'AAAA';
  return copy;
}

describe('the schema of frames', () => {
  it('agrees with the decoder on frames', () => {
    fc.assert(
      fc.property(fc.nat(), (seed) => {
        const value: unknown = JSON.parse(encodeJson(sampleFrame(seed)));
        expect(validate(value), JSON.stringify(validate.errors)).toBe(true);
      }),
      { seed: 1, numRuns: 500 },
    );
  });

  it('agrees with the decoder on what is wrong with frames', () => {
    let refused = 0;
    fc.assert(
      fc.property(fc.nat(), (seed) => {
        const rng = seededRng(seed);
        let value: unknown = JSON.parse(encodeJson(sampleFrame(randomInt(rng, 0, 1e6))));
        for (let left = randomInt(rng, 1, 3); left > 0; left -= 1) value = broken(rng, value);
        const fault = verdict(value);
        refused += fault === undefined ? 0 : 1;
        expect(validate(value), `${fault}: ${JSON.stringify(value)}\n${JSON.stringify(validate.errors)}`).toBe(
          fault === undefined,
        );
      }),
      { seed: 2, numRuns: 4_000 },
    );
    expect(refused).toBeGreaterThan(1_000);
  });

  it('agrees with what may be written, and so does CBOR', () => {
    fc.assert(
      fc.property(fc.nat(), (seed) => {
        const rng = seededRng(seed);
        const value = broken(rng, JSON.parse(encodeJson(sampleFrame(seed))));
        if (verdict(value) !== undefined) return;
        const frame = decodeJson(JSON.stringify(value));
        expect(canonicalJson(decodeCbor(encodeCbor(frame)))).toBe(canonicalJson(frame));
        expect(validate(JSON.parse(encodeJson(frame)))).toBe(true);
      }),
      { seed: 3, numRuns: 1_000 },
    );
  });

  it('is published as it is', () => {
    const file = join(import.meta.dirname, '../../../docs/protocol/schemas/frame.schema.json');
    expect(readFileSync(file, 'utf8'), 'npm run vectors -w conformance').toBe(
      `${JSON.stringify(frameSchema(), null, 2)}\n`,
    );
  });
});
