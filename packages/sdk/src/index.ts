export { Agent } from './agent.ts';
export type * from './agent-types.ts';
export { ask } from './ask.ts';
export { AtpClient } from './client.ts';
export * from './errors.ts';
export {
  type AbortLike,
  type BodyLike,
  type ReplyLike,
  type Runtime,
  type SocketLike,
  systemRuntime,
} from './runtime.ts';
export type { Task } from './task.ts';
export type * from './types.ts';
