export { CLOSES, type CloseName } from './closes.ts';
export type * from './connection.ts';
export { type Credential, type FramePrincipal, KEY_SUBPROTOCOL, SUBPROTOCOL } from './credential.ts';
export { FrameStreams, type FrameStreamsOptions, type OtherStreams } from './streams.ts';
export { FrameWebSockets, type WebSocketOptions } from './websockets.ts';
