import { AppError, suggest } from '@millrace/kernel';
import { type Preset } from './preset.ts';
import { findPreset, presetNames, type SignatureRule } from './registry.ts';
import { MEMBER_SHAPES, type RuleMember } from './rule.ts';
import { openBoundaries } from './template-boundaries.ts';

const didYouMean = (typed: string, known: readonly string[]): string => {
  const meant = suggest(typed, known);
  return meant === undefined ? `; known are ${known.join(', ') || 'none'}` : `; did you mean ${meant}?`;
};

const isMember = (preset: Preset, name: string): name is RuleMember => preset.members.some((member) => member === name);

const memberComplaints = (preset: Preset, rule: Readonly<Record<string, unknown>>): readonly string[] =>
  Object.entries(rule)
    .filter(([name, value]) => name !== 'preset' && value !== undefined)
    .flatMap(([name, value]) => {
      if (!isMember(preset, name)) {
        return [`the preset ${preset.name} has no member ${name}${didYouMean(name, preset.members)}`];
      }
      const { is, words } = MEMBER_SHAPES[name];
      return is(value) ? [] : [`${name} has to be ${words}`];
    });

/** What is written about time and id would protect nothing unless it is signed, and signed so that it can be told apart. */
const templateComplaints = (rule: Readonly<Record<string, unknown>>): readonly string[] => {
  const { template, timestampHeader, deliveryHeader } = rule;
  if (typeof template !== 'string') return [];
  const needs = (placeholder: string, member: string, value: unknown) =>
    template.includes(placeholder) && value === undefined ? [`${placeholder} in template needs ${member}`] : [];
  const unsignedTime =
    timestampHeader !== undefined && !template.includes('{timestamp}')
      ? ['timestampHeader protects nothing unless template has {timestamp} in it']
      : [];
  const ambiguous = openBoundaries(template).map(
    ([first, second]) =>
      `template: nothing between ${first} and ${second} says where one ends, so that different deliveries have the same signature; ` +
      `put a text between them that the sender signs too, such as ${first}.${second}`,
  );
  return [
    ...ambiguous,
    ...needs('{timestamp}', 'timestampHeader', timestampHeader),
    ...needs('{id}', 'deliveryHeader', deliveryHeader),
    ...unsignedTime,
  ];
};

const secretComplaints = (preset: Preset, secretNames: readonly string[]): readonly string[] =>
  secretNames.some((name) => name.trim() !== '')
    ? []
    : [`the preset ${preset.name} needs a secret: without one anybody could sign`];

/**
 * What is wrong with a rule as it was written, in words for its author; empty when it is good.
 *
 * @param secretNames Names of the secrets that go with it; a preset without a secret is refused.
 */
export const ruleComplaints = (rule: object, secretNames: readonly string[]): readonly string[] => {
  const members: Readonly<Record<string, unknown>> = { ...rule };
  const name = typeof members['preset'] === 'string' ? members['preset'] : '';
  const preset = findPreset(name);
  if (preset === undefined) return [`there is no preset "${name}"${didYouMean(name, presetNames)}`];
  const missing = (preset.required ?? [])
    .filter((member) => members[member] === undefined)
    .map((member) => `the preset ${preset.name} needs ${member}: ${MEMBER_SHAPES[member].words}`);
  return [
    ...secretComplaints(preset, secretNames),
    ...missing,
    ...memberComplaints(preset, members),
    ...templateComplaints(members),
  ];
};

/**
 * A rule as it was written, checked.
 *
 * @throws AppError `invalid` with every complaint.
 */
export const parseRule = (rule: object, secretNames: readonly string[]): SignatureRule => {
  const complaints = ruleComplaints(rule, secretNames);
  if (complaints.length > 0) throw new AppError('invalid', 'webhooks.rule_invalid', complaints.join('; '));
  return rule as SignatureRule;
};
