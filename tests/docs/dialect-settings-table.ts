import { type DialectModule } from '@millrace/dialects';
import { type TSchema } from 'typebox';

interface Described {
  readonly default?: unknown;
  readonly description?: string;
  readonly variable?: string;
}

const cell = (text: string): string => text.replaceAll('|', '\\|');

const row = ([key, schema]: readonly [string, TSchema]): string => {
  const { default: written, description = '', variable } = schema as Described;
  const says = variable === undefined ? description : `${description}; \`${variable}\``;
  const byDefault = written === undefined ? '' : `\`${JSON.stringify(written)}\``;
  return `| \`${key}\` | ${cell(byDefault)} | ${cell(says)} |`;
};

/** The tables of `docs/configuration.md` about dialects, in Markdown: one for each that can be configured. */
export const dialectSettingsTable = (dialects: readonly DialectModule[]): string =>
  dialects
    .filter(({ settings }) => Object.keys(settings.properties).length > 0)
    .map(({ name, settings }) =>
      [
        `### [dialects.${name}]`,
        '',
        '| key | default | what it is |',
        '| --- | --- | --- |',
        ...Object.entries(settings.properties).map(row),
      ].join('\n'),
    )
    .join('\n\n');
