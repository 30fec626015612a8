import type { Command } from 'commander';
import { CliError, EXIT } from '../exit.ts';
import { withAdmin } from '../online/api.ts';
import type { OnlineOptions } from '../online/target.ts';
import { readText } from '../read-file.ts';
import { fields } from '../print/table.ts';
import { adminPath, type Cli, integer, online, show } from './context.ts';

interface EstimateOptions extends OnlineOptions {
  readonly model: string;
  readonly maxTokens?: number;
  readonly endpoint: string;
  readonly tenant?: string;
  readonly body?: string;
}

const TOKENS_MAX = 10_000_000;

export function addEstimate(program: Command, cli: Cli): void {
  online(program.command('estimate [prompt]'))
    .description('what a request would take and cost, and where it would go; nothing is sent to a provider')
    .option('--model <name>', 'model, agent, policy:<id> or auto', 'auto')
    .option('--max-tokens <n>', 'longest answer, in tokens', integer(1, TOKENS_MAX))
    .option('--body <file>', 'a whole request body as JSON, instead of a prompt (- for standard input)')
    .option('--tenant <id>', 'tenant whose call it would be; may be left out when there is only one')
    .option('--endpoint <name>', 'shape of the body', 'chat.completions')
    .action(async (prompt: string | undefined, options: EstimateOptions) => {
      const body = await bodyOf(cli, prompt, options);
      await withAdmin(options, cli.terminal, async (api) => {
        const { endpoint, tenant } = options;
        const answer = await api.post(adminPath('estimate'), {
          ...{ endpoint, body },
          ...(tenant === undefined ? {} : { tenant }),
        });
        show(cli, options, answer, () => fields(answer));
      });
    });
}

async function bodyOf(cli: Cli, prompt: string | undefined, options: EstimateOptions): Promise<unknown> {
  if (options.body !== undefined) {
    const text = await readText(options.body, cli.terminal);
    try {
      return JSON.parse(text) as unknown;
    } catch {
      throw new CliError(EXIT.usage, `${options.body} is not JSON.`);
    }
  }
  if (prompt === undefined) throw new CliError(EXIT.usage, 'give a prompt, or a request body with --body.');
  const { model, maxTokens } = options;
  return {
    model,
    messages: [{ role: 'user', content: prompt }],
    ...(maxTokens === undefined ? {} : { max_completion_tokens: maxTokens }),
  };
}
