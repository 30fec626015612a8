import type { RouterEvent } from '@atp-router/ledger';
import { destination, type Level, pino, stdTimeFunctions } from 'pino';
import type { LogLevel } from '../config/types.ts';
import { callLevel, type LineFields, type LineLevel, lineOf } from './event-lines.ts';
import { textLine } from './text-line.ts';

export interface LogOptions {
  readonly level: LogLevel;
  /** `json`: one object a line, for programs. `text`: for eyes. */
  readonly format: 'json' | 'text';
  /** ANSI colours in `text`. */
  readonly color?: boolean;
  /** Which of several processes with one log this is: the first field of each line. */
  readonly process?: string;
  /** Where finished lines go; standard error when absent. */
  readonly sink?: LogSink;
}

/** Takes whole lines, each with its line break. */
export interface LogSink {
  write(text: string): void;
}

/** Structured log. Lines carry `time` (RFC 3339), `level`, `msg` and flat fields. */
export interface Logger {
  log(level: LineLevel, message: string, fields?: LineFields): void;
  /** Writes an event of the catalogue, if it is one that belongs into a log. */
  event(event: RouterEvent): void;
  setLevel(level: LogLevel): void;
  /** Puts out what is still buffered; for the end of the process. */
  flush(): void;
}

const STDERR = 2;

/** What may wait for a reader that has stopped reading; beyond it lines are lost, because calls must not wait for a log. */
const BUFFERED_CHARS_MAX = 1_048_576;

export function openLogger(options: LogOptions): Logger {
  const stderr = options.sink === undefined ? openStderr() : undefined;
  const sink = options.sink ?? stderr;
  const target = options.format === 'json' ? sink : textSink(sink, options.color === true);
  const settings = {
    level: options.level,
    base: options.process === undefined ? null : { process: options.process },
    timestamp: stdTimeFunctions.isoTime,
    formatters: { level: (level: string) => ({ level }) },
  };
  const log = pino(settings, target);
  const write = (level: Level, message: string, fields: LineFields = {}): void => log[level](fields, message);
  return {
    log: write,
    event(event) {
      // One for each call: nothing is made of it where nobody reads it.
      if (event.type === 'call.ended' && !log.isLevelEnabled(callLevel(event))) return;
      const line = lineOf(event);
      if (line !== undefined && log.isLevelEnabled(line.level)) write(line.level, line.message, line.fields);
    },
    setLevel(level) {
      log.level = level;
    },
    flush() {
      stderr?.flush();
    },
  };
}

/** Written in the background: a slow terminal or pipe must not hold up the process. */
function openStderr(): LogSink & { flush(): void } {
  const stream = destination({ fd: STDERR, sync: false, maxLength: BUFFERED_CHARS_MAX });
  // The reader of the log is gone (EPIPE). There is nobody to tell, and it is no reason to end.
  stream.on('error', () => undefined);
  return {
    write: (text) => void stream.write(text),
    flush() {
      try {
        stream.flushSync();
      } catch {
        // Same as above.
      }
    },
  };
}

function textSink(sink: LogSink | undefined, color: boolean): LogSink {
  return { write: (json) => sink?.write(textLine(json, color)) };
}
