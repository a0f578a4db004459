import { logSubject } from '@millrace/contracts';
import { nuid } from '@nats-io/transport-node';
import { type LogConnection } from './connection.ts';
import { LEASE_BODY } from './lease.ts';
import { outcomeError, publishCommit } from './publish-commit.ts';

/**
 * Writes a commit without events, which every reader passes by. nats-server answers no write at all once the disk was full, though
 * everything can be read: only a write tells.
 *
 * @throws AppError `unavailable` as `EventWriter.append`.
 */
export const probeLog = async (
  connection: LogConnection,
  { shard, timeoutMs }: { readonly shard: number; readonly timeoutMs: number },
): Promise<void> => {
  const commit = { subject: logSubject.probe(shard), body: LEASE_BODY, messageId: nuid.next(), timeoutMs };
  const outcome = await publishCommit(connection, commit);
  if (outcome.kind !== 'stored') throw outcomeError(outcome);
};
