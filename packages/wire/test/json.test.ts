import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeJson, encodeJson, type Frame, WIRE_LIMITS } from '../src/index.ts';
import { sampleFrame } from '../src/testing/index.ts';
import { BARE, refusal } from './support/frames.ts';

const bare = '"v":1,"session_id":"s","stream_id":"t","msg_seq":0';
const withPayload = (payload: string): string => `{${bare},"payload":${payload}}`;
const withContent = (content: string): string => withPayload(`{"type":"agent.log","content":${content}}`);
const contentOf = (text: string): unknown => decodeJson(withContent(text)).payload?.content;
const faultOf = (text: string | Uint8Array): string => refusal(() => decodeJson(text)).fault;

describe('JSON frames', () => {
  it('come back as they were written, also from bytes', () => {
    fc.assert(
      fc.property(fc.nat(), (seed) => {
        const frame = sampleFrame(seed);
        const text = encodeJson(frame);
        expect(decodeJson(text)).toEqual(frame);
        expect(decodeJson(new TextEncoder().encode(text))).toEqual(frame);
        expect(encodeJson(decodeJson(text))).toBe(text);
      }),
      { seed: 1, numRuns: 500 },
    );
  });

  it.each([
    ['no JSON', '{', 'syntax', undefined],
    ['nothing', '', 'syntax', undefined],
    ['a byte order mark', `\ufeff{${bare}}`, 'syntax', undefined],
    ['two values', `{${bare}}{}`, 'syntax', undefined],
    ['an array', '[]', 'type', ''],
    ['null', 'null', 'type', ''],
    ['no major', '{"session_id":"s"}', 'missing', 'v'],
    ['another major, whatever else is wrong', '{"v":2,"session_id":7}', 'version', 'v'],
    ['a major that is no number', '{"v":"1"}', 'type', 'v'],
    ['a field that is null', `{${bare},"ttl":null}`, 'type', 'ttl'],
    ['no session', '{"v":1,"stream_id":"t","msg_seq":0}', 'missing', 'session_id'],
    ['an empty stream', '{"v":1,"session_id":"s","stream_id":"","msg_seq":0}', 'value', 'stream_id'],
    ['a negative sequence', '{"v":1,"session_id":"s","stream_id":"t","msg_seq":-1}', 'value', 'msg_seq'],
    ['half a hop', `{${bare},"ttl":0.5}`, 'type', 'ttl'],
    ['too many hops', `{${bare},"ttl":256}`, 'value', 'ttl'],
    ['a sequence beyond 2^53', `{${bare},"frag_seq":9007199254740993}`, 'number', 'frag_seq'],
    ['an unknown tier', `{${bare},"qos":"lead"}`, 'value', 'qos'],
    ['a flag that is no text', `{${bare},"flags":[1]}`, 'type', 'flags'],
    ['a long flag', `{${bare},"flags":["${'X'.repeat(17)}"]}`, 'value', 'flags'],
    ['a window beyond its bounds', `{${bare},"window":{"max_parallel":1001}}`, 'value', 'window.max_parallel'],
    ['a signature without a key', `{${bare},"nonce":"n","ts":1,"sig":"${'A'.repeat(43)}"}`, 'missing', 'kid'],
    ['a padded signature', `{${bare},"nonce":"n","ts":1,"kid":"k","sig":"${'A'.repeat(43)}="}`, 'value', 'sig'],
    ['unused bits in a signature', `{${bare},"nonce":"n","ts":1,"kid":"k","sig":"${'A'.repeat(42)}B"}`, 'value', 'sig'],
    ['an upper-case checksum', `{${bare},"checksum":"sha256:${'A'.repeat(64)}"}`, 'value', 'checksum'],
    ['a payload without a type', withPayload('{}'), 'missing', 'payload.type'],
    [
      'a dispatch without targets',
      withPayload('{"type":"agent.dispatch","content":{"session_id":"s"}}'),
      'missing',
      'payload.content.targets',
    ],
    ['an estimate without content', withPayload('{"type":"adapter.estimate"}'), 'missing', 'payload.content'],
    [
      'a provisional result that never expires',
      withPayload('{"type":"agent.result.provisional"}'),
      'missing',
      'payload.expiry_ms',
    ],
    [
      'a fragment that is an object',
      `{${bare},"flags":["MORE"],"payload":{"type":"x","content":{},"checksum":"sha256:${'0'.repeat(64)}"}}`,
      'type',
      'payload.content',
    ],
    [
      'a fragment without a digest',
      `{${bare},"frag_seq":1,"payload":{"type":"x","content":"a"}}`,
      'missing',
      'payload.checksum',
    ],
    ['a number beyond 2^53 anywhere', withContent('[{"a":9007199254740992}]'), 'number', 'payload.content'],
    ['a number that is not finite', withContent('1e999'), 'number', 'payload.content'],
    ['half a pair in a text', withContent('"\\udc00"'), 'utf8', 'payload.content'],
    ['half a pair in a name', withContent('{"\\uD800x":1}'), 'utf8', 'payload.content'],
    ['half a pair in an unknown field', `{${bare},"x":"\\ud83d"}`, 'utf8', ''],
    [
      'half a pair in a known field',
      '{"v":1,"session_id":"\\ud83d","stream_id":"t","msg_seq":0}',
      'utf8',
      'session_id',
    ],
    ['half a pair as it is', withContent('"\ud800"'), 'utf8', undefined],
    ['padded bytes', withContent('{"$bytes":"AA=="}'), 'bytes', 'payload.content'],
    ['bytes of one character', withContent('{"$bytes":"A"}'), 'bytes', 'payload.content'],
    ['unused bits in bytes', withContent('{"$bytes":"AB"}'), 'bytes', 'payload.content'],
    ['bytes in the other alphabet', withContent('{"$bytes":"+/+/"}'), 'bytes', 'payload.content'],
    ['bytes that are no text', withContent('{"$bytes":1}'), 'bytes', 'payload.content'],
    ['bytes with company', withContent('{"$bytes":"AAAA","x":1}'), 'bytes', 'payload.content'],
    ['bytes in the place of an object', `{${bare},"meta":{"$bytes":"AAAA"}}`, 'bytes', 'meta'],
    ['a mark that an escape hides', withContent('{"\\u0024byte\\u0073":"AA=="}'), 'bytes', 'payload.content'],
  ])('%s is refused', (_name, text, fault, path) => {
    expect(refusal(() => decodeJson(text))).toEqual({ fault, path, offset: undefined });
  });

  it('are refused as bytes that are no UTF-8', () => {
    const bytes = new TextEncoder().encode(withContent('"x"'));
    bytes[bytes.indexOf(0x78)] = 0xff;
    expect(faultOf(bytes)).toBe('utf8');
  });

  it('carry bytes under a mark, wherever they stand', () => {
    const bytes = Uint8Array.of(0, 1, 2, 250, 251);
    expect(contentOf('{"$bytes":"AAEC-vs"}')).toEqual(bytes);
    expect(contentOf('[{"a":{"\\u0024bytes":"AAEC-vs"}}]')).toEqual([{ a: bytes }]);
    const frame: Frame = { ...BARE, payload: { type: 'agent.log', content: bytes } };
    expect(encodeJson(frame)).toBe(withContent('{"$bytes":"AAEC-vs"}'));
    expect(contentOf('"$bytes and \\u0024"')).toBe('$bytes and $');
  });

  it('take the last of two members of one name', () => {
    expect(decodeJson(`{${bare},"ttl":300,"ttl":3}`).ttl).toBe(3);
    expect(faultOf(`{${bare},"ttl":3,"ttl":300}`)).toBe('value');
  });

  it('keep unknown members, and what they are called harms nothing', () => {
    const text = `{${bare},"__proto__":{"ttl":1},"later":[null],"payload":{"type":"new.type","content":{"__proto__":{"x":1}},"hint":{"a":1}}}`;
    const frame = decodeJson(text);
    expect(encodeJson(frame)).toBe(text);
    expect(frame.ttl).toBeUndefined();
    expect(Object.getPrototypeOf(frame)).toBe(Object.prototype);
    expect(Object.getPrototypeOf(decodeJson(text).payload?.content)).toBe(Object.prototype);
  });

  it('are not copied where they hold no bytes', () => {
    const frame = sampleFrame(3);
    const before = structuredClone(frame);
    encodeJson(frame);
    expect(frame).toEqual(before);
  });
});

