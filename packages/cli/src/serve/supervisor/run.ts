import { type Config, claimPort, type Logger } from '@atp-router/adapters';
import type { ExitCode } from '../../exit.ts';
import type { Terminal } from '../../terminal.ts';
import { localUrl } from '../facts.ts';
import type { ServeOptions } from '../options.ts';
import { listenForSignals } from '../signals.ts';
import { welcome } from '../welcome.ts';
import type { Program } from './children.ts';
import { type Supervisor, supervise } from './supervise.ts';

export interface SupervisedParts {
  readonly options: ServeOptions;
  /** With what the command line says over the file. */
  readonly config: Config;
  readonly logger: Logger;
  readonly terminal: Terminal;
}

/** Runs `atp serve` with several workers until a signal ends it. Throws what keeps it from starting. */
export async function runSupervisor(parts: SupervisedParts): Promise<ExitCode> {
  const { options, config, logger, terminal } = parts;
  const running: { supervisor?: Supervisor } = {};
  // Before there are children, a second signal has nothing to end but the start.
  const signals = listenForSignals(terminal, () => running.supervisor?.ask({ kind: 'stop now' }));
  const port = await claimPort(config.listen);
  const supervisor = supervise({
    workers: config.workers,
    data_dir: config.data_dir,
    grace_ms: config.shutdown.grace_ms,
    program: programOf(parts, port.port),
    logger,
    onReady: ({ facts }, { address }) => {
      port.release();
      terminal.out(welcome(facts, address, options, terminal));
      logger.log('info', 'listening', {
        url: localUrl(address, facts.tls !== undefined),
        version: facts.version,
        node_id: facts.node_id,
        config: facts.config ?? undefined,
        workers: config.workers,
      });
    },
  });
  running.supervisor = supervisor;
  signals.onHangup(() => supervisor.ask({ kind: 'hangup' }));
  void signals.stop.then((signal) => {
    logger.log('info', 'stopping', { signal });
    supervisor.ask({ kind: 'stop', signal });
  });
  const code = await supervisor.ended;
  port.release();
  logger.flush();
  return code;
}

/**
 * The program of this process. What all have to agree on is said on their command lines, so that a file which says something
 * else by now does not part one that is started again from the others.
 */
function programOf({ options, config, terminal }: SupervisedParts, port: number): Program {
  return {
    main: terminal.program,
    args: [
      'serve',
      ...(options.config === undefined ? [] : [`--config=${options.config}`]),
      ...(options.json === true ? ['--json'] : []),
      `--host=${config.listen.host}`,
      `--port=${port}`,
      `--data-dir=${config.data_dir}`,
      `--workers=${config.workers}`,
    ],
    env: terminal.env,
  };
}
