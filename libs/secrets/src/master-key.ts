import { createHash, createSecretKey, hkdfSync, type KeyObject } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { AppError } from '@millrace/kernel';
import { type Environment } from '@millrace/runtime';

const KEY_BYTES = 32;
const KEY_ID_LENGTH = 8;
/** Rights of others than the owner. */
const OTHERS = 0o077;

/** A master key that was read. */
export interface MasterKey {
  /** First 8 hex digits of its SHA-256; says nothing about it. */
  readonly id: string;
  readonly seal: KeyObject;
  /** Of a key derived for this: a fingerprint cannot be tried out without the master key. */
  readonly fingerprint: KeyObject;
}

/** Keys by which secrets are sealed and opened. */
export interface KeyRing {
  /** Seals what is new; `undefined` when this process was given no key. */
  readonly current: MasterKey | undefined;
  /** The current one and those before it. */
  readonly byId: ReadonlyMap<string, MasterKey>;
}

const invalid = (source: string, problem: string): AppError =>
  new AppError('invalid', 'secret.master_key', `${source} ${problem}`);

const keyOf = (text: string, source: string): MasterKey => {
  const bytes = Buffer.from(text, 'base64');
  if (bytes.length !== KEY_BYTES || bytes.toString('base64').replace(/=+$/, '') !== text.replace(/=+$/, '')) {
    throw invalid(
      source,
      `is no master key: it must hold the base64 text of ${KEY_BYTES} bytes (openssl rand -base64 32)`,
    );
  }
  const derived = hkdfSync('sha256', bytes, '', 'millrace secret fingerprint', KEY_BYTES);
  return {
    id: createHash('sha256').update(bytes).digest('hex').slice(0, KEY_ID_LENGTH),
    seal: createSecretKey(bytes),
    fingerprint: createSecretKey(Buffer.from(derived)),
  };
};

/**
 * Reads keys from a text: base64, one in a line. The first seals, all of them open.
 *
 * @param source Where the text is from, for errors.
 * @throws AppError `invalid` `secret.master_key`; the text is not in it.
 */
export const parseKeyRing = (text: string, source: string): KeyRing => {
  const keys = text
    .split(/\s+/)
    .filter((line) => line !== '')
    .map((line) => keyOf(line, source));
  return { current: keys[0], byId: new Map(keys.map((key) => [key.id, key])) };
};

/** @throws AppError `invalid` `secret.master_key` when there is no such file, or it holds no key. */
export const readKeyFile = (path: string): KeyRing => {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    throw new AppError('invalid', 'secret.master_key', `the master key file ${path} cannot be read`, { cause });
  }
  if (text.trim() === '') throw invalid(`the master key file ${path}`, 'is empty');
  return parseKeyRing(text, path);
};

/**
 * The keys of this process: those of `MILLRACE_MASTER_KEY`, else of the file that `MILLRACE_MASTER_KEY_FILE` names, else none.
 *
 * @throws AppError `invalid` `secret.master_key` that names the variable or the file.
 */
export const loadKeyRing = (env: Environment): KeyRing => {
  const text = env['MILLRACE_MASTER_KEY'] ?? '';
  if (text !== '') return parseKeyRing(text, 'MILLRACE_MASTER_KEY');
  const file = env['MILLRACE_MASTER_KEY_FILE'] ?? '';
  return file === '' ? parseKeyRing('', 'nothing') : readKeyFile(file);
};

/** Whether others than its owner have any right on a file. @throws what the file system throws */
export const isOpenToOthers = (path: string): boolean => (statSync(path).mode & OTHERS) !== 0;
