import type { AddressInfo } from 'node:net';
import { ServedLog } from './log.ts';
import type { FromUpstream, ToUpstream } from './script.ts';
import { ScriptedUpstream } from './server.ts';

/** Entry of the upstream process: `main.ts <log file> [durable] [quiet]`. Controlled over the channel to its parent. */
const [path = '', ...flags] = process.argv.slice(2);
const send = (event: FromUpstream): void => {
  process.send?.(event);
};
const upstream = new ScriptedUpstream(new ServedLog(path, flags.includes('durable')), send, flags.includes('quiet'));
const server = await upstream.listen();
process.on('message', (message) => upstream.handle(message as ToUpstream));
// The parent is gone: nobody needs this process any more.
process.once('disconnect', () => process.exit(0));
send({ ev: 'listening', port: (server.address() as AddressInfo).port });
