export * from './find-nats-server.ts';
export * from './free-port.ts';
export * from './nats.ts';
export * from './postgres.ts';
export * from './postgres-binaries.ts';
