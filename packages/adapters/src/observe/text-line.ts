const CODES: Readonly<Record<string, string>> = {
  trace: '90',
  debug: '90',
  info: '32',
  warn: '33',
  error: '31',
  fatal: '41;97',
};
// What JSON leaves as it is and a terminal obeys: DEL, C1 controls, line separators, changes of direction.
const UNSEEN = /[\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g;
const LEVEL_CHARS = 5;
/** `HH:MM:SS.mmm` of an RFC 3339 time. */
const CLOCK_FROM = 11;
const CLOCK_TO = 23;

/** A line of the JSON log for eyes: `09:12:33.123 WARN  circuit breaker open provider=up model=small`. */
export function textLine(json: string, color: boolean): string {
  const { time, level, msg, ...fields } = JSON.parse(json) as Readonly<Record<string, unknown>>;
  const clock = String(time).slice(CLOCK_FROM, CLOCK_TO);
  const name = String(level).toUpperCase().padEnd(LEVEL_CHARS);
  const rest = Object.entries(fields).map(([key, value]) => ` ${key}=${shown(value)}`);
  if (!color) return `${clock} ${name} ${String(msg)}${rest.join('')}\n`;
  return `\u001b[90m${clock}\u001b[0m \u001b[${CODES[String(level)] ?? '0'}m${name}\u001b[0m ${String(msg)}\u001b[90m${rest.join('')}\u001b[0m\n`;
}

/** Bare where it reads well; quoted where a space or a control character could fake another field or line. */
function shown(value: unknown): string {
  if (typeof value === 'string' && /^[\w.:/@+<>-]{1,256}$/.test(value)) return value;
  return (JSON.stringify(value) ?? '').replace(
    UNSEEN,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
