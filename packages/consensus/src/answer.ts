/** How grave a finding is, the gravest first. */
export type Severity = 'critical' | 'high' | 'medium' | 'low' | 'info';

/** Lines of a file, both ends included, counted from 1. */
export interface Span {
  readonly start_line: number;
  readonly end_line: number;
}

/** What a claim rests on: lines of a document given with the task, a test, a piece of code. */
export interface Citation {
  readonly file: string;
  readonly span?: Span | undefined;
  /** Words that are said to stand there. */
  readonly quote?: string | undefined;
}

/** Who said something: the lane and its source. */
export interface Provenance {
  readonly lane: number;
  readonly source: string;
}

/** One thing that an agent found, in the words of the canonical taxonomy. */
export interface Finding {
  readonly id: string;
  readonly type: string;
  readonly file: string;
  readonly span: Span | undefined;
  readonly claim: string;
  readonly evidence: readonly Citation[];
  readonly proposed_fix: string | undefined;
  readonly tests: readonly string[];
  readonly severity: Severity;
  /** 0 to 1, as the agent says it; undefined when it says nothing. */
  readonly confidence: number | undefined;
  readonly provenance: readonly Provenance[];
}

/** One answer as strategies see it. Sources are opaque: their names carry no information. */
export interface LaneAnswer {
  /** Position in the fan-out; breaks ties that nothing else breaks, whatever the order of arrival. */
  readonly lane: number;
  /** Who answered: the id of a persona, agent or model. Clones share it. */
  readonly source: string;
  readonly text: string;
  /** The answer in the form in which equal answers are equal, see `answerKey`. Empty: there is none to vote for. */
  readonly key: string;
  /** Read from the text; undefined when it has none. */
  readonly findings: readonly Finding[] | undefined;
  /** Of those that the text has; absent: none. */
  readonly findings_left_out?: number | undefined;
  /** 0 to 1, as the agent says it. */
  readonly confidence: number | undefined;
  /** It says that tests were run, and whether one failed. */
  readonly tests_failed?: boolean | undefined;
  /** A deadline or its budget cut it short. */
  readonly is_partial: boolean;
}
