import { openFiles, stopTrigger } from '@millrace/eventlog';
import { countWaitingRuns } from '@millrace/read-model';
import { type GatewayDeps } from '../deps.ts';
import { type GatewayMetrics } from '../metrics.ts';
import { type GatewayParts } from '../parts.ts';
import { makeReadRunLogs } from '../reading/run-logs.ts';
import { makeEnterTrigger, makeRefuseMethod } from './enter.ts';
import { type TriggerState } from '@millrace/contracts';
import { makeIntake } from './intake.ts';
import { type MountDeps } from './mount.ts';
import { makeReadMultipart } from './read-multipart.ts';
import { makeRedeliver, type Redeliver } from './redeliver.ts';

export interface IntakeContext {
  readonly deps: GatewayDeps;
  readonly parts: GatewayParts;
  readonly metrics: GatewayMetrics;
  readonly draining: AbortSignal;
}

/** What the routes of dialects are made of, and what asks a trigger anew. */
export const makeIntakeParts = ({
  deps,
  parts,
  metrics,
  draining,
}: IntakeContext): MountDeps & { readonly redeliver: Redeliver } => {
  const { settings } = deps;
  const secretValues = (name: string): readonly string[] => deps.secretValues.valuesOf(name);
  const files = openFiles(deps.connection);
  const common = {
    ...parts,
    draining,
    clock: deps.clock,
    secretValues,
    log: deps.log,
    metrics,
    files,
    triggerStates: deps.triggerStates,
  };
  const entering = { ...common, ...settings, tokens: deps.tokens };
  const intake = {
    ...common,
    publicUrl: settings.publicUrl,
    stopTrigger: (stopped: TriggerState) => stopTrigger(deps.connection, stopped),
    countWaiting: (upTo: number) => countWaitingRuns(deps.readModel, upTo),
    readMultipart: makeReadMultipart({ files, ids: deps.ids, newRunId: parts.newRunId, sealers: parts.sealers }),
  };
  return {
    ...common,
    readRunLogs: makeReadRunLogs({ readModel: deps.readModel, reveal: parts.reveal }),
    enter: makeEnterTrigger(entering),
    refuseMethod: makeRefuseMethod(entering),
    intake: makeIntake(intake),
    redeliver: makeRedeliver(intake),
  };
};
