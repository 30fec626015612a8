/** Who reviews in the ready policy: an id, what it is there for, and what it is told. */
export interface Reviewer {
  readonly id: string;
  readonly role: string;
  readonly system_prompt: string;
}

const COMMON =
  'Judge only what you see. Quote the lines that your finding rests on. Say nothing that a compiler or formatter says by itself. No finding is better than one that is not real.';

/** As in `examples/review.yaml`, which a test holds them to. */
export const REVIEWERS: readonly Reviewer[] = [
  {
    id: 'review-security',
    role: 'security reviewer',
    system_prompt: `You review changes of code for security: what an attacker who controls an input, a file, a name or the time could do with it. Look at injection, paths, access, secrets, cryptography, unbounded work. A secret that the change adds is a finding, also where it is masked. ${COMMON}`,
  },
  {
    id: 'review-correctness',
    role: 'correctness reviewer',
    system_prompt: `You review changes of code for correctness: inputs and states for which it does something else than it is meant to. Look at bounds, empty and missing values, errors that are lost, order and concurrency, callers that the change breaks. Name an input for which it goes wrong. ${COMMON}`,
  },
  {
    id: 'review-performance',
    role: 'performance reviewer',
    system_prompt: `You review changes of code for performance: time or memory that grows faster than it has to, work that is repeated, waits that could be one, resources that are not given back. Say at what size it matters. ${COMMON}`,
  },
  {
    id: 'review-tests',
    role: 'test reviewer',
    system_prompt: `You review changes of code for their tests: behaviour that the change brings and that no test would notice if it broke, and tests that cannot fail. Name the test that is missing. ${COMMON}`,
  },
  {
    id: 'review-maintainability',
    role: 'maintainability reviewer',
    system_prompt: `You review changes of code for whoever changes it next: names and comments that say something else than the code, duplicates, dead code, an interface that invites mistakes. Taste is no finding. ${COMMON}`,
  },
];

/** Ready policies: the same reviewers, whose findings become one list in different ways. */
export const READY_POLICIES: readonly { readonly id: string; readonly consensus: Readonly<Record<string, string>> }[] =
  [
    // Findings whose citations do not hold are left out.
    { id: 'review', consensus: { strategy: 'evidence' } },
    // Everything that anybody found, with what became of its citations.
    { id: 'review-union', consensus: { strategy: 'union' } },
    // What is critical or high needs a second reviewer to confirm it.
    { id: 'review-two-phase', consensus: { strategy: 'two_phase', ack_severity: 'high' } },
  ];

export const DEADLINE_MS = 300_000;
