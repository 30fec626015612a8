import { startProcesses } from '../processes/support/processes.ts';
import { join } from 'node:path';
import { GAUGE_RULES } from '@atp-router/adapters';
import { DEFAULT_LIMITS, ERROR_CATALOGUE, type ErrorCode } from '@atp-router/kernel';
import { describe, expect, it, test } from 'vitest';
import { startForTest } from '../admin/harness.ts';
import { fileText, quoted, rowsOf, section, table, withPart } from './document.ts';
import { has_promtool, promtool } from './promtool.ts';

const OBSERVABILITY = 'docs/operations/observability.md';
const ERRORS = 'docs/protocol/errors.md';
const HTTP = 'docs/protocol/http.md';
const RULES = ['deploy/prometheus/recording-rules.yml', 'deploy/prometheus/alert-rules.yml'];
const DASHBOARD = 'deploy/grafana/atp-router.json';

/** Every metric that a running router has, by name. */
async function metrics(): Promise<ReadonlyMap<string, { type: string; help: string; labels: readonly string[] }>> {
  const { owner, workers } = await startProcesses(1);
  const all = [await startForTest(), owner, ...workers].flatMap(({ router }) => router.metrics.registry.list());
  return new Map(all.map((info) => [info.name, info]));
}

describe('what is documented of metrics', () => {
  it('is every metric that the router has', async () => {
    const rows = [...(await metrics())].map(([name, { type, help, labels }]) => [
      `\`${name}\``,
      type,
      labels.map((label) => `\`${label}\``).join(', '),
      help,
    ]);
    const made = withPart(OBSERVABILITY, 'metrics', table(['metric', 'type', 'labels', 'meaning'], rows));
    expect(fileText(OBSERVABILITY)).toBe(made);
  });

  it('has a rule for each gauge, how those of several processes become one', async () => {
    const gauges = [...(await metrics())].filter(([, { type }]) => type === 'gauge').map(([name]) => name);
    expect(Object.keys(GAUGE_RULES).sort()).toEqual(gauges.sort());
  });

  it.each([...RULES, DASHBOARD])('%s uses metrics and labels that there are', async (path) => {
    const known = await metrics();
    const recorded = new Set(fileText(RULES[0] ?? '').match(/(?<=- record: )\S+/g));
    const free = new Set(['job', 'instance', 'le']);
    const unknown: string[] = [];
    for (const [whole, name = '', selector = ''] of fileText(path).matchAll(/\b(atp_[a-z0-9_]+)(\{[^}]*\})?/g)) {
      if ([...recorded].some((one) => one.includes(whole)) || name === 'atp_router') continue;
      const metric = known.get(name) ?? known.get(name.replace(/_(bucket|sum|count)$/, ''));
      if (metric === undefined) unknown.push(name);
      const used = [...selector.matchAll(/(\w+)\s*[=!]/g)].map((match) => match[1] ?? '');
      for (const label of used) if (!free.has(label) && metric?.labels.includes(label) !== true) unknown.push(whole);
    }
    expect(unknown).toEqual([]);
  });

  it('is what to do about every alert', () => {
    const alerts = fileText(RULES[1] ?? '').match(/(?<=- alert: )\w+/g) ?? [];
    const rows = rowsOf(section(fileText(OBSERVABILITY), '### Alerts')).map(([name]) => name?.replaceAll('`', ''));
    expect(rows.slice(1)).toEqual(alerts);
    const tested = new Set(fileText('deploy/prometheus/alert-rules.test.yml').match(/(?<=alertname: )\w+/g));
    expect(alerts.filter((name) => !tested.has(name))).toEqual([]);
  });

  test.skipIf(!has_promtool).each([
    ['check', 'config', 'prometheus.yml'],
    ['check', 'rules', 'recording-rules.yml', 'alert-rules.yml'],
    ['test', 'rules', 'alert-rules.test.yml'],
  ])('passes promtool %s %s', (...words) => {
    const cwd = join(import.meta.dirname, '../../../../deploy/prometheus');
    const { status, output } = promtool(words, { cwd });
    expect(status, output).toBe(0);
  });
});

