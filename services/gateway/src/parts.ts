import { ALL_DIALECTS, type Dialect, makeDialect } from '@millrace/dialects';
import { invariant } from '@millrace/kernel';
import { type CancelRun, makeCancelRun } from './admission/cancel-run.ts';
import { type FailureBrake, makeFailureBrake } from './auth/failure-brake.ts';
import { type Inbox, makeInbox } from './intake/inbox.ts';
import { type KeptDirectory, openDirectory } from './intake/directory.ts';
import { type Health } from '@millrace/contracts';
import { findKeyed, makeInboxWriter, openRunKeys, recordKeyed } from '@millrace/eventlog';
import { makeRunSealers, type RunSealers } from '@millrace/secrets';
import { makeInputCheck } from './admission/input-validation.ts';
import { makeRequestRun, type RequestRun } from './admission/request-run.ts';
import { makeStartRun, type StartRun } from './admission/start-run.ts';
import { type LogWatch, watchLog } from './admission/watch-log.ts';
import { type GatewaySettings } from './config.ts';
import { type GatewayDeps } from './deps.ts';
import { makeHealth } from './health.ts';
import { APPEND_TIMEOUT_MS } from './limits.ts';
import { makeLiveHub } from './live/hub.ts';
import { makeRunFeed, type OpenRunFeed } from './live/run-feed.ts';
import { makeStreamSlots, type StreamSlots } from './live/stream-slots.ts';
import { type GatewayMetrics, observeGauges } from './metrics.ts';
import { type CatchUp, makeCatchUp } from './reading/catch-up.ts';
import { type FindVisibleRun, makeFindVisibleRun } from './reading/find-visible-run.ts';
import { makeProjectionWatch } from './reading/projection-watch.ts';
import { makeRunCloudEvents, type RunCloudEvents } from './reading/run-cloud-events.ts';
import { makeReveal, type Reveal } from './reading/reveal.ts';
import { makeEndedRuns } from './waiting/ended-runs.ts';
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

const makeAdmission = (deps: GatewayDeps, logWatch: LogWatch, sealers: RunSealers): RequestRun => {
  const { connection, settings } = deps;
  const { shard } = settings;
  return makeRequestRun({
    ...deps,
    sealers,
    writer: { append: (events) => logWatch.watched(deps.writer.append(events)) },
    recordKeyed: (keyHash, event) =>
      logWatch.watched(recordKeyed(connection, { shard, keyHash, event, timeoutMs: APPEND_TIMEOUT_MS })),
    findKeyed: async (keyHash) => (await findKeyed(connection, { shard, keyHash }))?.event,
    checkInput: makeInputCheck(),
    room: logWatch,
    onLimit: settings.onLimit,
  });
};

export const makeParts = (deps: GatewayDeps, metrics: GatewayMetrics): GatewayParts => {
  const { connection, readModel, gatewayId, settings } = deps;
  const { shard } = settings;
  const waiters = makeReplyWaiters(connection, gatewayId);
  const watch = makeProjectionWatch({ connection, readModel, shard });
  const hub = makeLiveHub({ ...deps, shard });
  const slots = makeStreamSlots();
  const ended = makeEndedRuns();
  const logWatch = watchLog(connection, shard, settings.queueLimit);
  const sealers = makeRunSealers(openRunKeys(connection));
  const reveal = makeReveal(sealers);
  const requestRun = makeAdmission(deps, logWatch, sealers);
  const inboxWriter = makeInboxWriter(connection, { shard });
  const inbox = makeInbox({ ...deps, writer: inboxWriter, metrics });
  observeGauges(deps.metrics, {
    inboxDropped: inboxWriter.dropped,
    sseClients: slots.count,
    waiters: waiters.count,
    appendsPending: deps.writer.pending,
    logRoom: logWatch.state,
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
    catchUp: makeCatchUp({ connection, watch, shard }),
    findVisibleRun: makeFindVisibleRun({ connection, readModel, watch, ended, reveal, shard }),
    openRunFeed: makeRunFeed({ connection, readModel, hub, watch, reveal, shard }),
    slots,
    sealers,
    reveal,
    cloudEvents: makeRunCloudEvents({ connection, readModel, shard, reveal }),
    health: makeHealth({ connection, readModel, log: logWatch.state, durability: settings.durability }),
    close: () => {
      directory.close();
      logWatch.close();
      hub.close();
      waiters.close();
      watch.close();
      void inboxWriter.close();
    },
  };
};
