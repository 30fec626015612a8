export type * from './contract.ts';
export { NO_COUNTS, type SessionCounts } from './core.ts';
export { type FirstFrame, judgeFirstFrame, refusalFrame } from './handshake/first.ts';
export { agentWindow, type PeerStatus, smallerWindow } from './status.ts';
export { SESSION_LIMITS, type SessionLimits } from './limits.ts';
export type { SessionOptions, SessionPorts, Signing } from './options.ts';
export { Session } from './session.ts';
export { isMainLane, mainLane, SESSION_LANE, SESSION_STREAM } from './streams/numbers.ts';
export type { SessionHeld, SessionView } from './view.ts';
