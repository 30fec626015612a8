// Numbers in few columns: at most six characters each, money seven. What is exact is in `--json`.

const SECOND_MS = 1_000;
const MINUTE_S = 60;
const HOUR_S = 3_600;
const DAY_S = 86_400;
const LONG_DAYS = 9_999;

const UNITS: readonly (readonly [at: number, unit: string])[] = [
  [1e15, 'P'],
  [1e12, 'T'],
  [1e9, 'G'],
  [1e6, 'M'],
  [1e3, 'k'],
];

/** `9999`, `12.3k`, `4.56M`. */
export function amount(n: number): string {
  const whole = Math.round(n);
  return whole < 10_000 ? String(whole) : scaled(n);
}

/** In thousands, millions and so on, with three digits. */
function scaled(n: number): string {
  const [at, unit] = UNITS.find(([from]) => n >= from * 0.9995) ?? [1, ''];
  return `${digits(n / at)}${unit}`;
}

/** Three digits: `1.23`, `12.3`, `123`. */
function digits(n: number): string {
  return n < 9.995 ? n.toFixed(2) : n < 99.95 ? n.toFixed(1) : n.toFixed(0);
}

/** Events per second: `0`, `0.25`, `12.3`, `1.20k`. */
export function rate(n: number): string {
  return n === 0 ? '0' : n < 999.5 ? digits(n) : scaled(n);
}

/** `$0.0012`, `$1.23`, `$12.3k`. */
export function dollars(usd_micros: number): string {
  const usd = usd_micros / 1e6;
  if (usd === 0) return '$0';
  if (usd < 0.01) return usd < 0.0001 ? '<$.0001' : `$${usd.toFixed(4)}`;
  return usd < 999.5 ? `$${digits(usd)}` : `$${scaled(usd)}`;
}

/** `0ms`, `250ms`, `1.25s`, `3m20s`. */
export function milliseconds(ms: number): string {
  if (ms < 999.5) return `${Math.round(ms)}ms`;
  if (ms < 59_950) return `${digits(ms / SECOND_MS)}s`;
  return seconds(ms / SECOND_MS);
}

/** `45s`, `3m20s`, `5h07m`, `12d3h`, `200d`. */
export function seconds(s: number): string {
  const whole = Math.floor(s);
  const two = (n: number): string => String(n).padStart(2, '0');
  if (whole < MINUTE_S) return `${whole}s`;
  if (whole < HOUR_S) return `${Math.floor(whole / MINUTE_S)}m${two(whole % MINUTE_S)}s`;
  if (whole < DAY_S) return `${Math.floor(whole / HOUR_S)}h${two(Math.floor((whole % HOUR_S) / MINUTE_S))}m`;
  const days = Math.floor(whole / DAY_S);
  if (days > LONG_DAYS) return `>${LONG_DAYS}d`;
  return days < 100 ? `${days}d${Math.floor((whole % DAY_S) / HOUR_S)}h` : `${days}d`;
}

/** Time of the day, UTC: `12:34:56Z`. */
export function clockTime(epoch_ms: number): string {
  return `${new Date(epoch_ms).toISOString().slice(-13, -5)}Z`;
}
