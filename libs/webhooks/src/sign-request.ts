import { AppError } from '@millrace/kernel';
import { type SignInput } from './preset.ts';
import { asRule, findPreset, type PresetName, type SignatureRule } from './registry.ts';

/**
 * The headers by which `verifySignature` believes this request; names in lower case. For tests, `trigger send --sign` and
 * what Millrace itself sends.
 *
 * @throws AppError `invalid` when the secret cannot sign: empty, or only a public key.
 */
export const signRequest = (
  rule: PresetName | SignatureRule,
  input: Omit<SignInput, 'rule'>,
): Readonly<Record<string, string>> => {
  const named = asRule(rule);
  const preset = findPreset(named.preset);
  if (preset === undefined) throw new AppError('invalid', 'webhooks.unknown_preset', `no preset ${named.preset}`);
  if (input.secret.trim() === '') throw new AppError('invalid', 'webhooks.cannot_sign', 'the secret is empty');
  return preset.sign({ ...input, rule: named });
};
