/** What an agent can do wrong, by the sentence of docs/protocol/atp-agents.md that it breaks. */
export const AGENT_FAULTS: Readonly<Record<AgentFault, AgentFaultTraits>> = {
  no_estimate: { sentence: 'A6', hard: false, words: 'did not answer the estimate in time' },
  bad_estimate: { sentence: 'A6', hard: true, words: 'answered with an estimate that is none' },
  silent: { sentence: 'A11', hard: false, words: 'fell silent in the middle of its work' },
  out_of_order: { sentence: 'A9', hard: true, words: 'sent what has no place at this point of the stream' },
  bad_chunk: { sentence: 'A9', hard: true, words: 'sent a piece that is none of `ask`' },
  unreadable: { sentence: 'A9', hard: true, words: 'sent a message that cannot be read' },
  bad_final: { sentence: 'A10', hard: true, words: 'ended with a result that is none of `ask`' },
  no_final: { sentence: 'A10', hard: true, words: 'ended its stream without a result' },
  after_final: { sentence: 'A10', hard: true, words: 'sent something behind its result' },
  no_usage: { sentence: 'A10', hard: true, words: 'promised usage and did not report it' },
  over_budget: {
    sentence: 'A7',
    hard: true,
    words: 'reported more usage than the budget of its work, and is paid no more',
  },
};

interface AgentFaultTraits {
  readonly sentence: string;
  /** One is enough; others are strikes. */
  readonly hard: boolean;
  readonly words: string;
}

export type AgentFault =
  | 'no_estimate'
  | 'bad_estimate'
  | 'silent'
  | 'out_of_order'
  | 'bad_chunk'
  | 'unreadable'
  | 'bad_final'
  | 'no_final'
  | 'after_final'
  | 'no_usage'
  | 'over_budget';
