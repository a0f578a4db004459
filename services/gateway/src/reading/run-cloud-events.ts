import { AppError } from '@millrace/kernel';
import { type Position, type RunEvent } from '@millrace/contracts';
import { type OutgoingCloudEvent } from '@millrace/domain';
import { type LogConnection, readCommit, toPublicEvent } from '@millrace/eventlog';
import { listRunEvents, type ReadModel, type RunRow } from '@millrace/read-model';
import { RUN_CLOUD_EVENTS_MAX } from '../limits.ts';
import { type LogOfRun } from './log-of-run.ts';
import { type Reveal } from './reveal.ts';

/** The events of a run as CloudEvents: with the ids, sources and times under which the log and NATS have them. */
export interface RunCloudEvents {
  /** As outsiders see it. */
  readonly outgoing: (event: RunEvent) => OutgoingCloudEvent;
  /** The last event that counted. @throws AppError `refused` `run.events_expired` */
  readonly latest: (run: Pick<RunRow, 'id' | 'last'>) => Promise<OutgoingCloudEvent>;
  /**
   * All that counted so far, in order.
   *
   * @throws AppError `refused` `run.events_expired`, `run.too_many_events`
   */
  readonly all: (runId: string) => Promise<readonly OutgoingCloudEvent[]>;
  /** The last one whose type is one of those, as far as the read model has come. */
  readonly find: (runId: string, isMeant: (type: string) => boolean) => Promise<OutgoingCloudEvent | undefined>;
}

export interface RunCloudEventsDeps {
  readonly connection: LogConnection;
  readonly readModel: ReadModel;
  readonly logOf: LogOfRun;
  readonly reveal: Pick<Reveal, 'members'>;
}

/** Commits that are read at the same time. */
const READS_AT_ONCE = 16;

const expired = (): AppError =>
  new AppError('refused', 'run.events_expired', 'the log no longer holds the events of this run');

const outgoing = (event: RunEvent): OutgoingCloudEvent => {
  const { data, ...attributes } = toPublicEvent(event);
  return { attributes, data };
};

export const makeRunCloudEvents = ({ connection, readModel, logOf, reveal }: RunCloudEventsDeps): RunCloudEvents => {
  const load = async (runId: string, { sequence, index }: Position): Promise<OutgoingCloudEvent> => {
    const decoded = (await readCommit(connection, await logOf(runId), sequence))?.events[index];
    // The place may be of a log that was replaced since, and hold somebody else's event in this one.
    if (decoded?.known !== true || decoded.event.subject !== runId) throw expired();
    const { attributes, data } = outgoing(decoded.event);
    return { attributes, data: await reveal.members(runId, data as object) };
  };

  const loadAll = async (runId: string, positions: readonly Position[]): Promise<readonly OutgoingCloudEvent[]> => {
    const loaded: OutgoingCloudEvent[] = [];
    for (let from = 0; from < positions.length; from += READS_AT_ONCE) {
      const next = positions.slice(from, from + READS_AT_ONCE);
      loaded.push(...(await Promise.all(next.map((position) => load(runId, position)))));
    }
    return loaded;
  };

  return {
    outgoing,
    latest: ({ id, last }) => load(id, last),
    all: async (runId) => {
      const rows = await listRunEvents(readModel, runId, { limit: RUN_CLOUD_EVENTS_MAX + 1 });
      if (rows.length <= RUN_CLOUD_EVENTS_MAX) {
        return loadAll(
          runId,
          rows.map(({ position }) => position),
        );
      }
      const detail = `the run has more than ${RUN_CLOUD_EVENTS_MAX} events: follow it as text/event-stream`;
      throw new AppError('refused', 'run.too_many_events', detail);
    },
    find: async (runId, isMeant) => {
      const row = (await listRunEvents(readModel, runId)).findLast(({ type }) => isMeant(type));
      return row === undefined ? undefined : load(runId, row.position);
    },
  };
};
