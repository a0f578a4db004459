import { isRunId } from '@millrace/contracts';
import { type InboxPack } from '@millrace/eventlog';
import { type InboxRequestRecord } from '@millrace/read-model';

const text = (value: string): string => value.replaceAll('\0', '\uFFFD');

/** Rows of some packs. What has no usable id or time is left out. */
export const inboxRecordsOf = (packs: readonly InboxPack[]): readonly InboxRequestRecord[] =>
  packs.flatMap(({ sequence, records }) =>
    records
      .filter(({ id, time }) => isRunId(id) && !Number.isNaN(Date.parse(time)))
      .map((record) => ({
        id: record.id,
        time: new Date(record.time).toISOString(),
        workflow: text(record.workflow),
        trigger_id: text(record.trigger),
        outcome: record.outcome,
        record: JSON.stringify(record),
        sequence,
      })),
  );
