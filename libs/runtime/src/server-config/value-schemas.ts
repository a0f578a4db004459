import { Type } from 'typebox';
import { EXECUTOR_POOLS_MAX, POOL_PATTERN } from '@millrace/contracts';
import { AppError } from '@millrace/kernel';

export const Port = Type.Integer({ minimum: 0, maximum: 65_535 });
export const Text = Type.String({ minLength: 1 });
export const Names = Type.Array(Text);
/** `host`, `nats://user:password@host:port`; several separated by commas. */
export const NatsUrl = Type.String({
  pattern: '^(?!\\w+://)[^\\s]+$|^(nats|tls)://[^\\s]+$',
  description: 'a nats:// address',
});
export const PostgresUrl = Type.String({ pattern: '^postgres(ql)?://[^\\s]+$', description: 'a postgres:// address' });
export const HttpUrl = Type.String({
  pattern: '^https?://[^\\s/]+[^\\s]*$',
  description: 'an http:// or https:// address',
});
/** `NAME` for every script, `NAME@backup/*` for those of matching workflows. */
export const EnvironmentGrants = Type.Array(
  Type.String({ pattern: '^[A-Za-z_][A-Za-z0-9_]*(@[A-Za-z0-9_*/-]{1,200})?$' }),
);
export const Pools = Type.Array(Type.String({ pattern: POOL_PATTERN }), { minItems: 1, maxItems: EXECUTOR_POOLS_MAX });
export const Positive = Type.Integer({ minimum: 1 });

const BYTE_UNITS: Readonly<Record<string, number>> = { '': 1, kib: 2 ** 10, mib: 2 ** 20, gib: 2 ** 30, tib: 2 ** 40 };

/** Reads `512MiB`, `10GiB`, or a bare number of bytes. */
export const parseBytes = (text: string): number => {
  const match = /^(\d+(?:\.\d+)?)\s*([a-z]*)$/i.exec(text.trim());
  const factor = BYTE_UNITS[(match?.[2] ?? '?').toLowerCase()];
  if (match === null || factor === undefined)
    throw new AppError('invalid', 'bytes.invalid', `"${text}" is not a size: write 512MiB or 10GiB`);
  return Math.round(Number(match[1]) * factor);
};
