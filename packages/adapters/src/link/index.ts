export { openLink } from './client.ts';
export { LINK_LIMITS, type LinkLimits } from './limits.ts';
export { listenForLinks } from './server.ts';
export type {
  LinkClient,
  LinkClientOptions,
  LinkHandlers,
  LinkPeer,
  LinkServer,
  LinkServerOptions,
} from './types.ts';
