import type { Command } from 'commander';
import type { ServeOptions } from '../serve/options.ts';
import { WORKERS_MAX } from '../serve/role.ts';
import { type Cli, folder, integer } from './context.ts';

const PORT_MAX = 65_535;

export function addServe(program: Command, cli: Cli): void {
  program
    .command('serve')
    .description('start the router; without a file it finds providers by itself')
    .option('--config <file>', 'configuration file; atp.yaml when there is one in this folder')
    .option('--host <host>', 'address to listen on, instead of the one in the file')
    .option('--port <port>', 'port to listen on, 0 for a free one', integer(0, PORT_MAX))
    .option('--data-dir <dir>', 'folder of journal and store, instead of the one in the file', folder)
    .option(
      '--workers <n>',
      'processes that share the port, instead of the number in the file',
      integer(1, WORKERS_MAX),
    )
    .option('--json', 'say where it listens as one line of JSON, and log in JSON')
    .action(async (options: ServeOptions) => {
      const { serve } = await import('../serve/serve.ts');
      cli.exit(await serve(options, cli.terminal));
    });
}
