import { describe, expect, it } from 'vitest';
import { flatbuffersOf } from '../src/wire/flatbuffers.ts';
import { FRAMES } from '../src/wire/frames.ts';
import { protobufOf } from '../src/wire/protobuf.ts';

/** All texts, numbers other than 0, `true` and bytes in a value, sorted: what must be the same whatever fields are called. */
function leaves(value: unknown): string[] {
  if (value instanceof Uint8Array) return value.length === 0 ? [] : [Buffer.from(value).toString('hex')];
  if (typeof value === 'object' && value !== null) {
    const members = Object.entries(value).filter(([name]) => name !== '$typeName');
    return members.flatMap(([, member]) => leaves(member)).sort();
  }
  return value === undefined || value === '' || value === 0 || value === false ? [] : [String(value)];
}

describe('the sample frames', () => {
  it.each(FRAMES.map(({ name, frame }) => [name, frame] as const))(
    'of %s are whole in other encodings',
    (_name, frame) => {
      for (const binary of [protobufOf(frame), flatbuffersOf(frame)]) {
        expect(leaves(binary.decode())).toEqual(leaves(frame));
        expect(Buffer.compare(binary.encode(), binary.bytes)).toBe(0);
      }
    },
  );
});
