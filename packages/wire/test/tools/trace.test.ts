import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeCbor, encodeJson, type Frame, pureDigests } from '../../src/index.ts';
import { sampleFrame } from '../../src/testing/index.ts';
import {
  checkTrace,
  diffTraces,
  FINDINGS_MAX,
  isTrace,
  readTrace,
  TraceError,
  TraceRecorder,
  toHex,
} from '../../src/tools/index.ts';

const seed = fc.integer({ min: 0, max: 2 ** 31 - 1 });
const HEADER = '{"atp_trace":1}\n';
const bytesOf = (frame: Frame, encoding: 'json' | 'cbor'): Uint8Array =>
  encoding === 'cbor' ? encodeCbor(frame) : new TextEncoder().encode(encodeJson(frame));

interface Step {
  readonly dir: 'in' | 'out';
  readonly encoding: 'json' | 'cbor';
  readonly frame: Frame;
}

function traceOf(steps: readonly Step[], with_bytes = false): string {
  const recorder = new TraceRecorder(1_000, { with_bytes });
  const lines = steps.map(({ dir, encoding, frame }, i) =>
    recorder.line({ dir, conn: 'c1', encoding, bytes: bytesOf(frame, encoding), now_ms: 1_000 + i }),
  );
  return recorder.header('a test') + lines.join('');
}

const control = (msg_seq: number, type: string, content: object): Frame => ({
  ...{ v: 1, session_id: 's', stream_id: '0', msg_seq, flags: ['CTRL'] },
  payload: { type, content: content as never },
});
const rules = (text: string): string[] => checkTrace(readTrace(text), pureDigests).findings.map(({ rule }) => rule);

describe('a recorded trace', () => {
  it('has the frames that went, in either encoding', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(seed, fc.constantFrom('json' as const, 'cbor' as const)), { maxLength: 6 }),
        (list) => {
          const steps = list.map(([n, encoding]): Step => ({ dir: 'in', encoding, frame: sampleFrame(n) }));
          const plain = steps.filter(({ frame }) => !/^control\.(hello|resume)$/.test(frame.payload?.type ?? ''));
          const { header, records } = readTrace(traceOf(plain, true));
          expect(header.about).toBe('a test');
          expect(records.map((record) => ('frame' in record ? toHex(encodeCbor(record.frame)) : record.error))).toEqual(
            plain.map(({ frame }) => toHex(encodeCbor(frame))),
          );
          expect(records.map(({ entry }) => entry.t_ms)).toEqual(plain.map((_, i) => i));
        },
      ),
    );
  });

  it('keeps no token, whole or in pieces', () => {
    const secret = 'atp_secret_token';
    const piece = { type: 'control.hello', content: secret, checksum: `sha256:${'0'.repeat(64)}` };
    const text = traceOf(
      [
        control(0, 'control.hello', { token: secret, resume_token: secret, task: 'x' }),
        control(1, 'control.resume', { token: secret }),
        { ...control(2, 'x', {}), frag_seq: 1, payload: piece },
      ].map((frame) => ({ dir: 'out', encoding: 'json', frame })),
      true,
    );
    expect(text).not.toContain(secret);
    expect(text).not.toContain(toHex(new TextEncoder().encode(secret)));
    expect(readTrace(text).records.map(({ entry }) => entry.redacted)).toEqual([
      ['payload.content.token', 'payload.content.resume_token'],
      ['payload.content.token'],
      ['payload.content'],
    ]);
  });

  it('keeps bytes that are no frame, with the fault', () => {
    const recorder = new TraceRecorder(0);
    const line = recorder.line({ dir: 'in', conn: 'c', encoding: 'cbor', bytes: Uint8Array.of(0xa1), now_ms: 5 });
    expect(JSON.parse(line)).toEqual({
      ...{ t_ms: 5, dir: 'in', conn: 'c', encoding: 'cbor', bytes: 1, hex: 'a1', fault: 'truncated' },
    });
    expect(rules(HEADER + line)).toEqual(['W30']);
    expect(rules(HEADER + line.replace('truncated', 'syntax'))).toEqual(['W30']);
  });
});

const LINE = '"t_ms":0,"dir":"in","conn":"c","encoding":"json"';
const FRAME = '{"v":1,"session_id":"s","stream_id":"0","msg_seq":0}';

