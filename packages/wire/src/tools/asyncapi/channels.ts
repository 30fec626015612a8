/** One way of exchanging frames with a router, and what may be done there. */
export interface Channel {
  readonly id: string;
  readonly address: string;
  readonly title: string;
  readonly description: string;
  readonly protocol: 'ws' | 'http';
  /** Parameters of the address, by name. */
  readonly parameters?: Readonly<Record<string, string>>;
  readonly operations: readonly Operation[];
}

export interface Operation {
  readonly id: string;
  /** Seen from the router: it receives from a client, or sends to one. */
  readonly action: 'receive' | 'send';
  readonly method: 'GET' | 'POST';
  readonly summary: string;
}

/** Where frames go in and out. What is sent on each follows from docs/protocol; here is only what a client has to know first. */
export const CHANNELS: readonly Channel[] = [
  {
    id: 'ws',
    address: '/ws',
    title: 'WebSocket',
    description:
      'One session at a time. A frame in JSON is one text message, a frame in CBOR one binary message (W23). The client opens with SYN.',
    protocol: 'ws',
    operations: [
      { id: 'receiveFrame', action: 'receive', method: 'GET', summary: 'A client sends a frame.' },
      { id: 'sendFrame', action: 'send', method: 'GET', summary: 'The router sends a frame.' },
    ],
  },
  {
    id: 'streams',
    address: '/v1/streams',
    title: 'Streams over HTTP',
    description: 'Opens a stream for clients that cannot hold a WebSocket.',
    protocol: 'http',
    operations: [
      { id: 'openStream', action: 'receive', method: 'POST', summary: 'A client opens a stream with a frame.' },
    ],
  },
  {
    id: 'streamFrames',
    address: '/v1/streams/{id}/frames',
    title: 'Frames of a stream over HTTP',
    description: 'What a client sends on a stream that it opened.',
    protocol: 'http',
    parameters: { id: 'The stream, as its opening was answered.' },
    operations: [{ id: 'receiveStreamFrame', action: 'receive', method: 'POST', summary: 'A client sends a frame.' }],
  },
  {
    id: 'streamEvents',
    address: '/v1/streams/{id}/events',
    title: 'Events of a stream over HTTP',
    description: 'What the router sends on a stream, as server-sent events: each is one frame in JSON.',
    protocol: 'http',
    parameters: { id: 'The stream, as its opening was answered.' },
    operations: [{ id: 'sendStreamEvent', action: 'send', method: 'GET', summary: 'The router sends a frame.' }],
  },
];
