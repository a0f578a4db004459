import { setTimeout as delay } from 'node:timers/promises';
import { kindOf, messageOf } from '@millrace/kernel';
import { type Health } from '@millrace/contracts';
import { type LogConnection } from '@millrace/eventlog';
import { pingReadModel, type ReadModel } from '@millrace/read-model';
import { type LogState } from './admission/watch-log.ts';
import { HEALTH_FRESH_MS, HEALTH_TIMEOUT_MS } from './limits.ts';

export interface HealthDeps {
  readonly connection: LogConnection;
  readonly readModel: ReadModel;
  readonly log: () => LogState;
  readonly durability: string;
}

interface Dependency {
  readonly ok: boolean;
  readonly detail?: string;
}

const AWAY: Dependency = {
  ok: false,
  detail: 'not reachable: requests are recorded and run, their state cannot be read',
};

const ping = async (readModel: ReadModel): Promise<Dependency> => {
  const timeout = new AbortController();
  const late = delay(HEALTH_TIMEOUT_MS, AWAY, { signal: timeout.signal });
  try {
    return await Promise.race([pingReadModel(readModel).then(() => ({ ok: true })), late]);
  } catch (error) {
    return kindOf(error) === 'unavailable' ? AWAY : { ok: false, detail: messageOf(error) };
  } finally {
    timeout.abort();
    late.catch(() => undefined);
  }
};

const statusOf = (canRecord: boolean, others: readonly Dependency[]): Health['status'] => {
  if (!canRecord) return 'unavailable';
  return others.every(({ ok }) => ok) ? 'ok' : 'degraded';
};

/** Percentages are of the log's `max_bytes`. */
const logOf = ({ bytes, maxBytes, neededBytes, isFull, problem }: LogState): Dependency => {
  if (problem !== undefined) return { ok: false, detail: `nothing can be recorded: ${problem}` };
  if (!isFull) return { ok: true };
  const percent = (part: number): number => Math.round((100 * part) / maxBytes);
  const detail = `full: ${percent(bytes)} % used, ${percent(neededBytes)} % kept for open runs; requests are refused. Raise log_max_bytes, or shorten log_max_age`;
  return { ok: false, detail };
};

/** Health as callers need it. Anyone may ask, so Postgres is asked at most once a second. */
export const makeHealth = ({
  connection,
  readModel,
  log: logState,
  durability,
}: HealthDeps): (() => Promise<Health>) => {
  let asked = Number.NEGATIVE_INFINITY;
  let answer: Promise<Dependency> = Promise.resolve(AWAY);
  return async () => {
    const now = performance.now();
    if (now - asked > HEALTH_FRESH_MS) {
      asked = now;
      answer = ping(readModel);
    }
    const nats: Dependency = connection.isConnected()
      ? { ok: true }
      : { ok: false, detail: 'not reachable: no request can be recorded' };
    const postgres = await answer;
    const state = logState();
    const log = logOf(state);
    const canRecord = nats.ok && state.problem === undefined;
    return { status: statusOf(canRecord, [postgres, log]), durability, dependencies: { nats, log, postgres } };
  };
};
