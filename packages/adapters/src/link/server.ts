import { createServer } from 'node:net';
import { listenOnPath } from '../unix-socket.ts';
import { linkProblem, otherVersion } from './errors.ts';
import { LINK_PROTOCOL, type LinkFrame } from './frame.ts';
import { LINK_LIMITS, type LinkLimits } from './limits.ts';
import { Link } from './link.ts';
import type { LinkHandlers, LinkServer, LinkServerOptions } from './types.ts';

/**
 * Takes links from other processes of this user at a Unix socket. Rejects with `config_invalid` when another process
 * listens there, or the path cannot be used.
 */
export async function listenForLinks(options: LinkServerOptions): Promise<LinkServer> {
  const { path, onProblem } = options;
  const limits: LinkLimits = { ...LINK_LIMITS, ...options.limits };
  const links = new Set<Link>();
  let onIdle: (() => void) | undefined;
  const server = createServer((socket) => {
    const link: Link = new Link(socket, {
      ...options,
      limits,
      onGreeting: (frame) => greet(link, frame, options),
      onGone: () => {
        links.delete(link);
        if (links.size === 0) onIdle?.();
      },
    });
    links.add(link);
  });
  server.maxConnections = limits.links;
  server.on('drop', () => onProblem(linkProblem(path, `takes no more than ${limits.links} connections`)));
  await listenOnPath(server, path);
  // Out of file descriptors: that client comes again.
  server.on('error', (cause) => onProblem(linkProblem(path, 'could not take a connection', cause)));
  const stop = async (): Promise<void> => {
    const stopped = new Promise<void>((resolve) => server.close(() => resolve()));
    // Its sockets are closed a moment before those who use them know.
    const idle = new Promise<void>((resolve) => {
      onIdle = resolve;
      if (links.size === 0) resolve();
    });
    for (const link of links) link.close();
    await Promise.all([stopped, idle]);
  };
  let stopping: Promise<void> | undefined;
  return {
    close: () => {
      stopping ??= stop();
      return stopping;
    },
  };
}

function greet(link: Link, hello: LinkFrame, options: LinkServerOptions): void {
  if (hello.type !== 'hello') {
    link.cut(`is cut: the other process sent "${hello.type}" and not "hello" first`);
    return;
  }
  let handlers: LinkHandlers | { readonly refuse: string };
  try {
    const theirs = { protocol: hello.id, version: hello.kind };
    const refuse = otherVersion(theirs, { protocol: LINK_PROTOCOL, version: options.version }, options.path);
    handlers = refuse === undefined ? options.onPeer(link, hello.body) : { refuse };
  } catch (cause) {
    link.cut('is cut, as this process failed at the hello of the other one', cause);
    return;
  }
  if ('refuse' in handlers) {
    link.greet({ type: 'refusal', id: 0, kind: handlers.refuse, body: undefined });
    link.close();
  } else {
    link.greet({ type: 'welcome', id: LINK_PROTOCOL, kind: options.version, body: undefined });
    link.open(handlers);
  }
}
