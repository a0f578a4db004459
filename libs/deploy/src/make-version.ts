import { createHash } from 'node:crypto';
import { encodeBundle, type WorkflowKind, type WorkflowPolicy, type WorkflowVersion } from '@millrace/contracts';
import { MINUTE, parseDuration } from '@millrace/kernel';
import { admissionPolicyOf, admissionRulesOf } from './admission-rules.ts';
import { type Metadata } from './metadata.ts';
import { readBackoff } from './retry-backoff.ts';
import { readTriggers } from './triggers/read-triggers.ts';

/** A version before it is in service. */
export type VersionDraft = Omit<WorkflowVersion, 'deployedAt' | 'deployedFrom'>;

export interface VersionParts {
  readonly kind: WorkflowKind;
  /** Name that the bundle gets on an executor. */
  readonly file: string;
  readonly bytes: Uint8Array;
  readonly metadata: Metadata;
  readonly preprocessor?: true;
  /** Path of the workflow, for keys of triggers that are made of it. It is no part of the name of the version. */
  readonly workflow?: string;
}

const DEFAULT_TIMEOUT_MS = 15 * MINUTE;
const DEFAULT_RETRIES: WorkflowPolicy['retries'] = { failed: 0, lost: 2 };
const DEFAULT_METHODS = ['POST'];

const retriesOf = ({ backoff, ...counts }: Metadata['retries'] = {}): WorkflowPolicy['retries'] => ({
  ...DEFAULT_RETRIES,
  ...counts,
  ...(backoff !== undefined && { backoff: readBackoff(backoff) }),
});

const policyOf = (metadata: Metadata): WorkflowPolicy => ({
  ...policyParts(metadata),
  ...admissionPolicyOf(metadata),
});

const policyParts = ({ timeout, onLimit, retries, deleteAfterUse }: Metadata): WorkflowPolicy => ({
  timeoutMs: timeout === undefined ? DEFAULT_TIMEOUT_MS : parseDuration(timeout as string | number),
  ...(onLimit !== undefined && { onLimit }),
  retries: retriesOf(retries),
  ...(deleteAfterUse === true && { deleteAfterUse }),
});

const startsOf = (metadata: Metadata, workflow: string | undefined): Pick<VersionDraft, 'triggers' | 'schedules'> => {
  const { triggers, schedules } = readTriggers(metadata.triggers ?? [], workflow);
  return {
    ...(triggers.length > 0 && { triggers: [...triggers] }),
    ...(schedules.length > 0 && { schedules: [...schedules] }),
  };
};

/** Names a version by what is in it: same bundle and same metadata, same version, on any machine. */
export const makeVersion = ({ kind, file, bytes, metadata, workflow, preprocessor }: VersionParts): VersionDraft => {
  const { description = '', input, env, secrets = [], methods = DEFAULT_METHODS } = metadata;
  const admission = admissionRulesOf(metadata);
  const content = {
    kind,
    file,
    description,
    ...(input !== undefined && { inputSchema: input }),
    ...(env !== undefined && { env }),
    ...(secrets.length > 0 && { secrets }),
    methods,
    ...startsOf(metadata, workflow),
    policy: policyOf(metadata),
    ...(preprocessor && { preprocessor }),
    ...(admission !== undefined && { admission }),
  };
  const version = createHash('sha256').update(encodeBundle(content, bytes)).digest('hex');
  return { version, ...content };
};