describe('limits of JSON frames', () => {
  const limits = { frame_bytes: 400, depth: 6, items: 20 };
  const fault = (text: string | Uint8Array): string => refusal(() => decodeJson(text, limits)).fault;
  const nested = (levels: number): string => withContent('['.repeat(levels) + ']'.repeat(levels));

  it('on bytes hold before anything is parsed, in bytes of UTF-8', () => {
    const fill = (char: string, bytes: number): string => {
      const head = withContent('""');
      return withContent(`"${char.repeat((bytes - head.length) / new TextEncoder().encode(char).length)}"`);
    };
    const even = 400 - ((400 - withContent('""').length) % 12);
    for (const char of ['x', 'é', '☃', '😀']) {
      expect(() => decodeJson(fill(char, even), limits)).not.toThrow();
      expect(() => decodeJson(new TextEncoder().encode(fill(char, even)), limits)).not.toThrow();
      expect(fault(fill(char, even + 12))).toBe('too_large');
      expect(fault(new TextEncoder().encode(fill(char, even + 12)))).toBe('too_large');
    }
    expect(fault('{'.repeat(401))).toBe('too_large');
  });

  it('on depth hold for whatever the engine can parse', () => {
    expect(() => decodeJson(nested(4), limits)).not.toThrow();
    expect(fault(nested(5))).toBe('too_deep');
    const deep = '['.repeat(500_000) + ']'.repeat(500_000);
    expect(faultOf(withContent(deep))).toMatch(/^(too_deep|syntax|too_large)$/);
  });

  it('on items count members and elements of the whole frame', () => {
    // Four members of the frame and its payload, two of the payload.
    const list = (count: number): string => withContent(JSON.stringify(new Array(count).fill(0)));
    expect(() => decodeJson(list(13), limits)).not.toThrow();
    expect(fault(list(14))).toBe('too_many_items');
  });

  it('hold for writing as for reading', () => {
    const frame = (content: string): Frame => ({ ...BARE, payload: { type: 'agent.log', content } });
    expect(refusal(() => encodeJson(frame('x'.repeat(400)), limits)).fault).toBe('too_large');
    expect(refusal(() => encodeJson(frame('☃'.repeat(130)), limits)).fault).toBe('too_large');
    expect(() => encodeJson(frame('☃'.repeat(90)), limits)).not.toThrow();
  });

  it('are those of the documents', () => {
    expect(WIRE_LIMITS).toEqual({ frame_bytes: 1_048_576, depth: 64, items: 65_536 });
  });
});

