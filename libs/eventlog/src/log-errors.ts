import { AppError, type ErrorKind, messageOf } from '@millrace/kernel';
import { JetStreamApiError } from '@nats-io/jetstream';

/** Error codes of the JetStream API that this package decides by; all others are `log.refused`. */
export const JETSTREAM_ERROR = {
  insufficientResources: 10_023,
  consumerNotFound: 10_014,
  noMessageFound: 10_037,
  notEnabledForAccount: 10_039,
  storageResourcesExceeded: 10_047,
  invalidStreamConfig: 10_052,
  messageTooLarge: 10_054,
  streamNameInUse: 10_058,
  streamNotFound: 10_059,
  wrongLastSequence: 10_071,
  notEnabled: 10_076,
  storeFailed: 10_077,
  wrongLastSequenceUnknown: 10_164,
} as const;

interface Meaning {
  readonly kind: ErrorKind;
  readonly code: string;
  readonly message: string;
}

const MEANINGS: ReadonlyMap<number, Meaning> = new Map([
  [
    JETSTREAM_ERROR.insufficientResources,
    { kind: 'unavailable', code: 'log.full', message: 'nats-server is short of room' },
  ],
  [
    JETSTREAM_ERROR.storageResourcesExceeded,
    { kind: 'unavailable', code: 'log.full', message: 'nats-server has not enough room' },
  ],
  [JETSTREAM_ERROR.storeFailed, { kind: 'unavailable', code: 'log.full', message: 'the log cannot take more' }],
  [
    JETSTREAM_ERROR.notEnabled,
    { kind: 'unavailable', code: 'log.no_jetstream', message: 'JetStream is not enabled on nats-server' },
  ],
  [
    JETSTREAM_ERROR.notEnabledForAccount,
    { kind: 'unavailable', code: 'log.no_jetstream', message: 'JetStream is not enabled for this account' },
  ],
  [
    JETSTREAM_ERROR.streamNotFound,
    { kind: 'unavailable', code: 'log.no_stream', message: 'a stream is missing: the topology was not applied' },
  ],
  [JETSTREAM_ERROR.messageTooLarge, { kind: 'too_large', code: 'log.too_large', message: 'the commit is too large' }],
  [
    JETSTREAM_ERROR.wrongLastSequence,
    { kind: 'conflict', code: 'log.stale_sequence', message: 'another writer was first' },
  ],
  [
    JETSTREAM_ERROR.wrongLastSequenceUnknown,
    { kind: 'conflict', code: 'log.stale_sequence', message: 'another writer was first' },
  ],
]);

const RETRY_AFTER_SECONDS = 1;

const make = ({ kind, code, message }: Meaning, cause?: unknown): AppError =>
  new AppError(kind, code, message, {
    ...(cause === undefined ? {} : { cause }),
    ...(kind === 'unavailable' ? { retryAfterSeconds: RETRY_AFTER_SECONDS } : {}),
  });

/** The error for a refusal of the JetStream API with this error code. */
export const refusal = (errorCode: number, description: string, cause?: unknown): AppError => {
  const meaning = MEANINGS.get(errorCode) ?? { kind: 'bug', code: 'log.refused', message: 'nats-server refused' };
  return make({ ...meaning, message: `${meaning.message}: ${description} (${errorCode})` }, cause);
};

/** Not recorded, for certain: nothing was sent. */
export const unreachable = (message: string, cause?: unknown): AppError =>
  make({ kind: 'unavailable', code: 'log.unreachable', message }, cause);

/** May or may not be recorded. */
export const unknownOutcome = (message: string): AppError =>
  make({ kind: 'unavailable', code: 'log.unknown_outcome', message });

export const overloaded = (message: string): AppError => make({ kind: 'unavailable', code: 'log.overloaded', message });

export const closedError = (): AppError =>
  make({ kind: 'unavailable', code: 'log.closed', message: 'this process is closing its connection to the log' });

/** Translates whatever a call of the client library threw; our own errors pass. */
export const translate = (cause: unknown, doing: string): AppError => {
  if (cause instanceof AppError) return cause;
  if (cause instanceof JetStreamApiError) return refusal(cause.code, `${doing}: ${cause.message}`, cause);
  return unreachable(`${doing}: ${messageOf(cause)}`, cause);
};
