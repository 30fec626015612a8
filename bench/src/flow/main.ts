import { writeFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { join } from 'node:path';
import { type FlowOptions, flowOptions, USAGE } from './options.ts';
import { Suite } from './suite.ts';
import { azureTraces, mooncakeTrace, type Trace } from './traces.ts';

const REPORT = join(import.meta.dirname, '../../../docs/reports/flow.md');

function main(): void {
  const options = read();
  if (options === undefined) return;
  const lines: string[] = [];
  const print = (text: string): void => {
    lines.push(text);
    process.stdout.write(`${text}\n`);
  };
  const traces: Trace[] = [];
  if (options.azure !== undefined) traces.push(...azureTraces(options.azure));
  if (options.mooncake !== undefined) traces.push(mooncakeTrace(options.mooncake));
  const suite = new Suite(options, print);
  print(head(options, traces));
  suite.run(traces);
  const aims = suite.aims.map(
    ({ text, found, is_reached }) => `- ${is_reached ? 'reached' : 'MISSED'}: ${text}: ${found}`,
  );
  print(`## Aims\n\n${aims.join('\n')}`);
  if (options.write) writeFileSync(REPORT, `${lines.join('\n')}\n`);
}

function read(): FlowOptions | undefined {
  try {
    const options = flowOptions(process.argv.slice(2));
    if (options !== 'help') return options;
    process.stdout.write(`${USAGE}\n`);
  } catch (thrown) {
    if (!(thrown instanceof Error)) throw thrown;
    process.stderr.write(`${thrown.message}\n${USAGE}\n`);
    process.exitCode = 2;
  }
  return undefined;
}

function head(options: FlowOptions, traces: readonly Trace[]): string {
  const [load = Number.NaN] = loadavg();
  const named = traces.map(({ name, arrivals }) => `${name} (${arrivals.length.toLocaleString('en-US')} calls)`);
  return `# Flow report

- ${new Date().toISOString()}; parts ${options.parts.join(', ')}; runs of ${options.length_ms / 1_000} virtual seconds, the first sixth not counted, seed ${options.seed}
- ${named.length === 0 ? 'made arrivals, no trace given' : named.join(', ')}
- Node ${process.version}, ${cpus()[0]?.model ?? 'unknown CPU'}, ${cpus().length} cores, load ${load.toFixed(1)}
- **The fleet is simulated**, and so are tenants and tiers: see \`bench/README.md\`. Tokens are per virtual second.
`;
}

main();
