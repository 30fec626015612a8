import { contentOf, eachAck, is, mutant, type Mutant, omit, withContent } from './mutant.ts';

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
  mutant('S8', 'gives less credit than it says that it has room for', {
    out: (frame) => eachAck(frame, (ack) => ({ ...ack, credit: 3 })),
  }),
];
