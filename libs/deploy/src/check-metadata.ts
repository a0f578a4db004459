import { checkEnvironment } from '@millrace/domain';
import { isReservedSecretName } from '@millrace/contracts';
import { HOUR, type Milliseconds, messageOf, parseDuration } from '@millrace/kernel';
import { type TObject } from 'typebox';
import { admissionComplaints, concurrencyComplaints } from './admission-rules.ts';
import { backoffComplaints } from './retry-backoff.ts';
import { inputSchemaComplaints } from './input-schema.ts';
import { type Complaint, schemaComplaints } from './schema-complaints.ts';
import { scheduleComplaints } from './triggers/schedule-complaints.ts';
import { readTriggers } from './triggers/read-triggers.ts';

export const TIMEOUT_MAX: Milliseconds = 7 * 24 * HOUR;

const timeoutComplaints = (timeout: unknown): readonly Complaint[] => {
  if (timeout === undefined) return [];
  const keys = ['timeout'];
  if (typeof timeout !== 'string' && typeof timeout !== 'number') {
    return [{ keys, reason: 'timeout must be a duration such as 30s, 15m or 2h' }];
  }
  try {
    const milliseconds = parseDuration(timeout);
    if (milliseconds >= 1 && milliseconds <= TIMEOUT_MAX) return [];
    return [{ keys, reason: `timeout must be between 1ms and 7d, not ${timeout}` }];
  } catch (error) {
    return [{ keys, reason: `timeout: ${messageOf(error)}` }];
  }
};

const environmentComplaint = (name: string): string | undefined => {
  try {
    checkEnvironment({ [name]: '' });
    return undefined;
  } catch (error) {
    return messageOf(error);
  }
};

/** A name that no caller may set is refused here, not at the first request. */
const environmentComplaints = (names: readonly string[]): readonly Complaint[] =>
  names.flatMap((name, index) => {
    const reason = environmentComplaint(name) ?? (names.indexOf(name) < index ? `${name} is there twice` : undefined);
    return reason === undefined ? [] : [{ keys: ['env', String(index)], reason: `env: ${reason}` }];
  });

const secretComplaint = (name: string, env: readonly string[]): string | undefined => {
  if (isReservedSecretName(name)) return `${name} has a meaning of its own for programs: no secret can be called so`;
  return env.includes(name) ? `${name} is in env too: no caller sets a secret` : undefined;
};

const secretComplaints = (names: readonly string[], env: readonly string[]): readonly Complaint[] =>
  names.flatMap((name, index) => {
    const reason = secretComplaint(name, env) ?? (names.indexOf(name) < index ? `${name} is there twice` : undefined);
    return reason === undefined ? [] : [{ keys: ['secrets', String(index)], reason: `secrets: ${reason}` }];
  });

const textsOf = (value: unknown): readonly string[] =>
  Array.isArray(value) && value.every((item) => typeof item === 'string') ? value : [];

/** Everything that is wrong with the metadata of a workflow; nothing when it may be deployed. */
export const metadataComplaints = (
  schema: TObject,
  value: Readonly<Record<string, unknown>>,
  workflow = '',
): readonly Complaint[] => {
  const complaints = [
    ...schemaComplaints(schema, value, 'the metadata'),
    ...concurrencyComplaints(value['concurrency']),
  ];
  const { input, env, secrets, timeout, triggers, retries } = value;
  const further = [
    ...timeoutComplaints(timeout),
    ...environmentComplaints(textsOf(env)),
    ...secretComplaints(textsOf(secrets), textsOf(env)),
    ...admissionComplaints(value),
    ...backoffComplaints(retries),
    ...(input === undefined ? [] : inputSchemaComplaints(input)),
    ...(Array.isArray(triggers) ? readTriggers(triggers, workflow).complaints : []),
  ];
  if (Array.isArray(triggers) && complaints.length + further.length === 0) return scheduleComplaints(value, triggers);
  // Of one value the schema's word is enough; a second one would only say it in another way.
  const named = new Set(complaints.map(({ keys }) => keys[0]));
  return [...complaints, ...further.filter(({ keys }) => !named.has(keys[0]))];
};
