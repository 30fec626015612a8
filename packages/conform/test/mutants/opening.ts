import type { Frame } from '@atp-router/wire';
import { contentOf, eachAck, is, mutant, type Mutant, omit, refuse, withContent } from './mutant.ts';

const isAnswer = (frame: Frame): boolean => is(frame, 'SYN', 'ACK');

export const OPENING: readonly Mutant[] = [
  mutant('S5', 'takes no token in the hello', {
    in: (frame) =>
      frame.payload?.type === 'control.hello' ? withContent(frame, omit(contentOf(frame), 'token')) : frame,
  }),
  mutant('S6', 'does not say its interval', {
    out: (frame) => (is(frame, 'SYN', 'ACK') ? withContent(frame, omit(contentOf(frame), 'interval_s')) : frame),
  }),
  mutant('S7', 'refuses encodings that it does not have with another code', {
    out: (frame) =>
      /encoding in common/.test(String(contentOf(frame)['reason']))
        ? withContent(frame, { ...contentOf(frame), code: 'ECFG' })
        : frame,
  }),
  mutant('S46', 'wants to be offered an encoding', {
    in: (frame, link) =>
      frame.payload?.type === 'control.hello' && contentOf(frame)['encodings'] === undefined
        ? refuse(frame, link)
        : frame,
  }),
  mutant('S47', 'grants what it does not know', {
    out: (frame) => (isAnswer(frame) ? withContent(frame, { ...contentOf(frame), features: ['resume'] }) : frame),
  }),
  mutant('S8', 'gives less credit than it says that it has room for', {
    out: (frame) => eachAck(frame, (ack) => ({ ...ack, credit: 3 })),
  }),
];
