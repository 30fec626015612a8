export interface NodeStarted {
  readonly type: 'node.started';
  readonly version: string;
  readonly recovered_calls: number;
}

export interface NodeStopped {
  readonly type: 'node.stopped';
  readonly reason: string;
}
