import { ALL_DIALECTS, type Dialect, makeDialect } from '@millrace/dialects';
import { invariant } from '@millrace/kernel';
import { type CancelRun, makeCancelRun } from './admission/cancel-run.ts';
import { type FailureBrake, makeFailureBrake } from './auth/failure-brake.ts';
import { type Inbox, makeInbox } from './intake/inbox.ts';
import { type KeptDirectory, openDirectory } from './intake/directory.ts';
import { DEFAULT_SHARD, DEFAULT_WORKSPACE, type Health, shardOfWorkflow, shardsUpTo } from '@millrace/contracts';
import { makeInboxWriter, openRunKeys } from '@millrace/eventlog';
import { makeRunSealers, type RunSealers } from '@millrace/secrets';
import { makeInputCheck } from './admission/input-validation.ts';
import { makeRequestRun, type RequestRun } from './admission/request-run.ts';
import { makeStartRun, type StartRun } from './admission/start-run.ts';
import { makeKeyedRequests } from './admission/keyed-requests.ts';
import { type LogWatches, watchLogs } from './admission/watch-log.ts';
import { type GatewaySettings } from './config.ts';
import { type GatewayDeps } from './deps.ts';
import { makeHealth } from './health.ts';
import { makeLiveHub } from './live/hub.ts';
import { makeRunFeed, type OpenRunFeed } from './live/run-feed.ts';
import { makeStreamSlots, type StreamSlots } from './live/stream-slots.ts';
import { type GatewayMetrics, observeGauges } from './metrics.ts';
import { type CatchUp, makeCatchUp } from './reading/catch-up.ts';
import { type FindVisibleRun, makeFindVisibleRun } from './reading/find-visible-run.ts';
import { type LogOfRun, makeLogOfRun } from './reading/log-of-run.ts';
import { makeProjectionWatch } from './reading/projection-watch.ts';
import { makeRunCloudEvents, type RunCloudEvents } from './reading/run-cloud-events.ts';
import { makeReveal, type Reveal } from './reading/reveal.ts';
import { type EndedRuns, makeEndedRuns } from './waiting/ended-runs.ts';
import { makeReplyWaiters } from './waiting/reply-waiters.ts';

/** What the routes are made of. */
export interface GatewayParts {
  readonly startRun: StartRun;
  readonly inbox: Inbox;
  readonly catchUp: CatchUp;
  readonly findVisibleRun: FindVisibleRun;
  readonly openRunFeed: OpenRunFeed;
  readonly slots: StreamSlots;
  readonly sealers: RunSealers;
  readonly cloudEvents: RunCloudEvents;
  readonly reveal: Reveal;
  /** Which log a run is in. */
  readonly logOf: LogOfRun;
  /** A new id for a run of a workflow. */
  readonly newRunId: (workflow: string) => string;
  readonly health: () => Promise<Health>;
  readonly cancelRun: CancelRun;
  readonly brake: FailureBrake;
  readonly dialects: readonly Dialect[];
  /** The dialect whose words are used where an address belongs to none. */
  readonly serve: Dialect;
  readonly directory: KeptDirectory;
  /** Frees every subscription. */
  readonly close: () => void;
}

const makeDialects = (settings: GatewaySettings): Pick<GatewayParts, 'dialects' | 'serve'> => {
  const dialects = ALL_DIALECTS.map((module) => makeDialect(module, settings.dialects[module.name]));
  const serve = dialects.find(({ name }) => name === 'serve');
  invariant(serve, 'the dialect serve is always there');
  return { dialects, serve };
};

interface Admission {
  readonly logs: LogWatches;
  readonly sealers: RunSealers;
  readonly newRunId: GatewayParts['newRunId'];
}

const makeAdmission = (deps: GatewayDeps, { logs, sealers, newRunId }: Admission): RequestRun => {
  const { connection, ring, settings } = deps;
  const keyed = makeKeyedRequests({ connection, ring, keepsMs: logs.keepsMs, now: () => deps.clock.now() });
  return makeRequestRun({
    ...deps,
    sealers,
    newRunId,
    writer: { append: (events) => logs.of(events[0]?.subject ?? '').watched(deps.writer.append(events)) },
    recordKeyed: (keyHash, event) => logs.of(event.subject).watched(keyed.record(keyHash, event)),
    findKeyed: keyed.find,
    checkInput: makeInputCheck(),
    room: logs,
    onLimit: settings.onLimit,
  });
};

const makeReading = (deps: GatewayDeps, { reveal, ended }: { readonly reveal: Reveal; readonly ended: EndedRuns }) => {
  const { connection, readModel, ring } = deps;
  const watches = shardsUpTo(ring.logs).map((shard) => makeProjectionWatch({ connection, readModel, shard }));
  const logOf = makeLogOfRun({ readModel, ring });
  const hub = makeLiveHub(deps);
  return {
    logOf,
    catchUp: makeCatchUp({ connection, watches }),
    findVisibleRun: makeFindVisibleRun({ connection, readModel, watches, ended, reveal, ring }),
    openRunFeed: makeRunFeed({ connection, readModel, hub, watches, reveal, logOf }),
    cloudEvents: makeRunCloudEvents({ connection, readModel, logOf, reveal }),
    close: () => {
      hub.close();
      for (const watch of watches) watch.close();
    },
  };
};

export const makeParts = (deps: GatewayDeps, metrics: GatewayMetrics): GatewayParts => {
  const { connection, readModel, gatewayId, settings, ring, ids } = deps;
  const waiters = makeReplyWaiters(connection, gatewayId);
  const slots = makeStreamSlots();
  const ended = makeEndedRuns();
  const logs = watchLogs(connection, ring, settings.queueLimit);
  const sealers = makeRunSealers(openRunKeys(connection));
  const reveal = makeReveal(sealers);
  const newRunId = (workflow: string): string => ids.runId(shardOfWorkflow(DEFAULT_WORKSPACE, workflow, ring.shards));
  const requestRun = makeAdmission(deps, { logs, sealers, newRunId });
  const { close: closeReading, ...reading } = makeReading(deps, { reveal, ended });
  const inboxWriter = makeInboxWriter(connection, { shard: DEFAULT_SHARD });
  const inbox = makeInbox({ ...deps, writer: inboxWriter, metrics });
  observeGauges(deps.metrics, {
    inboxDropped: inboxWriter.dropped,
    sseClients: slots.count,
    waiters: waiters.count,
    appendsPending: deps.writer.pending,
    logRoom: logs.state,
  });
  const spoken = makeDialects(settings);
  const directory = openDirectory({ catalog: deps.catalog, versions: deps.versions, dialects: spoken.dialects });
  return {
    ...spoken,
    directory,
    inbox,
    cancelRun: makeCancelRun(deps),
    brake: makeFailureBrake(deps.clock),
    startRun: makeStartRun({ requestRun, waiters, connection, readModel, ended, reveal, runsMax: settings.runsMax }),
    ...reading,
    newRunId,
    slots,
    sealers,
    reveal,
    health: makeHealth({ connection, readModel, log: logs.state, durability: settings.durability }),
    close: () => {
      directory.close();
      logs.close();
      closeReading();
      waiters.close();
      void inboxWriter.close();
    },
  };
};
