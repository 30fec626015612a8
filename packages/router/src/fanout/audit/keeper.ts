import type { Sealer } from '../../engine/idempotency.ts';
import type { KeptSession } from './kept-session.ts';

/** Keeps what was said in sessions, for operators alone. */
export interface AnswerKeeper {
  /** Empty: nothing is to be kept. */
  seal(session: () => KeptSession): string;
  /** Undefined where it cannot be opened: another router sealed it with a key of its own. */
  open(sealed: string): KeptSession | undefined;
}

/** Seals as outcomes of repeated requests are. `isKept` is asked at the end of each session. */
export function answerKeeper(sealer: Sealer, isKept: () => boolean): AnswerKeeper {
  return {
    seal: (session) => (isKept() ? sealer.seal(Buffer.from(JSON.stringify(session()))) : ''),
    open(sealed) {
      let plain: Uint8Array;
      try {
        plain = sealer.open(sealed);
      } catch {
        return undefined;
      }
      // What opens was sealed by a router: it is authenticated.
      return JSON.parse(Buffer.from(plain).toString()) as KeptSession;
    },
  };
}
