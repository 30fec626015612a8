export { openLink } from './client.ts';
export { fromFailure, toFailure } from './errors.ts';
export { LINK_LIMITS, type LinkLimits } from './limits.ts';
export { listenForPipes, openPipe } from './pipes.ts';
export type { Pipe, PipeHandlers, PipeServer } from './pipe-types.ts';
export { listenForLinks } from './server.ts';
export type {
  LinkClient,
  LinkClientOptions,
  LinkHandlers,
  LinkPeer,
  LinkServer,
  LinkServerOptions,
} from './types.ts';
