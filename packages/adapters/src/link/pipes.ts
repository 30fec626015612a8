import { connect, createServer } from 'node:net';
import { listenOnPath } from '../unix-socket.ts';
import { linkProblem, otherVersion } from './errors.ts';
import { LINK_PROTOCOL, type LinkFrame } from './frame.ts';
import { LINK_LIMITS, type LinkLimits } from './limits.ts';
import { SocketPipe } from './pipe.ts';
import type { Pipe, PipeClientOptions, PipeServer, PipeServerOptions } from './pipe-types.ts';

/**
 * Begins a conversation with the process that listens at the path. What is sent before it is there waits. Throws
 * `internal_error` when the hello cannot be put into a frame.
 */
export function openPipe(options: PipeClientOptions): Pipe {
  const { path, version, hello, handlers, onProblem } = options;
  const pipe = new SocketPipe(connect(path), {
    ...options,
    limits: { ...LINK_LIMITS, ...options.limits },
    onGreeting: () => undefined,
    onGone: () => undefined,
  });
  pipe.open({
    onMessage: (kind, body) => {
      if (kind === REFUSED) onProblem(linkProblem(path, `is refused: ${String(body)}`));
      else handlers.onMessage(kind, body);
    },
    onDrain: () => handlers.onDrain(),
    onGone: () => handlers.onGone(),
  });
  try {
    pipe.write({ type: 'hello', id: LINK_PROTOCOL, kind: version, body: hello });
  } catch (error) {
    pipe.destroy();
    throw error;
  }
  return pipe;
}

/** A message that no user of a pipe can send: their kinds are words. */
const REFUSED = '';

/**
 * Takes conversations from other processes of this user at a Unix socket. Rejects with `config_invalid` when another process
 * listens there, or the path cannot be used.
 */
export async function listenForPipes(options: PipeServerOptions): Promise<PipeServer> {
  const { path, onProblem } = options;
  const limits: LinkLimits = { ...LINK_LIMITS, ...options.limits };
  const pipes = new Set<SocketPipe>();
  const server = createServer((socket) => {
    const pipe: SocketPipe = new SocketPipe(socket, {
      ...options,
      limits,
      onGreeting: (frame) => greet(pipe, frame, options),
      onGone: () => pipes.delete(pipe),
    });
    pipes.add(pipe);
  });
  server.maxConnections = limits.questions;
  server.on('drop', () => onProblem(linkProblem(path, `takes no more than ${limits.questions} conversations`)));
  await listenOnPath(server, path);
  // Out of file descriptors: that one is gone for whoever began it.
  server.on('error', (cause) => onProblem(linkProblem(path, 'could not take a connection', cause)));
  return {
    close: () => {
      for (const pipe of pipes) pipe.destroy();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

function greet(pipe: SocketPipe, { type, id, kind, body }: LinkFrame, options: PipeServerOptions): void {
  const { path, version, onPipe, onProblem } = options;
  if (type !== 'hello') {
    pipe.destroy();
    onProblem(linkProblem(path, `is cut: the other process sent "${type}" and not "hello" first`));
    return;
  }
  const refusal = otherVersion({ protocol: id, version: kind }, { protocol: LINK_PROTOCOL, version }, path);
  if (refusal !== undefined) {
    pipe.send(REFUSED, refusal);
    pipe.end();
    return;
  }
  try {
    pipe.open(onPipe(pipe, body));
  } catch (cause) {
    pipe.destroy();
    onProblem(linkProblem(path, 'is cut, as this process failed at the hello of the other one', cause));
  }
}
