import type { Config, ModelConfig, ProviderConfig, runLiveSuite } from '@atp-router/adapters';
import type { ProviderCheck } from '@atp-router/router';
import type { Command } from 'commander';
import { CliError, EXIT } from '../exit.ts';
import { type Api, withAdmin } from '../online/api.ts';
import type { OnlineOptions } from '../online/target.ts';
import { table } from '../print/table.ts';
import { printable, shown } from '../print/text.ts';
import { findConfig } from '../serve/find-config.ts';
import { adminPath, type Cli, online, show } from './context.ts';

interface CheckOptions extends OnlineOptions {
  readonly config?: string;
  readonly deep?: boolean;
  readonly model?: string;
}

interface Checked extends ProviderCheck {
  readonly provider: string;
  /** Model that the suite asked, and what came of it. */
  readonly suite_model?: string;
  readonly suite?: Awaited<ReturnType<typeof runLiveSuite>>;
}

export function addProvidersCheck(providers: Command, cli: Cli): void {
  online(providers.command('check [id]'))
    .description('ask providers for their models, now: from the running router, or from here with --config or --deep')
    .option('--config <file>', 'check the providers of this file from here, without a router')
    .option('--deep', 'also run the suite that every provider has to pass; from here, and the provider bills it')
    .option('--model <name>', 'upstream model for --deep; the first chat model of the provider when absent')
    .action(async (id: string | undefined, options: CheckOptions) => {
      const here = options.config !== undefined || options.deep === true;
      const results = here
        ? await checkHere(cli, id, options)
        : await withAdmin(options, cli.terminal, (api) => checkThere(api, id));
      show(cli, options, { data: results }, () => results.map(reportText).join(''));
      if (results.some(({ ok, suite = [] }) => !ok || suite.some((one) => one.outcome === 'failed'))) {
        cli.exit(EXIT.failed);
      }
    });
}

async function checkThere(api: Api, id: string | undefined): Promise<readonly Checked[]> {
  const ids = id === undefined ? (await api.list(adminPath('providers'))).map((row) => String(row['id'])) : [id];
  const results: Checked[] = [];
  for (const provider of ids) {
    const answer = await api.post(adminPath('providers', provider, 'check'));
    results.push({ provider, ...(answer as ProviderCheck) });
  }
  return results;
}

async function checkHere(cli: Cli, id: string | undefined, options: CheckOptions): Promise<readonly Checked[]> {
  const { config } = await findConfig(options.config, cli.terminal);
  const { checkTransport, systemClock } = await import('@atp-router/adapters');
  const { checkProvider } = await import('@atp-router/router');
  const chosen = config.providers.filter((provider) => id === undefined || provider.id === id);
  if (chosen.length === 0) {
    const known = config.providers.map((provider) => provider.id).join(', ');
    throw new CliError(EXIT.usage, `there is no provider "${printable(id ?? '')}". There are: ${known}.`);
  }
  const results: Checked[] = [];
  for (const provider of chosen) {
    const names = config.models.filter((model) => model.provider === provider.id).map(upstreamName);
    const transport = checkTransport(provider, names);
    const simple = await checkProvider(provider, transport, systemClock);
    await transport.close();
    // A provider that cannot even list its models would only fail every case in turn.
    const deep = options.deep === true && simple.ok ? await checkDeep(config, provider, options) : {};
    results.push({ provider: provider.id, ...simple, ...deep });
  }
  return results;
}

async function checkDeep(
  config: Config,
  provider: ProviderConfig,
  options: CheckOptions,
): Promise<Pick<Checked, 'suite_model' | 'suite'>> {
  const own = config.models
    .filter((model) => model.provider === provider.id)
    .map((model) => ({ name: upstreamName(model), capabilities: model.capabilities }));
  const chat = own.find(({ name, capabilities }) =>
    options.model === undefined ? capabilities.includes('chat') : name === options.model,
  );
  const model = options.model ?? chat?.name;
  if (model === undefined) {
    const message = `provider "${provider.id}" has no chat model in the configuration: name one with --model.`;
    throw new CliError(EXIT.usage, message);
  }
  const embedding = own.find(({ capabilities }) => capabilities.includes('embeddings'));
  const { runLiveSuite } = await import('@atp-router/adapters');
  const suite = await runLiveSuite(provider, {
    model,
    capabilities: chat?.capabilities ?? ['chat'],
    ...(embedding === undefined ? {} : { embedding_model: embedding.name }),
  });
  return { suite_model: model, suite };
}

function upstreamName(model: ModelConfig): string {
  return model.upstream_model ?? model.id;
}

const MODELS_SHOWN_MAX = 8;

function reportText({ provider, ok, latency_ms, models = [], error, suite_model, suite }: Checked): string {
  const name = printable(provider);
  if (!ok) return `${name}: failed after ${latency_ms} ms: ${shown(error?.message)}\n`;
  const more = models.length > MODELS_SHOWN_MAX ? `, and ${models.length - MODELS_SHOWN_MAX} more` : '';
  const names = models.slice(0, MODELS_SHOWN_MAX).map(printable).join(', ');
  const head = `${name}: ok in ${latency_ms} ms, ${names === '' ? 'lists no models' : `models: ${names}`}${more}\n`;
  if (suite === undefined) return head;
  const rows = suite.map(({ name: test, outcome, reason = '' }) => ({ test, outcome, reason }));
  const cases = table(rows, [
    ['CASE', 'test'],
    ['OUTCOME', 'outcome'],
    ['REASON', 'reason'],
  ]);
  return `${head}${name}: suite with ${shown(suite_model)}\n${cases}`;
}
