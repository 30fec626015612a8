export * from './exchange.ts';
export * from './server.ts';
export * from './tls.ts';
export * from './undici-transport.ts';
export * from './upstream.ts';
