import type { Command } from 'commander';
import { AtpCommand } from './command.ts';
import { addAgents } from './commands/agents.ts';
import { addAsk } from './commands/ask.ts';
import { addCalls } from './commands/calls.ts';
import { addConfig } from './commands/config.ts';
import { addConformance } from './commands/conformance.ts';
import { addConsensus } from './commands/consensus.ts';
import type { Cli } from './commands/context.ts';
import { addEntities } from './commands/entities.ts';
import { addEstimate } from './commands/estimate.ts';
import { addEval } from './commands/eval.ts';
import { addEvents } from './commands/events.ts';
import { addImprove } from './commands/improve.ts';
import { addJournal } from './commands/journal.ts';
import { addKeys } from './commands/keys.ts';
import { addKill } from './commands/kill.ts';
import { addModels } from './commands/models.ts';
import { addObservations } from './commands/observations.ts';
import { addReputation } from './commands/reputation.ts';
import { addCache } from './commands/cache.ts';
import { addRoute } from './commands/route.ts';
import { addSessions } from './commands/sessions.ts';
import { addProvidersCheck } from './commands/providers-check.ts';
import { addPolicy } from './commands/policy.ts';
import { addReview } from './commands/review.ts';
import { addServe } from './commands/serve.ts';
import { addStatus } from './commands/status.ts';
import { addTune } from './commands/tune.ts';
import { addTop } from './commands/top.ts';
import { addUsage } from './commands/usage.ts';
import { addWire } from './commands/wire.ts';
import { readVersion } from './version.ts';

const HELP = `
Exit codes: 0 done, 1 refused or faults found, 2 wrong usage, 3 no router answers, 4 key missing or refused,
5 done in part (a review), 70 fault of the program, 78 configuration cannot be used, 130 ended by a second signal.
What begins with - and is no option stands behind --, as in: atp sessions end -- acme -session-1
Environment: ATP_URL, ATP_ADMIN_KEY, ATP_API_KEY, ATP_AGENT_KEY, ATP_OTHER_KEY, ATP_DATA_DIR, ATP_WIRE_KEY, NO_COLOR.`;

/** All commands. What they do is loaded when one of them runs, so that `atp version` does not wait for a router. */
export function buildProgram(cli: Cli): Command {
  const { terminal } = cli;
  const program = new AtpCommand('atp')
    .description('ATP Router: the router that agent systems run on')
    .version(readVersion(), '-V, --version', 'print the version')
    .helpCommand('help [command]', 'show help for a command')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => terminal.out(text),
      writeErr: (text) => terminal.err(text),
      outputError: (text, write) => write(text.replace(/^error: /, 'atp: ')),
    })
    .showSuggestionAfterError()
    .showHelpAfterError('Add --help for what there is.')
    .addHelpText('after', HELP);
  addServe(program, cli);
  addAsk(program, cli);
  addStatus(program, cli);
  addTop(program, cli);
  addConfig(program, cli);
  addPolicy(program, cli);
  addKeys(program, cli);
  const entities = addEntities(program, cli);
  addModels(entities.models, cli);
  addProvidersCheck(entities.providers, cli);
  addAgents(program, cli);
  addKill(program, cli);
  addReputation(program, cli);
  addRoute(program, cli);
  addCache(program, cli);
  addSessions(program, cli);
  addUsage(program, cli);
  addEstimate(program, cli);
  addEvents(program, cli);
  addCalls(program, cli);
  addConsensus(program, cli);
  addObservations(program, cli);
  addImprove(program, cli);
  addJournal(program, cli);
  addTune(program, cli);
  addEval(program, cli);
  addReview(program, cli);
  addWire(program, cli);
  addConformance(program, cli);
  program
    .command('version')
    .description('print the version')
    .option('--json', 'as JSON, with the version of Node')
    .action((options: { readonly json?: boolean }) => {
      const version = readVersion();
      terminal.out(options.json === true ? `${JSON.stringify({ version, node: process.version })}\n` : `${version}\n`);
    });
  return program;
}
