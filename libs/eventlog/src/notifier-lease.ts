import { DELIVERIES_STREAM, webhookSubject } from '@millrace/contracts';
import { type LogConnection } from './connection.ts';
import { readStored, storeText } from './stored-messages.ts';

/** Who delivers webhooks: whoever wrote the last message on its subject. */
export interface NotifierLease {
  /** Whether nobody else has taken it meanwhile. */
  readonly isHeld: () => Promise<boolean>;
}

/**
 * Takes the lease, whoever held it. The caller decides when that is right.
 *
 * @throws AppError `conflict` `log.stale_sequence` when somebody else took it at the same moment.
 */
export const takeNotifierLease = async (connection: LogConnection, holder: string): Promise<NotifierLease> => {
  const last = () => readStored(connection, DELIVERIES_STREAM, { last_by_subj: webhookSubject.lease });
  const before = await last();
  const expectation = { 'Nats-Expected-Last-Subject-Sequence': String(before?.sequence ?? 0) };
  const sequence = await storeText(connection, webhookSubject.lease, holder, expectation);
  return { isHeld: async () => (await last())?.sequence === sequence };
};
