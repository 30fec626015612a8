export * from './admin-client.ts';
export * from './exchange.ts';
export * from './live-suite.ts';
export * from './ollama-probe.ts';
export * from './server.ts';
export * from './tls.ts';
export * from './undici-transport.ts';
export type { RawUpgrade, UpgradeHook, UpgradeRequest } from './upgrade.ts';
export * from './upstream.ts';
