import { inputComplaint } from '../input-schema.ts';
import { type Complaint } from '../schema-complaints.ts';
import { isSchedule } from './read-schedule.ts';

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/**
 * What is wrong with schedules together with the rest of the metadata, each of which is right by itself: nobody is there to be told when
 * they are due.
 */
export const scheduleComplaints = (
  metadata: Readonly<Record<string, unknown>>,
  triggers: readonly unknown[],
): readonly Complaint[] =>
  triggers.flatMap((trigger, index) => {
    if (!isRecord(trigger) || !isSchedule(trigger)) return [];
    const keys = ['triggers', String(index)];
    if (metadata['delete_after_use'] === true || metadata['deleteAfterUse'] === true) {
      return [{ keys, reason: 'nobody takes the result of a schedule: its workflow cannot be deleted after use' }];
    }
    const reason =
      metadata['input'] === undefined ? undefined : inputComplaint(metadata['input'], trigger['input'] ?? {});
    return reason === undefined ? [] : [{ keys: [...keys, 'input'], reason: `the input of the schedule ${reason}` }];
  });
