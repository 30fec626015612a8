import { type Frame, Reassembler, splitFrame } from '@atp-router/wire';
import { digests, type Subject, subject } from './subjects.ts';

const HEAD = { v: 1, session_id: 's', stream_id: 't' } as const;

/** Cutting and joining a message of 1 MiB, next to what its digests alone cost. */
export function fragmentSubjects(): readonly Subject[] {
  const bytes = Uint8Array.from({ length: 1_048_576 }, (_, i) => (i * 31) & 0xff);
  const text = 'The second diff keeps the lock while it waits. '.repeat(22_310).slice(0, 1_048_576);
  const one = (name: string, run: () => number): Subject => subject('fragments', name, 'SHA-256', run);
  const joined = (frame: Frame): (() => number) => {
    const parts = splitFrame(frame, digests);
    return () => {
      const into = new Reassembler(digests);
      for (const part of parts) into.handle({ type: 'fragment', frame: part, frame_bytes: 0, now_ms: 0 });
      return into.counts.bad + into.open_messages;
    };
  };
  const message = (content: string | Uint8Array): Frame => ({
    ...HEAD,
    msg_seq: 0,
    payload: { type: 'agent.log', content },
  });
  return [
    one('SHA-256', () => digests.sha256(bytes).length),
    one('cut bytes', () => splitFrame(message(bytes), digests).length),
    one('join bytes', joined(message(bytes))),
    one('cut text', () => splitFrame(message(text), digests).length),
    one('join text', joined(message(text))),
  ];
}