describe('what is documented of traces and logs', () => {
  it('is every attribute of a span', () => {
    const files = ['span-attributes.ts', 'consensus-spans.ts'];
    const source = files.map((name) => fileText(`packages/adapters/src/observe/${name}`)).join('');
    const used = source.match(/(?<=')(gen_ai|atp|http|server|error)\.[a-z_.]+(?=')/g) ?? [];
    const rows = rowsOf(section(fileText(OBSERVABILITY), '## Traces')).flatMap(([names]) => quoted(names ?? ''));
    expect([...new Set(rows)].sort()).toEqual([...new Set(used)].sort());
  });

  it('is every line of the log that events make', () => {
    const source = fileText('packages/adapters/src/observe/event-lines.ts');
    const messages = [...source.matchAll(/line\([^'"`]*['"`]?\w*['"`]?[^'"`]*, ['`]([^'`$]+)/g)].map((match) =>
      match[1]?.trim(),
    );
    const rows = rowsOf(section(fileText(OBSERVABILITY), '## Logs')).flatMap(([names]) => quoted(names ?? ''));
    expect(messages.length).toBeGreaterThan(8);
    expect(messages.filter((message) => !rows.some((row) => row.startsWith(message ?? '?')))).toEqual([]);
  });
});

describe('what is documented of errors', () => {
  it('is the whole catalogue, with what to do about each', () => {
    const advice = new Map(rowsOf(fileText(ERRORS)).map((cells) => [cells[0]?.replaceAll('`', ''), cells[4] ?? '']));
    const codes = Object.keys(ERROR_CATALOGUE) as ErrorCode[];
    const rows = codes.map((code) => {
      const { status, wire, retryable } = ERROR_CATALOGUE[code];
      return [`\`${code}\``, String(status), `\`${wire}\``, retryable ? 'yes' : 'no', advice.get(code) ?? ''];
    });
    const head = ['code', 'status', 'wire', 'retry', 'what happened, what to do'];
    expect(fileText(ERRORS)).toBe(withPart(ERRORS, 'catalogue', table(head, rows)));
    expect(codes.filter((code) => (advice.get(code) ?? '').length < 20)).toEqual([]);
  });
});

describe('what is documented of the HTTP surface', () => {
  const document = fileText(HTTP);

  it('is every limit with its default', () => {
    const rows = rowsOf(section(document, '## Limits')).filter(([name]) => name?.startsWith('`'));
    const shown = Object.fromEntries(rows.map(([name, value]) => [quoted(name ?? '')[0], value?.replaceAll(',', '')]));
    expect(shown).toEqual(Object.fromEntries(Object.entries(DEFAULT_LIMITS).map(([k, v]) => [k, String(v)])));
  });

  it('is every path of the data plane', async () => {
    const { router } = await startForTest();
    const served = router.table.list().filter((route) => route.includes(' /v1/'));
    expect(served.filter((route) => !document.includes(`\`${route.replace(/:(\w+)/g, '{$1}')}\``))).toEqual([]);
  });

  it('is numbered without gaps', () => {
    const numbers = [...document.matchAll(/^\*\*H(\d+)\*\*/gm)].map((match) => Number(match[1]));
    expect(numbers).toEqual(numbers.map((_, i) => i + 1));
    expect(numbers.length).toBeGreaterThan(30);
  });

  it('names tests that there are', () => {
    const rows = rowsOf(section(document, '## Tests')).slice(1);
    const missing = rows.filter(([, path, name]) => !fileText(quoted(path ?? '')[0] ?? '').includes(`'${name}'`));
    expect(missing).toEqual([]);
    const sentences = rows.flatMap(([numbers]) => numbers?.split(', ') ?? []);
    expect(sentences.filter((number) => !document.includes(`\n**${number}** `))).toEqual([]);
    expect(rows.length).toBeGreaterThan(30);
  });
});
