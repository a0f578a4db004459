import { type Health, type MillraceClient } from '@millrace/client';
import { messageOf } from '@millrace/kernel';
import { fail, type Finding, ok, warn } from './finding.ts';

const durabilityFinding = ({ durability }: Health): Finding => {
  if (durability === 'strict') return ok('durability', 'strict: acknowledged means on disk');
  const detail =
    durability === undefined
      ? 'the server does not say'
      : `${durability}: a power cut may lose what was acknowledged last`;
  return warn('durability', detail, 'set durability = "strict" in millrace.toml');
};

const healthFinding = (health: Health): Finding => {
  const away = Object.entries(health.dependencies ?? {}).filter(([, { ok: isOk }]) => !isOk);
  const detail = away.map(([name, { detail: why = 'away' }]) => `${name}: ${why}`).join(', ');
  if (health.status === 'ok') return ok('gateway', 'accepts requests');
  if (health.status === 'degraded') return warn('gateway', `accepts requests; ${detail}`, 'start what is away');
  return fail('gateway', `cannot accept requests; ${detail}`, 'start what is away');
};

/** What the server says of itself over HTTP. */
export const checkGateway = async (client: MillraceClient, url: string): Promise<readonly Finding[]> => {
  try {
    const health = await client.health();
    return [healthFinding(health), durabilityFinding(health)];
  } catch (error) {
    return [fail('gateway', `${url}: ${messageOf(error)}`, 'start it: millrace serve')];
  }
};
