// A process with one end of a link, or both, until it is killed: `process.ts server|client|both <path>`.
import { writeSync } from 'node:fs';
import {
  holdProcess,
  type LinkHandlers,
  listenForLinks,
  openLink,
  systemClock,
  systemTimers,
} from '../../../src/index.ts';

const [role = '', path = ''] = process.argv.slice(2);
const handlers: LinkHandlers = {
  onMessage: () => undefined,
  onQuestion: (kind, body) => (kind === 'never' ? new Promise(() => undefined) : Promise.resolve(body)),
  onDown: () => undefined,
};
const common = { path, version: '1.2.3', timers: systemTimers, clock: systemClock };
const parts = { ...common, limits: { ping_ms: 200 }, onProblem: () => undefined };

if (role === 'server') {
  await listenForLinks({ ...parts, onPeer: () => handlers });
  writeSync(1, 'listening\n');
} else if (role === 'client') {
  // Between two links nothing else does.
  holdProcess();
  openLink({ ...parts, hello: () => process.pid, handlers, onUp: () => undefined, onRefused: () => undefined });
} else {
  const server = await listenForLinks({ ...parts, onPeer: () => handlers });
  await new Promise<void>((resolve) => {
    const onUp = (): void => {
      void client.peer.ask('echo', 1).then(async () => {
        // Open for longer than this process lasts, unless its end waits for nothing.
        client.peer.ask('never', 1, { timeout_ms: 600_000 }).catch(() => undefined);
        await client.close();
        await server.close();
        resolve();
      });
    };
    const client = openLink({ ...parts, hello: () => 1, handlers, onUp, onRefused: () => undefined });
  });
  writeSync(1, 'closed\n');
}
