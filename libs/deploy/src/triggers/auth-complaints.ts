import { type Trigger } from '@millrace/contracts';
import { type Complaint } from '../schema-complaints.ts';
import { type WrittenTrigger } from './trigger-definition.ts';

const KEYED = ['workflow_key', 'path_key'];

/** Proofs that are asked for and cannot be given, or were declared and are never looked at. */
export const authComplaints = (written: WrittenTrigger, { auth, keys, signature }: Trigger): readonly Complaint[] => {
  const complaints: Complaint[] = [];
  const complain = (key: string, reason: string): void => void complaints.push({ keys: [key], reason });
  if (auth === 'public' && written.auth === undefined) {
    complain('dialect', 'anybody could call this trigger: say "auth: public" if that is meant');
  }
  if (auth === 'signature' && signature === undefined) {
    complain('auth', 'auth is signature, and there is no signature: { preset, secret }');
  }
  if (auth === 'path_key' && keys === undefined) {
    complain('auth', 'the address needs a key: add key or key_secret');
  }
  if (keys !== undefined && !KEYED.includes(auth)) {
    complain(
      written.key === undefined ? 'key_secret' : 'key',
      `auth is ${auth}: the key would never be looked at; remove it or say auth: workflow_key`,
    );
  }
  return complaints;
};
