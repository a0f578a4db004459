import { AppError, suggest } from '@millrace/kernel';
import { type Sample } from './preset.ts';
import { findPreset, type PresetName, presetNames, type SampleName } from './registry.ts';

/** An example of what a sender sends, without its signature: `signRequest` makes that. */
export interface SampleDelivery {
  readonly preset: PresetName;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

const ALL: ReadonlyMap<string, { readonly preset: PresetName; readonly sample: Sample }> = new Map(
  presetNames.flatMap((preset) =>
    Object.entries(findPreset(preset)?.samples ?? {}).map(([name, sample]) => [
      `${preset}.${name}`,
      { preset, sample },
    ]),
  ),
);

/** All examples, as `<preset>.<name>`. */
export const sampleNames: readonly string[] = [...ALL.keys()];

/**
 * A small, made-up delivery: `github.push`, `stripe.charge`, `slack.event`, …
 *
 * @param clientState What Microsoft Graph writes into the body instead of signing: the secret.
 * @throws AppError `not_found` for another name.
 */
export const sampleDelivery = (name: SampleName | (string & {}), clientState = 'client-state'): SampleDelivery => {
  const found = ALL.get(name);
  if (found === undefined) {
    const meant = suggest(name, sampleNames);
    const hint = meant === undefined ? `known are ${sampleNames.join(', ')}` : `did you mean ${meant}?`;
    throw new AppError('not_found', 'webhooks.unknown_sample', `there is no example ${name}; ${hint}`);
  }
  const text = found.sample.body.replace(
    '"clientState":"client-state"',
    () => `"clientState":${JSON.stringify(clientState)}`,
  );
  return { preset: found.preset, headers: found.sample.headers, body: new TextEncoder().encode(text) };
};