describe('a file that is no trace', () => {
  it.each([
    ['nothing', '', 1],
    ['a frame', FRAME, 1],
    ['another edition', '{"atp_trace":2}', 1],
    ['a line that is no JSON', `${HEADER}{`, 2],
    ['a line that is a list', `${HEADER}[]`, 2],
    ['neither frame nor bytes', `${HEADER}{${LINE}}`, 2],
    ['another direction', `${HEADER}{${LINE.replace('"in"', '"up"')},"frame":${FRAME}}`, 2],
    ['a time below zero', `${HEADER}{${LINE.replace('0', '-1')},"frame":${FRAME}}`, 2],
    ['hex in upper case', `${HEADER}\n{${LINE},"hex":"A0"}`, 3],
    ['a connection without a name', `${HEADER}{${LINE.replace('"c"', '""')},"frame":${FRAME}}`, 2],
    ['a redaction that is a text', `${HEADER}{${LINE},"frame":${FRAME},"redacted":"x"}`, 2],
  ])('%s is told with its line', (_name, text, line) => {
    expect(() => readTrace(text)).toThrow(TraceError);
    expect(() => readTrace(text)).toThrow(`line ${line}: `);
  });

  it('is told from a trace by its beginning', () => {
    expect([isTrace(HEADER), isTrace(' {"atp_trace" :1}'), isTrace(FRAME), isTrace('')]).toEqual([
      true,
      true,
      false,
      false,
    ]);
  });
});

