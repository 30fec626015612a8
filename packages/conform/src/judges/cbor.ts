import { encodeCborValue, type WireValue } from '@atp-router/wire';
import type { Sentence } from '../sentence.ts';
import { each, type Plain, refusing, taking } from './support.ts';

const CBOR = { hello: { encodings: ['cbor', 'json'] } };
type Entry = readonly [key: number | string | Uint8Array, value: WireValue | Uint8Array];

const hex = (text: string): Uint8Array => Buffer.from(text, 'hex');
const value = (one: WireValue | Uint8Array): Uint8Array => (one instanceof Uint8Array ? one : encodeCborValue(one));

/** A map of fewer than 24 entries, in the order in which they are given. Bytes are taken as they are. */
function map(entries: readonly Entry[]): Buffer {
  const pieces = entries.flatMap(([key, one]) => [
    typeof key === 'number' ? Uint8Array.of(key) : value(key),
    value(one),
  ]);
  return Buffer.concat([Uint8Array.of(0xa0 | entries.length), ...pieces]);
}

/** The entries of a frame that opens stream 1. */
function entries(frame: Plain, content: WireValue | Uint8Array = 'x'): readonly Entry[] {
  const payload: readonly Entry[] = [
    [0, 'agent.log'],
    [1, content],
  ];
  return [
    [0, 1],
    [1, frame['session_id'] as string],
    [2, '1'],
    [3, 0],
    [5, ['SYN']],
    [10, map(payload)],
  ];
}

const replaced = (frame: Plain, key: number, one: WireValue | Uint8Array): readonly Entry[] =>
  entries(frame).map((entry) => (entry[0] === key ? [key, one] : entry));
const saying = (bytes: string) => (frame: Plain) => map(entries(frame, hex(bytes)));
const bad = (what: string, make: (frame: Plain) => Uint8Array): ReturnType<typeof refusing> =>
  refusing(what, make, CBOR);
const good = (what: string, make: (frame: Plain) => Uint8Array): ReturnType<typeof taking> => taking(what, make, CBOR);

const w30 = each(
  good('a frame in the deterministic encoding', (frame) => map(entries(frame))),
  bad('a map that announces more than there is', (frame) => map([...entries(frame)]).subarray(0, -2)),
);

const w31 = each(
  bad('an integer of one byte more than it needs', (frame) => map(replaced(frame, 3, hex('1800')))),
  bad('a length of one byte more than it needs', saying('780141')),
  bad('an integer of eight bytes', saying('1b0000000000000001')),
);

const w32 = each(
  bad('a text without a length', saying('7f6141ff')),
  bad('a list without a length', saying('9f01ff')),
  bad('a frame without a length', (frame) => Buffer.concat([hex('bf'), map(entries(frame)).subarray(1), hex('ff')])),
);

const w33 = each(
  bad('keys that fall', (frame) => {
    const all = [...entries(frame)];
    return map([all[0], all[2], all[1], ...all.slice(3)] as Entry[]);
  }),
  bad('a key that occurs twice', (frame) => map([...entries(frame).slice(0, 4), [3, 0], ...entries(frame).slice(4)])),
  bad('a longer name before a shorter one', saying('a2626161016162 02'.replaceAll(' ', ''))),
);

const w34 = each(
  bad('a name that has a key', (frame) => map([...entries(frame), ['qos', 'gold']])),
  bad('a key that is not in the table', (frame) => map([...entries(frame), [hex('1863'), 1]])),
  good('a name that has none', (frame) => map([...entries(frame), ['x_later', 1]])),
);

const w35 = bad('a number as a key of a content', saying('a10102'));

const w36 = each(
  bad('1.0 as a float', saying('f93c00')),
  bad('1.5 in four bytes', saying('fa3fc00000')),
  bad('minus zero', saying('f98000')),
  bad('NaN', saying('f97e00')),
  bad('infinity', saying('f97c00')),
  good('1.5 in two bytes', saying('f93e00')),
);

const w37 = each(
  bad('a tag', saying('c000')),
  bad('undefined', saying('f7')),
  bad('a simple value', saying('e0')),
  bad('the name $bytes', saying('a16624627974657360')),
  good('bytes, true and null', saying('8342abcdf5f6')),
);

const w38 = bad('a byte behind the map', (frame) => Buffer.concat([map(entries(frame)), hex('00')]));

export const CBOR_SENTENCES: readonly Sentence[] = [
  { id: 'W30', level: 'L3', title: 'A frame in CBOR is one map in the deterministic encoding', judge: w30 },
  { id: 'W31', level: 'L3', title: 'Integers and lengths of CBOR have their shortest form', judge: w31 },
  { id: 'W32', level: 'L3', title: 'Lengths of CBOR are definite', judge: w32 },
  { id: 'W33', level: 'L3', title: 'Keys of a map in CBOR rise strictly', judge: w33 },
  {
    id: 'W34',
    level: 'L3',
    title: 'Members of the tables have their integer key in CBOR, all others their name',
    judge: w34,
  },
  { id: 'W35', level: 'L3', title: 'Keys of contents are text in CBOR', judge: w35 },
  { id: 'W36', level: 'L3', title: 'Numbers of CBOR have one spelling each', judge: w36 },
  { id: 'W37', level: 'L3', title: 'Tags, undefined and other simple values of CBOR do not occur', judge: w37 },
  { id: 'W38', level: 'L3', title: 'There is nothing behind the map of CBOR', judge: w38 },
];
