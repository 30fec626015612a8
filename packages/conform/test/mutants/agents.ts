import type { Frame } from '@atp-router/wire';
import { KEY, OTHER_KEY } from '../reference/server.ts';
import { contentOf, is, mutant, type Mutant, omit, withContent } from './mutant.ts';

const isOf = (frame: Frame, type: string): boolean => frame.payload?.type === type;
/** On a stream that the server opened. */
const isWork = ({ stream_id }: Frame): boolean => stream_id !== '0' && Number(stream_id) % 2 === 0;
const numberOf = (frame: Frame, name: string): number => Number(contentOf(frame)[name]);

/** What the client says with other members in its content. */
const hears = (type: string, change: (content: Record<string, unknown>) => Record<string, unknown>) => {
  return {
    in: (frame: Frame): Frame =>
      isOf(frame, type) && typeof frame.payload?.content === 'object'
        ? withContent(frame, change(contentOf(frame)))
        : frame,
  };
};

export const AGENTS: readonly Mutant[] = [
  mutant('A1', 'takes another agent of a session for the first one', {
    in: (frame, { memory }) => {
      if (!isOf(frame, 'adapter.capability')) return frame;
      const first = memory.get('name') ?? contentOf(frame)['adapter_id'];
      memory.set('name', first);
      return withContent(frame, { ...contentOf(frame), adapter_id: first });
    },
  }),
  mutant('A2', 'does not say whom its refusal is for', {
    out: (frame) =>
      isOf(frame, 'error') && frame.stream_id === '0' && !is(frame, 'CTRL')
        ? withContent(frame, omit(contentOf(frame), 'details'))
        : frame,
  }),
  mutant('A3', 'takes the tenants for one', { request: (text) => text.replace(OTHER_KEY, KEY) }),
  mutant('A4', 'gives everything to the first instance', {}, { agents: { picks: 'first' } }),
  mutant('A5', 'does not say where the call has been', {
    out: (frame) =>
      isOf(frame, 'adapter.estimate_request') ? { ...frame, meta: omit({ ...frame.meta }, 'via') } : frame,
  }),
  mutant(
    'A6',
    'takes an estimate of nothing',
    hears('adapter.estimate', (content) => (content['in_tokens'] === 0 ? { ...content, in_tokens: 1 } : content)),
  ),
  mutant('A7', 'gives the work whatever it will need', {
    in: (frame) =>
      isOf(frame, 'adapter.estimate') && numberOf(frame, 'out_tokens') > 1_000_000
        ? withContent(frame, { ...contentOf(frame), out_tokens: 1 })
        : frame,
  }),
  mutant('A9', 'does not look at the numbers of chunks', {
    in: (frame) => {
      if (!isWork(frame) || frame.payload?.seq === undefined) return frame;
      const { seq: _seq, ...payload } = frame.payload;
      return { ...frame, payload };
    },
  }),
  mutant(
    'A10',
    'takes anything for a result',
    hears('agent.result.final', (content) => ({ text: 'whatever', ...content })),
  ),
  mutant('A11', 'waits for a silent agent', {}, { agents: { idle_ms: 600_000 } }),
  mutant('A12', 'lets agents work for nobody', {
    out: (frame) => (isWork(frame) && is(frame, 'RST') && contentOf(frame)['code'] === 'EPREEMPT' ? undefined : frame),
  }),
  mutant('A13', 'says again what has reached the client', {}, { agents: { repeats: true } }),
  mutant(
    'A14',
    'does not know how many tokens an agent takes',
    hears('control.status', (content) => omit(content, 'suggested_window')),
  ),
  mutant(
    'A15',
    'gives work to agents that are down',
    hears('adapter.health', (content) => ({ ...content, status: 'ok' })),
  ),
  mutant('A16', 'forgives everything', {}, { agents: { strikes: Number.POSITIVE_INFINITY } }),
  mutant('A17', 'takes what an agent says for its own decision', {
    out: (frame) => {
      const { details } = contentOf(frame) as { readonly details?: Record<string, unknown> };
      if (!isOf(frame, 'error') || details?.['origin'] !== 'remote') return frame;
      return withContent(frame, { ...contentOf(frame), details: { ...details, origin: 'local' } });
    },
  }),
  mutant(
    'S25',
    'gives work to agents that are busy',
    hears('control.status', (content) => (content['status'] === 'BUSY' ? { ...content, status: 'READY' } : content)),
  ),
];