describe('writing JSON frames', () => {
  class Point {
    x = 1;
  }
  it.each([
    ['a date', new Date(0), 'type'],
    ['a map', new Map(), 'type'],
    ['an instance', new Point(), 'type'],
    ['a function', () => 1, 'type'],
    ['a bigint', 1n, 'type'],
    ['undefined in an array', [undefined], 'type'],
    ['other typed arrays', new Uint16Array(2), 'type'],
    ['NaN', Number.NaN, 'number'],
    ['half a pair', '\ud800', 'utf8'],
    ['the mark as a name', { $bytes: 'AAAA' }, 'bytes'],
  ])('refuses %s', (_name, content, fault) => {
    const frame = { ...BARE, payload: { type: 'agent.log', content: { deep: [content] } } } as unknown as Frame;
    expect(refusal(() => encodeJson(frame))).toEqual({ fault, path: 'payload.content', offset: undefined });
  });

  it('refuses what goes round in a circle', () => {
    const ring: unknown[] = [];
    ring.push(ring);
    const frame = { ...BARE, payload: { type: 'agent.log', content: ring } } as unknown as Frame;
    expect(refusal(() => encodeJson(frame)).fault).toBe('too_deep');
  });

  it('leaves undefined members out', () => {
    const frame = {
      ...BARE,
      ttl: undefined,
      payload: { type: 'agent.log', content: { a: undefined } },
    } as unknown as Frame;
    expect(decodeJson(encodeJson(frame))).toEqual({ ...BARE, payload: { type: 'agent.log', content: {} } });
  });

  it('takes objects without a prototype', () => {
    const content = Object.assign(Object.create(null), { a: 1 });
    expect(encodeJson({ ...BARE, payload: { type: 'agent.log', content } })).toBe(withContent('{"a":1}'));
  });
});
