import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { Child } from '../child.ts';
import { freePort, untilAnswers } from '../http.ts';
import { CHAT_PATH, type MissingTarget, type RunningTarget, type TargetContext } from '../target.ts';

/** nginx often lives in a folder that only root has on its PATH. */
export function findNginx(): string | undefined {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin'];
  return folders.map((folder) => join(folder, 'nginx')).find((file) => existsSync(file));
}

/** Starts nginx in the foreground under a prefix of its own; it neither reads nor writes anything of the system. */
export async function startNginx(context: TargetContext): Promise<RunningTarget | MissingTarget> {
  const binary = findNginx();
  if (binary === undefined) return { name: 'nginx', missing: 'nginx is not installed' };
  const port = await freePort();
  const template = readFileSync(join(context.root, 'bench', 'targets', 'nginx.conf'), 'utf8');
  const values: Readonly<Record<string, string>> = {
    prefix: context.folder,
    port: String(port),
    upstream: context.upstream,
    // As root, workers would otherwise become a user that cannot enter the temporary folder.
    user: process.getuid?.() === 0 ? 'user root;' : '',
  };
  const file = join(context.folder, 'nginx.conf');
  writeFileSync(
    file,
    template.replace(/\{\{(\w+)\}\}/g, (_whole, name: string) => values[name] ?? ''),
  );
  const child = new Child([...context.prefix, binary, '-p', context.folder, '-e', 'stderr', '-c', file]);
  child.drain();
  // The upstream knows no such path: its 404 says that both are there.
  await untilAnswers(child, `http://127.0.0.1:${port}/v1/none`, 404);
  return {
    name: 'nginx',
    pid: child.pid,
    command: 'nginx -c bench/targets/nginx.conf',
    url: (body) => `http://127.0.0.1:${port}${body === 'stream' ? '/unbuffered' : ''}${CHAT_PATH}`,
    headers: [],
    stderr: () => child.stderr,
    stop: () => child.stop(),
  };
}
