import { EVENT_VERSION } from '../events.ts';
import type { Footprint } from '@atp-router/kernel';
import type { SettledCall } from '../state/sums.ts';

/** What tables have columns for of a `call.ended`; the rest stays in its text. */
export interface PlainEnd extends SettledCall {
  readonly call_id: string;
  readonly key_id: string;
}

const COUNT = '([0-9]{1,15})';
const NUMBER = '[0-9.]+';
/** Without an escape, what stands between the quotes is the text. */
const TEXT = String.raw`"([^"\\]*)"`;
const ANY = String.raw`"[^"\\]*"`;
const FLAG = '(?:true|false)';

function optional(name: string, value: string): string {
  return `(?:,"${name}":${value})?`;
}

const HEAD =
  `"call_id":${TEXT},"tenant":${TEXT},"key_id":${TEXT},"endpoint":${ANY},"requested_model":${TEXT}` +
  `${optional('policy', ANY)}${optional('agent', ANY)},"qos":${ANY}${optional('task_type', ANY)},"stream":${FLAG}` +
  `${optional('trace_id', ANY)}${optional('parent_span_id', ANY)}${optional('trace_sampled', FLAG)},"started_ms":${COUNT}`;

const USAGE =
  `{"in_tokens":${COUNT},"out_tokens":${COUNT}${optional('cached_in_tokens', COUNT)}` +
  `${optional('cache_write_tokens', COUNT)}${optional('reasoning_tokens', COUNT)}}`;

const FOOTPRINT = `${optional('energy_joules', `(${NUMBER})`)}${optional('co2e_mg', `(${NUMBER})`)}`;

const ATTEMPT =
  `{"n":${NUMBER},"turn":${NUMBER},"kind":${ANY},"model":${TEXT},"provider":${ANY},"outcome":${ANY}` +
  `${optional('error', ANY)}${optional('upstream_status', NUMBER)},"usage":${USAGE},"usage_source":${ANY},` +
  `"cost_usd_nanos":${COUNT}${optional('tools_usd_nanos', NUMBER)}${FOOTPRINT}${optional('region', ANY)}${optional('offset_ms', NUMBER)},"latency_ms":${NUMBER}${optional('ttfb_ms', NUMBER)}}`;

/**
 * The whole line of the usual end of a call, as `RecordEncoder` writes it: one attempt, no idempotency key. There is no
 * room for a member that is not named here, so what it finds is what `JSON.parse` would find, at a quarter of the cost.
 */
const PLAIN_END = new RegExp(
  `^{"v":${EVENT_VERSION},"seq":${COUNT},"ts_ms":${NUMBER},"type":"call\\.ended",${HEAD},"outcome":${TEXT}` +
    `${optional('error', ANY)},"status":${NUMBER},"attempts":\\[${ATTEMPT}\\],"cost_usd_nanos":${COUNT}${FOOTPRINT},` +
    `"latency_ms":${NUMBER}${optional('ttfb_ms', NUMBER)}}$`,
);

/** Reads a line without parsing it as JSON; `undefined` when it is not the usual end of a call, or not record `seq`. */
export function plainEnd(line: string, seq: number): PlainEnd | undefined {
  const found = PLAIN_END.exec(line);
  if (found === null || Number(found[1]) !== seq) return undefined;
  const text = (i: number): string => found[i] as string;
  const count = (i: number): number => Number(found[i] ?? 0);
  const usage = {
    in_tokens: count(9),
    out_tokens: count(10),
    cached_in_tokens: count(11),
    cache_write_tokens: count(12),
    reasoning_tokens: count(13),
  };
  return {
    call_id: text(2),
    tenant: text(3),
    key_id: text(4),
    requested_model: text(5),
    started_ms: count(6),
    outcome: text(7),
    attempts: [{ model: text(8), usage, cost_usd_nanos: count(14), ...footprint(found[15], found[16]) }],
    usage,
    cost_usd_nanos: count(17),
    ...footprint(found[18], found[19]),
  };
}

function footprint(energy_joules: string | undefined, co2e_mg: string | undefined): Footprint {
  if (energy_joules === undefined) return NOTHING_KNOWN;
  return { energy_joules: Number(energy_joules), ...(co2e_mg !== undefined && { co2e_mg: Number(co2e_mg) }) };
}

const NOTHING_KNOWN: Footprint = {};
