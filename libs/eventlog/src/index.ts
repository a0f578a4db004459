export { openBundles, type Bundles } from './bundles.ts';
export { openCatalog, type Catalog } from './catalog.ts';
export { type Commit } from './commit.ts';
export * from './connection.ts';
export * from './durable-consumer.ts';
export * from './event-writer.ts';
export { makeFencedWriter, type FencedWriter, type FencedWriterOptions } from './fenced-writer.ts';
export { follow, type FollowOptions } from './follow.ts';
export {
  followOutput,
  outputBounds,
  outputContradiction,
  type FollowOutputOptions,
  type OutputPack,
} from './follow-output.ts';
export * from './follow-inbox.ts';
export * from './follow-public-events.ts';
export * from './keyed-request.ts';
export { acquireLease, type Lease, type LeaseOptions } from './lease.ts';
export * from './messaging.ts';
export { takeNotifierLease, type NotifierLease } from './notifier-lease.ts';
export {
  makeInboxWriter,
  makeOutputWriter,
  OUTPUT_BYTES_MAX,
  type OutputWriter,
  type PackingWriter,
} from './output-writer.ts';
export {
  decodePublicEvent,
  publicBody,
  publicHeaders,
  type PublicDispatched,
  type PublicRequested,
  type PublicRunEvent,
  toPublicEvent,
} from './public-event.ts';
export { makePublicEventPublisher, type PositionedEvent, type PublicEventPublisher } from './public-event-publisher.ts';
export { type IsOfLog, type PublishedEnd } from './published-end.ts';
export { type IsOfItsLog, readPublishedEnds } from './published-ends.ts';
export * from './holds-request.ts';
export { logBounds, logContradiction, logFill, readCommit, readLastCommit } from './read-commit.ts';
export { checkRing, readRing } from './ring.ts';
export { openRunKeys, type RunKeys } from './run-keys.ts';
export { openSchedules, type Schedules } from './schedules.ts';
export { openSecrets, type SecretStore } from './secrets.ts';
export { SERVER_FLOOR } from './server-version.ts';
export { probeLog } from './probe-log.ts';
export {
  ADMINISTRATOR,
  type NatsPermissions,
  permissionsOf,
  SERVICE_USERS,
  type ServiceUser,
} from './service-permissions.ts';
export { openSnapshots, type Snapshots } from './snapshots.ts';
export { type StreamAnchor } from './stream-anchor.ts';
export { type Bounds, type Fill, type StreamFill, streamFills } from './stream-bounds.ts';
export { readStored, readStoredBefore, removeStored, type StoredText } from './stored-messages.ts';
export { openTokens, type TokenStore } from './tokens.ts';
export { ensureSchedules, ensureTopology, JOURNAL_STREAM, logBytesWithin, type TopologyOptions } from './topology.ts';
export * from './trigger-states.ts';
export { makeVersionKeeper, openVersions, SHORT_HASH_DIGITS, type Versions } from './versions.ts';
export * from './webhook-deliveries.ts';
export * from './webhook-endpoints.ts';
export { openFiles, type Files } from './files.ts';
