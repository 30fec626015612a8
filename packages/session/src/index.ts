export type * from './contract.ts';
export { NO_COUNTS, type SessionCounts } from './core.ts';
export { type FirstFrame, judgeFirstFrame, refusalFrame } from './handshake/first.ts';
export { agentWindow, type PeerStatus, smallerWindow } from './status.ts';
export { SESSION_LIMIT_TABLE, SESSION_LIMITS, type SessionLimit, type SessionLimits } from './limits.ts';
export type { SessionOptions, SessionPorts, Signing } from './options.ts';
export { Session } from './session.ts';
export type { SessionView } from './view.ts';
