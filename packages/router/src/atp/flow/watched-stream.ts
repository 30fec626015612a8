import type { Payload } from '@atp-router/wire';
import type { TaskStream } from '../task-stream.ts';

/** The stream of a task, of whose end `onEnd` is told once: with its last message, or with nothing where there is none. */
export function watchedStream(stream: TaskStream, onEnd: (last: Payload | undefined) => void): TaskStream {
  let is_over = false;
  let onGone: (() => void) | undefined;
  const end = (last: Payload | undefined): void => {
    if (is_over) return;
    is_over = true;
    onEnd(last);
  };
  stream.onGone(() => {
    end(undefined);
    onGone?.();
  });
  return {
    send: (message, fin) => {
      const has_room = stream.send(message, fin);
      if (fin) end(message.payload);
      return has_room;
    },
    reset: (error) => {
      stream.reset(error);
      end(undefined);
    },
    onWritable: (run) => stream.onWritable(run),
    onGone: (run) => {
      onGone = run;
    },
  };
}
