import { createHash } from 'node:crypto';
import { type RunRequested, SCHEDULE_DIALECT, SHARD_BYTE, UUID_RANDOM_BYTES, uuidV7 } from '@millrace/contracts';
import { makeAdmissionTerms } from '@millrace/domain';
import { type Voice } from '../scheduler-events.ts';
import { type DeclaredSchedule } from './declared-schedules.ts';

const termsOf = makeAdmissionTerms();

/**
 * The id of the run of an instant: whoever fires it again asks for the same run.
 *
 * @param shard That it shall carry; none where there is one only.
 */
export const scheduledRunId = (key: string, instantMs: number, shard?: number): string => {
  const random = createHash('sha256').update(`${key} ${instantMs}`).digest().subarray(0, UUID_RANDOM_BYTES);
  if (shard !== undefined) random[SHARD_BYTE] = shard;
  return uuidV7(instantMs, random);
};

/** The request of a schedule for one of its instants. */
export const scheduledRequest = (
  { source, nowMs, traceparent }: Voice,
  { key, name, trigger, version }: DeclaredSchedule,
  instantMs: number,
  shard?: number,
): RunRequested => {
  const runId = scheduledRunId(key, instantMs, shard);
  const scheduledFor = new Date(instantMs).toISOString();
  return {
    specversion: '1.0',
    id: runId,
    source,
    type: 'dev.millrace.run.requested.v1',
    subject: runId,
    time: new Date(nowMs).toISOString(),
    datacontenttype: 'application/json',
    workspace: name.workspace,
    workflow: name.workflow,
    traceparent,
    data: {
      version: version.version,
      kind: version.kind,
      input: trigger.input ?? {},
      env: {},
      policy: { ...version.policy, onLimit: version.policy.onLimit ?? 'queue' },
      ...termsOf(version, trigger.input ?? {}),
      dialect: SCHEDULE_DIALECT,
      requestedBy: `trigger:${name.workflow}#${trigger.id}`,
      scheduledFor,
      trigger: { id: trigger.id, method: 'SCHEDULE', path: '', verified: SCHEDULE_DIALECT, delivery: scheduledFor },
      ...(trigger.stopAfter === undefined ? {} : { stopAfter: [...trigger.stopAfter] }),
    },
  };
};
