import { setTimeout as delay } from 'node:timers/promises';
import { kindOf, messageOf } from '@millrace/kernel';
import { type Health } from '@millrace/contracts';
import { type LogConnection } from '@millrace/eventlog';
import { pingReadModel, type ReadModel } from '@millrace/read-model';
import { HEALTH_FRESH_MS, HEALTH_TIMEOUT_MS } from './limits.ts';

export interface HealthDeps {
  readonly connection: LogConnection;
  readonly readModel: ReadModel;
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

const statusOf = (nats: Dependency, postgres: Dependency): Health['status'] => {
  if (!nats.ok) return 'unavailable';
  return postgres.ok ? 'ok' : 'degraded';
};

/** Health as callers need it. Anyone may ask, so Postgres is asked at most once a second. */
export const makeHealth = ({ connection, readModel, durability }: HealthDeps): (() => Promise<Health>) => {
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
    return { status: statusOf(nats, postgres), durability, dependencies: { nats, postgres } };
  };
};
