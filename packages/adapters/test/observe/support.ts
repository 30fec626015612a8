import type { Usage } from '@atp-router/kernel';
import type { AttemptRecord, CallEnded } from '@atp-router/ledger';

/** Lines of the router's own metrics. */
export function own(text: string): string[] {
  return text.split('\n').filter((line) => /^(# (HELP|TYPE) )?atp_/.test(line));
}

export interface ReadSample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** Samples of one metric, as a scraper reads them: lines end with a line feed and nothing else. */
export function samplesOf(text: string, name: string): ReadSample[] {
  return text.split('\n').flatMap((line) => {
    const match = /^(\w+)(?:\{(.*)\})? (\S+)$/su.exec(line);
    if (match === null || match[1] !== name) return [];
    const labels = [...(match[2] ?? '').matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/gsu)];
    return [
      { labels: Object.fromEntries(labels.map(([, key, value]) => [key, unescaped(value)])), value: Number(match[3]) },
    ];
  });
}

/** The one sample of a metric with these labels; undefined when there is none. */
export function valueIn(text: string, name: string, labels: Readonly<Record<string, string>> = {}): number | undefined {
  const fits = samplesOf(text, name).filter((s) => Object.entries(labels).every(([k, v]) => s.labels[k] === v));
  if (fits.length > 1) throw new Error(`${fits.length} samples of ${name} fit`);
  return fits[0]?.value;
}

function unescaped(text: string | undefined): string {
  return (text ?? '').replace(/\\(.)/gsu, (_, char: string) => (char === 'n' ? '\n' : char));
}

export const USAGE: Usage = {
  in_tokens: 120,
  out_tokens: 80,
  cached_in_tokens: 20,
  cache_write_tokens: 10,
  reasoning_tokens: 5,
};

export function attemptOf(more: Partial<AttemptRecord> = {}): AttemptRecord {
  return {
    ...{ n: 1, turn: 1, kind: 'primary', model: 'small', provider: 'up', outcome: 'ok' },
    ...{ usage: USAGE, usage_source: 'reported', cost_usd_nanos: 1_500, offset_ms: 1.5, latency_ms: 40, ttfb_ms: 12 },
    ...more,
  };
}

export function endedOf(more: Partial<CallEnded> = {}): CallEnded {
  const attempts = more.attempts ?? [attemptOf()];
  return {
    ...{ type: 'call.ended', call_id: 'call_1', tenant: 'acme', key_id: 'k1', endpoint: 'chat.completions' },
    ...{ requested_model: 'small', qos: 'silver', stream: false, started_ms: 1_700_000_000_000, outcome: 'ok' },
    ...{ status: 200, attempts, usage: USAGE, cost_usd_nanos: 1_500, latency_ms: 60, ttfb_ms: 12 },
    ...more,
  };
}
