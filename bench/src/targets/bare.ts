import { join } from 'node:path';
import { Child } from '../child.ts';
import { CHAT_PATH, type RunningTarget, type TargetContext } from '../target.ts';

/** The baseline: `targets/bare-proxy.ts` on the Node that runs the bench. */
export async function startBare(context: TargetContext): Promise<RunningTarget> {
  const script = join(context.root, 'bench', 'targets', 'bare-proxy.ts');
  const child = new Child([...context.prefix, process.execPath, script, `http://${context.upstream}`]);
  const [, address] = await child.line(/^listening (\S+)$/);
  return {
    name: 'bare',
    pid: child.pid,
    command: 'node bench/targets/bare-proxy.ts',
    url: () => `http://${address}${CHAT_PATH}`,
    headers: [],
    stderr: () => child.stderr,
    stop: () => child.stop(),
  };
}
