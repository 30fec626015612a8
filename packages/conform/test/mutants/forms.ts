import { encodeJson, type Frame } from '@atp-router/wire';
import type { Alteration } from '../reference/between.ts';
import { contentOf, is, mutant, type Mutant, omit, refuse, withContent } from './mutant.ts';

type Plain = Record<string, unknown> & { payload?: Record<string, unknown> };

/** Mends what comes in JSON before the server sees it: the server takes what it must refuse. */
const mending = (mend: (text: string, frame: Plain) => string | Plain): Alteration => ({
  rawIn: ({ kind, data }) => {
    if (kind === 'binary') return undefined;
    const text = data.toString();
    let frame: Plain = {};
    try {
      frame = JSON.parse(text) as Plain;
    } catch {
      // Some mutants mend the text.
    }
    const mended = mend(text, frame);
    return typeof mended === 'string' ? mended : JSON.stringify(mended);
  },
});

/** Refuses what the server behind it would take. */
const refusing = (wrong: (frame: Frame, text: string) => boolean): Alteration => ({
  in: (frame, link) => (wrong(frame, encodeJson(frame)) ? refuse(frame, link) : frame),
});

/** The same, told by the text that came. */
const refusingText = (wrong: RegExp | ((text: string) => boolean)): Alteration => ({
  rawIn: ({ data }, link) => {
    const text = data.toString();
    if (!(wrong instanceof RegExp ? wrong.test(text) : wrong(text))) return undefined;
    refuse({ v: 1, session_id: 'unknown-session-id', stream_id: '1', msg_seq: 0 }, link);
    return '';
  },
  in: (frame) => frame,
});

const payload = (frame: Plain, more: object): Plain => ({ ...frame, payload: { ...frame.payload, ...more } });

export const FORMS: readonly Mutant[] = [
  mutant('W1', 'gives its messages a tier that is none', {
    rawOut: ({ data }) =>
      data.toString().replace('"payload":{"type":"agent.log"', '"qos":"urgent","payload":{"type":"agent.log"'),
  }),
  mutant(
    'W2',
    'takes frames without a number for the first',
    mending((_text, frame) => ({ msg_seq: 0, ...frame })),
  ),
  mutant(
    'W3',
    'takes null for absent',
    mending((text, frame) => (frame['meta'] === null ? { ...frame, meta: {} } : text)),
  ),
  mutant(
    'W4',
    'refuses what is written out with its default',
    refusing((frame) => frame.frag_seq === 0),
  ),
  mutant('W5', 'calls another major a value', {
    out: (frame) =>
      is(frame, 'RST') ? withContent(frame, { ...contentOf(frame), details: { fault: 'value' } }) : frame,
  }),
  mutant(
    'W6',
    'refuses members that it does not know',
    refusing((_frame, text) => text.includes('"x_unknown"')),
  ),
  mutant(
    'W8',
    'takes a signature without its nonce',
    mending((text, frame) =>
      frame['sig'] !== undefined && frame['nonce'] === undefined ? (omit(frame, 'sig') as Plain) : text,
    ),
  ),
  mutant(
    'W9',
    'takes numbers beyond 2^53',
    mending((text) => text.replace(/9007199254740992/, '1').replace('1e300', '1')),
  ),
  mutant(
    'W10',
    'takes half a surrogate pair',
    mending((text) => text.replaceAll(/\\ud800|\\udc00/g, '?').replace(/\?\\ude00/, '?')),
  ),
  mutant(
    'W12',
    'refuses flags that it does not know',
    refusing((frame) => is(frame, 'FLAG-OF-LATER')),
  ),
  mutant('W14', 'takes an absent limit of a window for nothing', {
    in: (frame) =>
      is(frame, 'SYN', 'CTRL') && frame.window !== undefined
        ? { ...frame, window: { max_parallel: 0, ...frame.window } }
        : frame,
  }),
  mutant(
    'W15',
    'takes half a micro-dollar',
    mending((text) => text.replace('"usd_micros":0.5', '"usd_micros":1')),
  ),
  mutant(
    'W16',
    'takes a dispatch without targets',
    mending((text, frame) => {
      const { content } = frame.payload ?? {};
      if (frame.payload?.['type'] !== 'agent.dispatch' || content === undefined) return text;
      return payload(frame, { content: { targets: [], ...(content as object) } });
    }),
  ),
  mutant(
    'W17',
    'refuses payload types that it does not know',
    refusing((frame) => frame.payload?.type.startsWith('x.') ?? false),
  ),
  mutant(
    'W18',
    'takes a provisional result that never expires',
    mending((text, frame) =>
      frame.payload?.['type'] === 'agent.result.provisional' ? payload(frame, { expiry_ms: 1 }) : text,
    ),
  ),
  mutant('W19', 'refuses names that are special in its language', refusingText(/"__proto__"/)),
  mutant(
    'W20',
    'takes no frame above half of what it must',
    refusingText((text) => text.length > 524_288),
  ),
  mutant('W22', 'loses the task of a frame in CBOR', {
    rawIn: () => undefined,
    in: (frame, link) => {
      if (is(frame, 'SYN', 'CTRL')) link.memory.set('cbor', encodeJson(frame).includes('["cbor"'));
      return link.memory.get('cbor') === true && frame.payload?.type === 'agent.dispatch'
        ? withContent(frame, omit(contentOf(frame), 'task'))
        : frame;
    },
  }),
  mutant('W23', 'sends JSON in binary messages', {
    rawOut: ({ kind, data }) => (kind === 'text' && !data.includes('"SYN"') ? new Uint8Array(data) : undefined),
    out: (frame) => frame,
  }),
  mutant(
    'W25',
    'takes a byte order mark',
    mending((text) => text.replace(/^\ufeff/, '')),
  ),
  mutant(
    'W26',
    'takes the first of two members',
    mending((text) => text.replace('"stream_id":"5","stream_id":"1"', '"stream_id":"5"')),
  ),
  mutant('W27', 'refuses an integer with an exponent', refusingText(/80e-1/)),
  mutant(
    'W28',
    'takes $bytes beside another member',
    mending((text) => text.replace('"AAEC","x":1', '"AAEC"')),
  ),
  mutant(
    'W29',
    'takes padding',
    mending((text) => text.replace('"AA=="', '"AA"')),
  ),
];

export const ERRORS: readonly Mutant[] = [
  mutant('W63', 'tells what it was in its reason', {
    rawIn: ({ data }, link) => {
      link.memory.set('came', data.toString());
      return undefined;
    },
    in: (frame) => frame,
    out: (frame, link) =>
      is(frame, 'RST')
        ? withContent(frame, { ...contentOf(frame), reason: `no: ${String(link.memory.get('came')).slice(-900)}` })
        : frame,
  }),
  mutant('W64', 'refuses a member of another type without saying why', {
    out: (frame) =>
      is(frame, 'RST') && JSON.stringify(contentOf(frame)).includes('"type"')
        ? (omit({ ...frame }, 'payload') as unknown as Frame)
        : frame,
  }),
  mutant('W65', 'does not name the fault', {
    out: (frame) => (is(frame, 'RST') ? withContent(frame, omit(contentOf(frame), 'details')) : frame),
  }),
];
