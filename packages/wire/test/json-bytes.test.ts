import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeJson, encodeJson, type Frame, toBase64Url } from '../src/index.ts';
import { BARE, refusal } from './support/frames.ts';

const bare = '"v":1,"session_id":"s","stream_id":"t","msg_seq":0';
const withContent = (content: string): string => `{${bare},"payload":{"type":"agent.log","content":${content}}}`;
const contentOf = (text: string): unknown => decodeJson(withContent(text)).payload?.content;
const faultOf = (text: string): string => refusal(() => decodeJson(text)).fault;

/** Long enough to be taken out of the text before that is parsed. */
const LONG = Uint8Array.from({ length: 600 }, (_, i) => (i * 31) & 0xff);
const DIGITS = toBase64Url(LONG);
const MARK = `{"$bytes":"${DIGITS}"}`;

describe('long bytes in JSON', () => {
  it.each([
    ['alone', MARK, LONG],
    ['with bits behind them', `{"$bytes":"${DIGITS}AA"}`, Uint8Array.of(...LONG, 0)],
    ['in a list', `["{",${MARK},"$"]`, ['{', LONG, '$']],
    ['twice', `[${MARK},${MARK}]`, [LONG, LONG]],
    ['beside short ones', `[{"$bytes":""},${MARK},{"$bytes":"AAAA"}]`, [new Uint8Array(), LONG, new Uint8Array(3)]],
    ['after the mark as prose', `["$bytes",${MARK}]`, ['$bytes', LONG]],
    ['before the mark as prose', `[${MARK},"$bytes"]`, [LONG, '$bytes']],
    ['beside a hidden mark', `[${MARK},{"\\u0024bytes":""}]`, [LONG, new Uint8Array()]],
    ['with white space', `{ "$bytes" : "${DIGITS}" }`, LONG],
    ['in a text', JSON.stringify(MARK), MARK],
    ['in a name', `{${JSON.stringify(MARK)}:1}`, { [MARK]: 1 }],
  ])('are read %s', (_name, text, value) => {
    expect(contentOf(text)).toEqual(value);
  });

  it.each([
    ['padding', `{"$bytes":"${DIGITS}AA=="}`, 'bytes'],
    ['a digit too many', `{"$bytes":"${DIGITS}A"}`, 'bytes'],
    ['unused bits', `{"$bytes":"${DIGITS}AB"}`, 'bytes'],
    ['the other alphabet', `{"$bytes":"+${DIGITS.slice(1)}"}`, 'bytes'],
    ['a space', `{"$bytes":" ${DIGITS.slice(1)}"}`, 'bytes'],
    ['an escaped line break', `{"$bytes":"${DIGITS}\\n"}`, 'bytes'],
    ['a line break', `{"$bytes":"${DIGITS}\n"}`, 'syntax'],
    ['company behind', `{"$bytes":"${DIGITS}","x":1}`, 'bytes'],
    ['company before', `{"x":1,"$bytes":"${DIGITS}"}`, 'bytes'],
    ['an empty mark behind', `{"$bytes":"${DIGITS}","$bytes":1}`, 'bytes'],
    ['no end', `{"$bytes":"${DIGITS}`, 'syntax'],
    ['a text that ends before', `"{"$bytes":"${DIGITS}"}"`, 'syntax'],
    ['a text that ends within', `["{"$bytes":"${DIGITS}"]`, 'syntax'],
    ['a text in its place', `{"$bytes":"${DIGITS}"x}`, 'syntax'],
  ])('are refused with %s', (_name, text, fault) => {
    expect(faultOf(withContent(text))).toBe(fault);
  });

  it('are refused in the place of an object, and forgotten when the member comes again', () => {
    expect(faultOf(`{${bare},"meta":${MARK}}`)).toBe('bytes');
    expect(contentOf(`0,"content":${MARK},"content":1`)).toBe(1);
    expect(contentOf(`${MARK.replace('A', '=')},"content":1`)).toBe(1);
  });

  it('lead to the same as when they are not taken out, whatever is done to the text', () => {
    const text = withContent(`[{"a":${MARK}},"b"]`);
    const at = fc.oneof(fc.nat(text.length), fc.nat(90), fc.integer({ min: text.length - 12, max: text.length }));
    const put = fc.constantFrom(
      '',
      '"',
      '\\',
      '{',
      '}',
      ',',
      ':',
      '$bytes',
      '{"$bytes":"',
      '"}',
      '=',
      'A',
      '\\u0024',
      ' ',
    );
    fc.assert(
      fc.property(at, fc.nat(2), put, (from, gone, more) => {
        const damaged = text.slice(0, from) + more + text.slice(from + gone);
        // White space behind the colon keeps the mark from being found, and changes nothing else where that is no text.
        const spaced = damaged.replaceAll('{"$bytes":"', '{"$bytes": "');
        const [left, right] = [damaged, spaced].map((one) => {
          try {
            return decodeJson(one);
          } catch (error) {
            return String(error);
          }
        });
        expect(left).toEqual(right);
      }),
      { seed: 5, numRuns: 3_000 },
    );
  });

  it('are written where they stand, and nothing that looks like them is', () => {
    const content = [LONG, '{"$bytes":""}', { a: new Uint8Array(), '{"$bytes":""}': [LONG] }, '$bytes'];
    const text = encodeJson({ ...BARE, payload: { type: 'agent.log', content } });
    expect(text).toBe(
      withContent(`[${MARK},"{\\"$bytes\\":\\"\\"}",{"a":{"$bytes":""},"{\\"$bytes\\":\\"\\"}":[${MARK}]},"$bytes"]`),
    );
    expect(decodeJson(text).payload?.content).toEqual(content);
  });

  it('are refused in an array that would be written as something else', () => {
    const content = [LONG, Object.assign([], { toJSON: () => ({ $bytes: '' }) })];
    const frame = { ...BARE, payload: { type: 'agent.log', content } } as unknown as Frame;
    expect(refusal(() => encodeJson(frame)).fault).toBe('type');
  });
});
