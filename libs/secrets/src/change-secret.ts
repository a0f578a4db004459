import {
  isReservedSecretName,
  type SealedValue,
  SECRET_NAME_PATTERN,
  SECRET_VALUE_BYTES_MAX,
  SECRET_VALUES_MAX,
  type SecretRecord,
} from '@millrace/contracts';
import { AppError } from '@millrace/kernel';
import { type KeyRing, type MasterKey } from './master-key.ts';
import { openValue, type SecretPlace, sealValue } from './sealing.ts';

const NAME = new RegExp(SECRET_NAME_PATTERN);

/** @throws AppError `invalid` `secret.name`, `secret.reserved_name` */
export const checkSecretName = (name: string): void => {
  if (!NAME.test(name)) {
    const rule = 'capital letters, digits and "_", a letter first, 64 characters at most';
    throw new AppError('invalid', 'secret.name', `"${name.slice(0, 80)}" is no name of a secret: ${rule}`);
  }
  if (isReservedSecretName(name)) {
    throw new AppError(
      'invalid',
      'secret.reserved_name',
      `${name} has a meaning of its own for programs: choose another`,
    );
  }
};

/** @throws AppError `invalid` `secret.value` that does not show it */
const checkValue = (value: string): void => {
  const bytes = Buffer.byteLength(value);
  const problem =
    value === ''
      ? 'is empty'
      : bytes > SECRET_VALUE_BYTES_MAX
        ? `has ${bytes} bytes; at most ${SECRET_VALUE_BYTES_MAX} are kept`
        : value.includes('\0') || !value.isWellFormed()
          ? 'is no text: it has a NUL or half a character; encode it, for instance in base64'
          : undefined;
  if (problem !== undefined) throw new AppError('invalid', 'secret.value', `the value ${problem}`);
};

/** What shall become of a secret. */
export interface SecretChange {
  /** A value that becomes the newest. */
  readonly value?: string | undefined;
  /** Those before stay valid beside it. */
  readonly add?: boolean | undefined;
  /** Only the newest stays. */
  readonly retire?: boolean | undefined;
  /** Patterns of workflows that may read it; empty: all; absent: as before. */
  readonly workflows?: readonly string[] | undefined;
}

export interface ChangeContext {
  readonly place: SecretPlace;
  readonly ring: KeyRing;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** @throws AppError `refused` `secret.no_master_key` */
const currentKey = ({ current }: KeyRing): MasterKey => {
  if (current !== undefined) return current;
  const message = 'this server has no master key: set MILLRACE_MASTER_KEY_FILE or MILLRACE_MASTER_KEY';
  throw new AppError('refused', 'secret.no_master_key', message);
};

const checkChange = ({ value, add, retire, workflows }: SecretChange): void => {
  if (value !== undefined) checkValue(value);
  const isNothing = value === undefined && retire !== true && workflows === undefined;
  if (!isNothing && !(add === true && value === undefined) && !(retire === true && value !== undefined)) return;
  throw new AppError('invalid', 'secret.change', 'give a value, with or without "add"; or "retire"; or "workflows"');
};

const valuesAfter = (
  before: readonly SealedValue[],
  { value, add, retire }: SecretChange,
  { place, ring, now }: ChangeContext,
): readonly SealedValue[] => {
  if (value === undefined) return retire === true ? before.slice(0, 1) : before;
  const sealed = sealValue(currentKey(ring), place, value, new Date(now).toISOString());
  if (add !== true) return [sealed];
  if (before.length >= SECRET_VALUES_MAX) {
    const message = `${place.name} has ${before.length} values already: retire the old ones first`;
    throw new AppError('refused', 'secret.too_many_values', message);
  }
  return [sealed, ...before];
};

/**
 * A record after a change.
 *
 * @throws AppError `invalid` `secret.name`, `secret.reserved_name`, `secret.value`, `secret.change`; `not_found` `secret.not_found`
 *   without a value for a secret that is not there; `refused` `secret.no_master_key`, `secret.too_many_values`
 */
export const changeSecret = (
  current: SecretRecord | undefined,
  change: SecretChange,
  context: ChangeContext,
): SecretRecord => {
  const { place, now } = context;
  checkSecretName(place.name);
  checkChange(change);
  if (current === undefined && change.value === undefined) {
    throw new AppError('not_found', 'secret.not_found', `there is no secret ${place.name}`);
  }
  const updatedAt = new Date(now).toISOString();
  const before: Pick<SecretRecord, 'values' | 'workflows' | 'createdAt'> = current ?? {
    values: [],
    createdAt: updatedAt,
  };
  const workflows = change.workflows ?? before.workflows ?? [];
  return {
    ...place,
    values: [...valuesAfter(before.values, change, context)],
    ...(workflows.length === 0 ? {} : { workflows: [...workflows] }),
    createdAt: before.createdAt,
    updatedAt,
  };
};

export interface Resealed {
  readonly record: SecretRecord;
  /** Values that are sealed under the new key now and were not before. */
  readonly resealed: number;
  /** Values that no key opens; they stay as they are. */
  readonly unopened: number;
}

/** The value sealed under `key`; the same when it is already, `undefined` when the ring does not open it. */
export const resealValue = (
  sealed: SealedValue,
  place: SecretPlace,
  { ring, key }: { readonly ring: KeyRing; readonly key: MasterKey },
): SealedValue | undefined => {
  if (sealed.keyId === key.id) return sealed;
  const opened = openValue(ring, place, sealed);
  return opened.outcome === 'opened' ? sealValue(key, place, opened.value, sealed.createdAt) : undefined;
};

/** A record whose values are sealed under `key`, as far as the ring opens them. Times of values stay. */
export const resealSecret = (record: SecretRecord, ring: KeyRing, key: MasterKey): Resealed => {
  let resealed = 0;
  let unopened = 0;
  const values = record.values.map((sealed) => {
    const again = resealValue(sealed, record, { ring, key });
    if (again === undefined) unopened += 1;
    else if (again !== sealed) resealed += 1;
    return again ?? sealed;
  });
  return { record: { ...record, values }, resealed, unopened };
};