describe('judging a trace', () => {
  it('ends with findings, whatever the frames are', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(seed, fc.boolean()), { maxLength: 20 }), (list) => {
        const steps = list.map(([n, is_in]): Step => {
          const flags = n % 3 === 0 ? ['SYN', 'CTRL'] : n % 3 === 1 ? ['CTRL', 'RST'] : undefined;
          const frame = { ...sampleFrame(n), session_id: 's', msg_seq: n % 5, ...(flags && { flags }) };
          return { dir: is_in ? 'in' : 'out', encoding: 'cbor', frame };
        });
        const report = checkTrace(readTrace(traceOf(steps, true)), pureDigests);
        expect(report.frames).toBe(steps.length);
        for (const { rule, line } of report.findings) {
          expect(rule).toMatch(/^[SW]\d+$/);
          expect(line).toBeLessThanOrEqual(steps.length + 1);
        }
      }),
    );
  });

  it('of a damaged file ends with findings, or with the line that is none', () => {
    const whole = traceOf(
      Array.from(
        { length: 8 },
        (_, n): Step => ({ dir: 'in', encoding: n % 2 === 0 ? 'cbor' : 'json', frame: sampleFrame(n) }),
      ),
      true,
    );
    const damage = fc.tuple(
      fc.nat({ max: whole.length }),
      fc.nat({ max: 8 }),
      fc.constantFrom('', '0', '"', '{}', 'null', '\n'),
    );
    fc.assert(
      fc.property(damage, ([at, length, by]) => {
        const text = whole.slice(0, at) + by + whole.slice(at + length);
        try {
          checkTrace(readTrace(text), pureDigests);
        } catch (error) {
          expect(error).toBeInstanceOf(TraceError);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('takes what was withdrawn for sent', () => {
    const message = (msg_seq: number): Step => ({
      ...{ dir: 'out', encoding: 'json' },
      frame: { v: 1, session_id: 's', stream_id: '1', msg_seq, payload: { type: 'agent.log' } },
    });
    const withdrawn = control(0, 'control.ack', { acks: [{ stream_id: '1', withdrawn: [1] }] });
    expect(rules(traceOf([message(0), message(2)]))).toEqual(['W13']);
    expect(rules(traceOf([message(0), message(2), { dir: 'out', encoding: 'json', frame: withdrawn }]))).toEqual([]);
  });

  it('lets each connection be opened with acknowledgements of its own', () => {
    const resume = (msg_seq: number, up_to: number): Step => ({
      ...{ dir: 'out', encoding: 'json' },
      frame: {
        ...control(msg_seq, 'control.resume', { token: 't', acks: [{ ack_msg_up_to: up_to }] }),
        flags: ['SYN', 'CTRL'],
      },
    });
    const text = traceOf([resume(4, 1), resume(5, 2)]);
    expect(rules(text)).toEqual(['S5']);
    expect(rules(text.replace(/"conn":"c1"(?![\s\S]*"conn")/, '"conn":"c2"'))).toEqual([]);
  });

  it('is bounded in what it finds', () => {
    const line = `{${LINE},"hex":"a0"}\n`;
    expect(rules(HEADER + line.repeat(FINDINGS_MAX + 10))).toHaveLength(FINDINGS_MAX);
  });

  it('goes by the numbers of control frames, which may overtake each other', () => {
    const ack = (n: number, up_to: number): Step => ({
      ...{ dir: 'in', encoding: 'json' },
      frame: control(n, 'control.ack', { acks: [{ stream_id: '1', ack_msg_up_to: up_to }] }),
    });
    expect(rules(traceOf([ack(5, 1), ack(7, 3), ack(6, 2)]))).toEqual([]);
    expect(rules(traceOf([ack(5, 1), ack(7, 3), ack(6, 4)]))).toEqual(['S17']);
    expect(rules(traceOf([ack(5, 3), ack(6, 1)]))).toEqual(['S17']);
  });

  it('does not miss what came before the trace began', () => {
    const message = (msg_seq: number): Step => ({
      ...{ dir: 'in', encoding: 'json' },
      frame: { v: 1, session_id: 's', stream_id: '1', msg_seq, payload: { type: 'agent.log' } },
    });
    expect(rules(traceOf([message(7), message(8)]))).toEqual([]);
    expect(rules(traceOf([message(7), message(9)]))).toEqual(['W13']);
  });

  it('sees a wrong size, a wrong checksum and a wrong digest', () => {
    const frame: Frame = { v: 1, session_id: 's', stream_id: '1', msg_seq: 0 };
    const wrong = `sha256:${'0'.repeat(64)}`;
    const step = (one: Frame): Step => ({ dir: 'in', encoding: 'cbor', frame: one });
    expect(rules(traceOf([step({ ...frame, checksum: wrong })]))).toEqual(['W43']);
    const payload = { type: 'agent.log', content: 'x', checksum: wrong };
    expect(rules(traceOf([step({ ...frame, payload })]))).toEqual(['W49']);
    expect(rules(traceOf([step(frame)]).replace(/"bytes":\d+/, '"bytes":3'))).toEqual(['W30']);
  });

  it('refuses JSON beside bytes that is another frame', () => {
    const text = traceOf(
      [{ dir: 'in', encoding: 'cbor', frame: { v: 1, session_id: 's', stream_id: '1', msg_seq: 0 } }],
      true,
    );
    expect(rules(text)).toEqual([]);
    expect(rules(text.replace('"msg_seq":0', '"msg_seq":1'))).toEqual(['W3']);
    expect(rules(text.replace('"cbor"', '"json"'))).toEqual(['W25']);
  });

  it('finds a nonce that was used before', () => {
    const frame = (msg_seq: number): Frame => ({
      ...{ v: 1, session_id: 's', stream_id: '1', msg_seq, nonce: 'n', ts: 1, kid: 'k', sig: 'A'.repeat(43) },
    });
    expect(rules(traceOf([0, 1].map((n) => ({ dir: 'in', encoding: 'json', frame: frame(n) }))))).toEqual(['S36']);
  });
});

describe('differences of traces', () => {
  const message = (msg_seq: number, content: string, encoding: Step['encoding'] = 'json'): Step => ({
    ...{ dir: 'out', encoding },
    frame: { v: 1, session_id: 's', stream_id: '1', msg_seq, payload: { type: 'agent.log', content } },
  });
  const types = (left: readonly Step[], right: readonly Step[]): string[] =>
    diffTraces(readTrace(traceOf(left)), readTrace(traceOf(right))).map(({ type }) => type);

  it('are none in other encodings and at other times', () => {
    const left = [message(0, 'x'), message(1, 'y')];
    const right = traceOf([message(0, 'x', 'cbor'), message(1, 'y', 'cbor')]).replaceAll('"t_ms":', '"t_ms":9');
    expect(diffTraces(readTrace(traceOf(left)), readTrace(right))).toEqual([]);
  });

  it('are frames that are other, missing, added, repeated or in another order', () => {
    const both = [message(0, 'x'), message(1, 'y')];
    expect(types(both, [message(0, 'x'), message(1, 'z')])).toEqual(['frame']);
    expect(types(both, [message(0, 'x')])).toEqual(['only_left']);
    expect(types(both, [...both, message(2, 'z')])).toEqual(['only_right']);
    expect(types(both, [...both, message(1, 'y')])).toEqual(['only_right']);
    expect(types(both, [message(1, 'y'), message(0, 'x')])).toEqual(['order']);
  });
});
