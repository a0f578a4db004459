import { SECRET_NAME_PATTERN, type TriggerSignature } from '@millrace/contracts';
import { ruleComplaints } from '@millrace/webhooks';
import { type Complaint } from '../schema-complaints.ts';

const SECRET_NAME = new RegExp(SECRET_NAME_PATTERN);

/** Members of a rule may be written as everything else in a file of metadata: `tolerance_seconds`. */
const camelCase = (name: string): string =>
  name.replaceAll(/_([a-z])/g, (_match, letter: string) => letter.toUpperCase());

const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? (value as unknown[]) : [value]);

export interface SignatureReading {
  readonly signature: TriggerSignature;
  readonly complaints: readonly Complaint[];
}

/** A signature as it was declared: `{ preset, secret | secrets, repeats?, …rule }`. */
export const readSignature = (written: Readonly<Record<string, unknown>>): SignatureReading => {
  const { preset, secret, secrets, repeats, ...members } = written;
  const named = [...(secret === undefined ? [] : [secret]), ...(secrets === undefined ? [] : listOf(secrets))];
  const names = named.filter((name) => typeof name === 'string');
  const rule = Object.fromEntries(Object.entries(members).map(([name, value]) => [camelCase(name), value]));
  const misnamed = named.some((name) => typeof name !== 'string' || !SECRET_NAME.test(name));
  const complaints: Complaint[] = ruleComplaints({ ...rule, preset }, names).map((reason) => ({ keys: [], reason }));
  if (misnamed) {
    // A value that was written where a name belongs must not be repeated.
    complaints.push({
      keys: ['secret'],
      reason: 'signature: a secret is named, such as GITHUB_SECRET; its value is set by millrace secret set',
    });
  }
  if (repeats !== undefined && repeats !== 'first_run' && repeats !== 'allow') {
    complaints.push({ keys: ['repeats'], reason: 'signature.repeats must be one of first_run, allow' });
  }
  const signature: TriggerSignature = {
    preset: typeof preset === 'string' ? preset : '',
    secrets: names,
    rule,
    ...((repeats === 'allow' || repeats === 'first_run') && { repeats }),
  };
  return { signature, complaints };
};
