export { simTransport, type SimTransportOptions } from './sim-transport.ts';
