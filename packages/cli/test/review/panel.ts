import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { atp, type Outcome } from '../support/terminal.ts';
import { Workplace } from '../support/workplace.ts';
import { Repository } from './repository.ts';
import { type Question, type Script, type Upstream, upstream } from './upstream.ts';

const BEFORE = `export function mean(values) {
  let sum = 0;
  for (let i = 0; i < values.length; i += 1) sum += values[i];
  return sum / values.length;
}
`;
export const AFTER: string = BEFORE.replace('i < values', 'i <= values');
const BUG_LINE = 3;

export const bug: Readonly<Record<string, unknown>> = {
  type: 'off_by_one',
  severity: 'high',
  file: 'src/mean.js',
  span: { start_line: BUG_LINE, end_line: BUG_LINE },
  claim: 'The loop reads one value beyond the end, so the mean of any list is NaN.',
  evidence: [{ file: 'src/mean.js', span: { start_line: 3, end_line: 3 }, quote: 'i <= values.length' }],
  proposed_fix: 'i < values.length',
  confidence: 0.9,
};
const invented = {
  type: 'sql_injection',
  severity: 'critical',
  file: 'src/database.js',
  span: { start_line: 40, end_line: 41 },
  claim: 'A query is put together from what a user types.',
  evidence: [{ file: 'src/database.js', span: { start_line: 40, end_line: 40 }, quote: 'query(`SELECT ${name}`)' }],
  confidence: 0.8,
};

export const listOf = (...findings: readonly object[]): string => JSON.stringify({ findings });

/** Two of five find the bug, one invents one. */
export const PANEL: Script = ({ system }) => {
  if (system.includes('for correctness')) return `Here it is:\n\`\`\`json\n${listOf(bug)}\n\`\`\``;
  if (system.includes('their tests'))
    return listOf({ ...bug, claim: 'The loop reads one value beyond the end.', confidence: 0.7 });
  return system.includes('for security') ? listOf(invented) : listOf();
};

export function repositoryWithBug(): Repository {
  const repository = new Repository();
  repository.write('src/mean.js', BEFORE);
  repository.commit('first');
  repository.write('src/mean.js', AFTER);
  return repository;
}

export const EXAMPLE: string = readFileSync(join(import.meta.dirname, '../../../../examples/review.yaml'), 'utf8');

/** The personas and policies of the example, over the provider of the test. */
export function configOf(base_url: string): string {
  return `listen: { port: 0 }
providers: [{ id: up, type: openai, base_url: "${base_url}", api_key: k, retry: { max_attempts: 1 } }]
models:
  - { id: sol, provider: up, context: 100000, price: { in_usd_per_mtok: 1, out_usd_per_mtok: 2 } }
  - { id: sonnet, provider: up, context: 100000, price: { in_usd_per_mtok: 1, out_usd_per_mtok: 2 } }
tenants: [{ id: acme, budget: { usd_per_day: 50 } }]
${EXAMPLE.slice(EXAMPLE.indexOf('\npersonas:')).trimEnd()}
  - { id: chain, fallback: [sol] }
`;
}

export type Reviewed = Outcome & { readonly asked: readonly Question[]; readonly repository: Repository };

/** A scripted provider, a router that runs over it, and somebody who has a repository reviewed. */
export class Panel {
  readonly up: Upstream;
  readonly at: Workplace;

  private constructor(up: Upstream) {
    this.up = up;
    this.at = new Workplace(configOf(up.base_url));
  }

  static async start(): Promise<Panel> {
    const panel = new Panel(await upstream());
    await panel.at.start();
    panel.at.key = String((await panel.at.data('keys', 'create', '--tenant', 'acme'))['key']);
    return panel;
  }

  async close(): Promise<void> {
    await this.at.close();
    this.up.close();
  }

  /** A review through the router that runs. */
  async reviewed(
    script: Script,
    args: readonly string[] = [],
    repository: Repository = repositoryWithBug(),
  ): Promise<Reviewed> {
    const { url, key } = this.at;
    const env = { ATP_URL: url, ATP_API_KEY: key, HOME: repository.path };
    return played(this.up, script, repository, () => atp(['review', ...args], { cwd: repository.path, env }));
  }
}

/** A review with a router of its own. */
export async function reviewedAlone(
  up: Upstream,
  script: Script,
  config: string,
  args: readonly string[] = [],
): Promise<Reviewed> {
  const repository = repositoryWithBug();
  repository.write('.git/atp.yaml', config);
  const all = ['review', '--config', '.git/atp.yaml', ...args];
  return played(up, script, repository, () => atp(all, { cwd: repository.path, env: { HOME: repository.path } }));
}

async function played(
  up: Upstream,
  script: Script,
  repository: Repository,
  run: () => Promise<Outcome>,
): Promise<Reviewed> {
  up.play(script);
  const outcome = await run();
  return { ...outcome, asked: [...up.asked], repository };
}
