import type { Frame } from '@atp-router/wire';
import { contentOf, is, mutant, type Mutant, omit, without, withContent } from './mutant.ts';

const isTask = (frame: Frame): boolean => frame.payload?.type === 'agent.dispatch' && 'task' in contentOf(frame);

export const TASKS: readonly Mutant[] = [
  mutant('S50', 'answers what is no task as a task', {
    in: (frame) =>
      isTask(frame) && typeof contentOf(frame)['task'] === 'string'
        ? withContent(frame, { ...contentOf(frame), task: { prompt: 'Say hello.' } })
        : frame,
  }),
  mutant('S51', 'reads nothing but the task', {
    in: (frame) => (isTask(frame) ? withContent(without(frame, 'meta'), omit(contentOf(frame), 'budget')) : frame),
  }),
  mutant('S52', 'does not count its messages', {
    out: ({ payload, ...frame }) => {
      if (payload?.seq === undefined) return { ...frame, ...(payload && { payload }) };
      const { seq: _seq, ...rest } = payload;
      return { ...frame, payload: rest };
    },
  }),
  mutant('S53', 'does not say what the error is in the catalogue', {
    out: (frame) =>
      frame.payload?.type === 'error' && !is(frame, 'CTRL')
        ? withContent(frame, omit(contentOf(frame), 'details'))
        : frame,
  }),
  mutant('S54', 'begins when the client has said FIN', {
    in: (frame) => (isTask(frame) && !is(frame, 'FIN') ? undefined : frame),
  }),
];
