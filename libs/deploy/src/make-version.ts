import { createHash } from 'node:crypto';
import { encodeBundle, type RunPolicy, type WorkflowKind, type WorkflowVersion } from '@millrace/contracts';
import { MINUTE, parseDuration } from '@millrace/kernel';
import { type Metadata } from './metadata.ts';

/** A version before it is in service. */
export type VersionDraft = Omit<WorkflowVersion, 'deployedAt'>;

export interface VersionParts {
  readonly kind: WorkflowKind;
  /** Name that the bundle gets on an executor. */
  readonly file: string;
  readonly bytes: Uint8Array;
  readonly metadata: Metadata;
  /** The server's `on_limit`, for workflows that say nothing. */
  readonly onLimit: RunPolicy['onLimit'];
}

const DEFAULT_TIMEOUT_MS = 15 * MINUTE;
const DEFAULT_RETRIES: RunPolicy['retries'] = { failed: 0, lost: 2 };
const DEFAULT_METHODS = ['POST'];

const policyOf = (
  { timeout, concurrency, onLimit, retries }: Metadata,
  serverOnLimit: RunPolicy['onLimit'],
): RunPolicy => ({
  timeoutMs: timeout === undefined ? DEFAULT_TIMEOUT_MS : parseDuration(timeout as string | number),
  ...(concurrency !== undefined && { concurrency }),
  onLimit: onLimit ?? serverOnLimit,
  retries: { ...DEFAULT_RETRIES, ...retries },
});

/** Names a version by what is in it: same bundle and same metadata, same version, on any machine. */
export const makeVersion = ({ kind, file, bytes, metadata, onLimit }: VersionParts): VersionDraft => {
  const { description = '', input, env, methods = DEFAULT_METHODS } = metadata;
  const content = {
    kind,
    file,
    description,
    ...(input !== undefined && { inputSchema: input }),
    ...(env !== undefined && { env }),
    methods,
    policy: policyOf(metadata, onLimit),
  };
  const version = createHash('sha256').update(encodeBundle(content, bytes)).digest('hex');
  return { version, ...content };
};
