// Apart from what reads and writes them: the command line names them without loading that.

/** How frames may be handed in; `auto` finds out. */
export const FORMS = ['auto', 'json', 'cbor', 'hex', 'base64', 'stream'] as const;
export type Form = (typeof FORMS)[number];

/** What frames are written in: `canonical` is canonical JSON (W48); the canonical form of the protocol is its CBOR. */
export const TARGETS = ['cbor', 'json', 'canonical'] as const;
export type Target = (typeof TARGETS)[number];

/** How what was written is spelled. */
export const SPELLINGS = ['hex', 'base64', 'raw'] as const;
export type Spelling = (typeof SPELLINGS)[number];
