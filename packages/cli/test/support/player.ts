import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { parseArgs } from 'node:util';
import { openLink, type OwnerReady } from '../../src/serve/link.ts';
import { readRole } from '../../src/serve/role.ts';
import { listenToSupervisor } from '../../src/serve/signals.ts';

/**
 * Preloaded into `atp serve --workers`, plays the processes that it starts, with the real channel and signals: a worker
 * answers with its name. `PLAY` says by name what one does otherwise. The supervisor itself is left as it is.
 */
export type Plays = Readonly<Record<string, 'refuse' | 'deaf'>>;

const role = readRole(process.env, process.connected);
if (role.kind !== 'single') await play();

async function play(): Promise<never> {
  const name = process.env['ATP_PROCESS'] ?? '';
  const say = (what: string): void => void process.stdout.write(`${name} ${what}\n`);
  const plays = JSON.parse(process.env['PLAY'] ?? '{}') as Plays;
  if (plays[name] === 'refuse') {
    process.stderr.write(`atp: ${name} does not want to.\n`);
    process.exit(78);
  }
  const link = openLink(process);
  const logger = { log: () => undefined, event: () => undefined, setLevel: () => undefined, flush: () => undefined };
  const signals = listenToSupervisor(link, logger);
  signals.onHangup(() => say('reads the file again'));
  say(`began ${process.pid} ${JSON.stringify(role)}`);
  if (role.kind === 'owner') link.ready(ownerReady());
  else link.ready({ kind: 'worker', address: await serveName(name) });
  for (let reason = await signals.stop; plays[name] === 'deaf'; reason = await new Promise<string>(() => undefined))
    say(`does not hear ${reason}`);
  say(`stopped: ${await signals.stop}`);
  process.exit(0);
}

async function serveName(name: string): Promise<{ readonly host: string; readonly port: number }> {
  const options = { host: { type: 'string' }, port: { type: 'string' } } as const;
  const { values } = parseArgs({ args: process.argv.slice(2), options, strict: false });
  const { host = '', port = '' } = values as { readonly host?: string; readonly port?: string };
  const server = createServer((_req, res) => res.setHeader('connection', 'close').end(name));
  await new Promise<void>((resolve) => server.listen({ host, port: Number(port), reusePort: true }, resolve));
  return { host, port: (server.address() as AddressInfo).port };
}

function ownerReady(): OwnerReady {
  const facts = {
    version: '1.2.3',
    node_id: 'node-1',
    config: null,
    data_dir: 'data',
    providers: [],
    provider_lines: ['played'],
    tenant_lines: [],
    simulated: 'none',
    made: { key: { tenant: 'default', secret: 'atp_played' }, admin_key: true },
    keys: 1,
  } as const;
  return { kind: 'owner', facts };
}
