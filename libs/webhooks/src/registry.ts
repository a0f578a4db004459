import * as all from './all-presets.ts';
import { type Preset } from './preset.ts';
import { type RuleMembers } from './rule.ts';

type AnyPreset = (typeof all)[keyof typeof all];

export type PresetName = AnyPreset['name'];

/** `github.push`, `stripe.charge`, … */
export type SampleName = {
  [Each in AnyPreset as Each['name']]: `${Each['name']}.${keyof Each['samples'] & string}`;
}[PresetName];

/** Which signature is demanded. */
export interface SignatureRule extends RuleMembers {
  readonly preset: PresetName;
}

const PRESETS: ReadonlyMap<string, Preset> = new Map(Object.values(all).map((preset) => [preset.name, preset]));

/** All presets, sorted. */
export const presetNames: readonly PresetName[] = Object.values(all)
  .map(({ name }) => name)
  .sort();

/** Nothing for a name that is none. */
export const findPreset = (name: string): Preset | undefined => PRESETS.get(name);

/** Whether this is the name of a preset. */
export const isPresetName = (name: unknown): name is PresetName => typeof name === 'string' && PRESETS.has(name);

/** A preset is enough of a rule where it has defaults for everything. */
export const asRule = (rule: PresetName | SignatureRule): SignatureRule =>
  typeof rule === 'string' ? { preset: rule } : rule;
