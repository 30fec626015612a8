import { CHAT_PATH, type RunningTarget, type TargetContext } from '../target.ts';

/** The upstream itself. Its process belongs to the run, so there is nothing to stop. */
export async function startDirect(context: TargetContext): Promise<RunningTarget> {
  return {
    name: 'direct',
    pid: context.upstream_pid,
    command: '(the upstream itself)',
    url: () => `http://${context.upstream}${CHAT_PATH}`,
    headers: [],
    stderr: () => '',
    stop: async () => undefined,
  };
}
